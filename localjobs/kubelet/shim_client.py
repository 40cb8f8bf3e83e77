"""The Runtime on real processes: the shim's client, for the daemon's asyncio loop.

    client = ShimClient(directory)
    client.listen(listener)
    await client.connect()            # starts the shim if none runs; reports all it knows
    group.create_task(client.run())   # starts another shim whenever it dies
    ...
    await client.close()              # the containers run on; or: await client.shutdown()

Requests of one turn of the loop go out in one write, and what came in with one read is reported in
one batch. When a shim died and another took its place, all that is not forgotten is reported again.
A report on a container that the listener does not know means that a `forget` did not get through:
it is to be forgotten again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from loguru import logger

from localjobs.errors import RuntimeUnavailable
from localjobs.kubelet.runtime import Executed, Listener, RuntimeEvent, Start
from localjobs.kubelet.shim_connection import (
    Message,
    ShimConnection,
    ShimTerms,
    dial,
    is_listening,
    last_words,
    launch,
    process_end,
)

DEFAULT_TERMS = ShimTerms()

START_SECONDS = 20.0
"""How long a shim may take to say hello; it first kills what a dead one left."""

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 30.0

_GONE = "the container's owner is gone"

ATTEMPTS = 3
"""A shim may be leaving just when it is connected to: then another is started."""


class ShimClient:
    """Starts containers through the shim of one directory, which is made with mode 0700."""

    def __init__(self, directory: Path, terms: ShimTerms = DEFAULT_TERMS) -> None:
        self.directory = directory
        self._terms = terms
        self._listener: Listener | None = None
        self._connection: ShimConnection | None = None
        self._outgoing: list[Message] = []
        self._unanswered: dict[str, list[Message]] = {}
        self._executing: dict[str, str] = {}
        self._flush_due = False
        self._closing = asyncio.Event()
        self._connecting = asyncio.Lock()
        self._children: list[int] = []

    @property
    def supports_mounts(self) -> bool:
        """Whether `Start.mounts` can be honoured on this machine; known once connected."""
        return self._connection is not None and self._connection.supports_mounts

    @property
    def boot_id(self) -> str:
        """Another one once a new shim took the place of a dead one; empty while there is none."""
        return self._connection.boot_id if self._connection is not None else ""

    @property
    def shim_pid(self) -> int:
        """The shim's process id; 0 while there is none."""
        return self._connection.shim_pid if self._connection is not None else 0

    # -- the Runtime protocol

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    def start(self, start: Start) -> None:
        message: Message = [
            "start",
            start.container_id,
            start.command,
            start.environment,
            start.working_directory,
            start.log_path,
            [(mount.source, mount.target, mount.read_only) for mount in start.mounts],
            start.user,
            start.group,
            start.memory_limit,
        ]
        self._unanswered.setdefault(start.container_id, [])
        self._ask(message)

    def signal(self, container_id: str, signal: int) -> None:
        self._ask(["signal", container_id, int(signal)])

    def kill(self, container_id: str) -> None:
        self._ask(["kill", container_id])

    def forget(self, container_id: str) -> None:
        self._unanswered.pop(container_id, None)
        self._ask(["forget", container_id])

    def execute(self, container_id: str, name: str, command: Sequence[str]) -> None:
        self._executing[name] = container_id
        self._ask(["execute", container_id, name, list(command)])

    def abort(self, container_id: str, name: str) -> None:
        self._ask(["abort", container_id, name])

    # -- its life

    def launch_ahead(self) -> None:
        """Start a shim, if none runs, without waiting for it: whoever calls has more to do.

        Raises `RuntimeUnavailable`.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            if not is_listening(self.directory):
                self._children.append(launch(self.directory, self._terms))
        except OSError as error:
            raise RuntimeUnavailable(f"the shim does not start: {error}") from error

    async def connect(self) -> None:
        """Connect to the shim, starting one if need be, and report all that it knows.

        Raises `RuntimeUnavailable`, saying why, if there is none to be had.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        await self._connect()

    async def _connect(self) -> None:
        async with self._connecting:
            try:
                async with asyncio.timeout(START_SECONDS):
                    self._connection = await self._open()
            except TimeoutError:
                text = f"the shim of {self.directory} does not answer"
                raise RuntimeUnavailable(text) from None
            except OSError as error:
                raise RuntimeUnavailable(f"the shim does not start: {error}") from error
            self._take_up()

    def _take_up(self) -> None:
        self._reap_children()
        # A new shim has not heard of what the dead one never answered.
        repeated = [message for asked in self._unanswered.values() for message in asked]
        unsent = [message for message in self._outgoing if message[1] not in self._unanswered]
        self._outgoing = repeated + unsent
        self._flush()

    async def run(self) -> None:
        """Keep connected, until `close`. Raises `RuntimeUnavailable` if another took the shim."""
        while self._connection is not None:
            await self._connection.lost
            if self._closing.is_set():
                return
            if self._connection.replaced:
                raise RuntimeUnavailable(f"another daemon took over the shim of {self.directory}")
            self._connection = None
            pending = list(self._executing.items())
            self._report([Executed(host, name, None, _GONE) for name, host in pending])
            await self._reconnect()

    async def _reconnect(self) -> None:
        """Connect to the next shim, however long it takes to get one."""
        delay = FIRST_RETRY_SECONDS
        while not self._closing.is_set():
            try:
                await self._connect()  # a directory that was taken away is not made anew
            except RuntimeUnavailable as error:
                logger.error("Pods cannot run: {}; trying again", error)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), delay)
                delay = min(delay * 2, LONGEST_RETRY_SECONDS)
            else:
                return

    async def close(self) -> None:
        """Disconnect; the containers run on, and their ends are kept for the next client."""
        self._closing.set()
        async with self._connecting:
            if self._connection is not None:
                self._flush()
                self._connection.close()
                await self._connection.lost

    async def shutdown(self) -> None:
        """Kill what still runs and end the shim; returns once it is gone."""
        self._closing.set()
        async with self._connecting:
            if self._connection is not None and not self._connection.lost.done():
                gone = process_end(self._connection.shim_pid)
                self._flush()
                self._connection.send([["shutdown"]])
                await self._connection.lost
                await gone
        self._reap_children()

    async def _open(self) -> ShimConnection:
        loop = asyncio.get_running_loop()
        for _ in range(ATTEMPTS):
            sock = await dial(self.directory)
            if sock is None:
                self._children.append(launch(self.directory, self._terms))
                sock = await dial(self.directory)
                if sock is None:
                    continue
            _, connection = await loop.create_unix_connection(
                lambda: ShimConnection(self._report), sock=sock
            )
            try:
                await connection.replayed
            except ConnectionResetError:
                continue
            except BaseException:
                connection.close()
                raise
            return connection
        raise RuntimeUnavailable(f"the shim does not start: {last_words(self.directory)}")

    # -- what goes out, what comes in

    def _ask(self, message: Message) -> None:
        # Kept until the start is answered: should the shim die first, it is for the next one.
        asked = self._unanswered.get(message[1])
        if asked is not None:
            asked.append(message)
        self._outgoing.append(message)
        if self._connection is not None and not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_due = False
        if self._outgoing and self._connection is not None:
            messages, self._outgoing = self._outgoing, []
            self._connection.send(messages)

    def _report(self, events: Sequence[RuntimeEvent]) -> None:
        for event in events:
            if isinstance(event, Executed):
                self._executing.pop(event.name, None)
            else:
                self._unanswered.pop(event.container_id, None)
        if self._listener is not None:
            self._listener(events)

    def _reap_children(self) -> None:
        """Wait for the shims that this process started and that have ended."""
        self._children = [pid for pid in self._children if not _ended(pid)]


def _ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True
