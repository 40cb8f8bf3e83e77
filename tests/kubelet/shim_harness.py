"""A shim of its own for a test, and waiting for what it reports without sleeping."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from localjobs.kubelet.runtime import ContainerEvent, Executed, Exited, RuntimeEvent, Start, Started
from localjobs.kubelet.shim_client import ShimClient
from localjobs.kubelet.shim_connection import ShimTerms

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE = 30.0

T = TypeVar("T")


class ShimHarness:
    """A client with its shim in `directory`, and what it reported."""

    def __init__(self, directory: Path, grace_seconds: float = 5.0) -> None:
        self.directory = directory
        self.grace_seconds = grace_seconds
        self.events: list[RuntimeEvent] = []
        self.batches: list[Sequence[RuntimeEvent]] = []
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._clients: list[ShimClient] = []
        self.runtime = self._new_client()

    def _new_client(self) -> ShimClient:
        client = ShimClient(self.directory / "shim", ShimTerms(self.grace_seconds))
        client.listen(self._heard)
        self._clients.append(client)
        return client

    def _heard(self, batch: Sequence[RuntimeEvent]) -> None:
        self.batches.append(batch)
        self.events.extend(batch)
        self._news.set()

    async def connect(self) -> None:
        await self.runtime.connect()
        loop = asyncio.get_running_loop()
        self._tasks.append(loop.create_task(self.runtime.run()))

    async def aclose(self) -> None:
        await self.runtime.shutdown()
        for client in self._clients:
            await client.close()
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*self._tasks)

    async def until(self, found: Callable[[], T | None]) -> T:
        """Wait for reports until `found` finds something in them."""
        async with asyncio.timeout(PATIENCE):
            while (result := found()) is None:
                self._news.clear()
                await self._news.wait()
        return result

    async def ended(self, container_id: str) -> ContainerEvent:
        return await self.until(
            lambda: next(
                (
                    event
                    for event in self.events
                    if not isinstance(event, Started | Executed)
                    and event.container_id == container_id
                ),
                None,
            )
        )

    async def exited(self, container_id: str) -> Exited:
        end = await self.ended(container_id)
        assert isinstance(end, Exited), end
        return end

    async def started(self, container_id: str) -> Started:
        return await self.until(
            lambda: next(
                (
                    event
                    for event in self.events
                    if isinstance(event, Started) and event.container_id == container_id
                ),
                None,
            )
        )

    async def execute(self, name: str, container_id: str, *command: str) -> Executed:
        """Run a command in a container to its end."""
        self.runtime.execute(container_id, name, command)
        return await self.executed(name)

    async def executed(self, name: str) -> Executed:
        return await self.until(
            lambda: next(
                (e for e in self.events if isinstance(e, Executed) and e.name == name), None
            )
        )

    async def logged(self, container_id: str, text: bytes) -> None:
        await poll(lambda: text in self.log(container_id))

    async def settle(self) -> None:
        # All that was sent before this is done once it is answered.
        name = f"settle-{len(self.batches)}-{len(self.events)}"
        self.runtime.start(self.new_start(name, ("/bin/true",)))
        await self.ended(name)
        self.runtime.forget(name)
        self.events[:] = [event for event in self.events if event.container_id != name]

    async def restart_daemon(self) -> None:
        await self.abandon_daemon()
        await self.connect()

    async def abandon_daemon(self) -> None:
        """The daemon is gone: its socket closes, nobody says goodbye."""
        await self.runtime.close()
        self.runtime = self._new_client()
        self.events.clear()
        self.batches.clear()

    async def crash(self) -> None:
        os.kill(self.runtime.shim_pid, signal.SIGKILL)

    def new_start(
        self,
        container_id: str,
        command: tuple[str, ...],
        environment: dict[str, str] | None = None,
        working_directory: str = "/",
    ) -> Start:
        return Start(
            container_id,
            command,
            {"PATH": PATH, **(environment or {})},
            working_directory,
            str(self.directory / "logs" / f"{container_id}.log"),
        )

    async def run(self, container_id: str, script: str) -> Exited:
        """Run a shell script to its end."""
        self.runtime.start(self.new_start(container_id, ("/bin/sh", "-c", script)))
        return await self.exited(container_id)

    def log(self, container_id: str, suffix: str = "") -> bytes:
        try:
            return (self.directory / "logs" / f"{container_id}.log{suffix}").read_bytes()
        except FileNotFoundError:
            return b""

    def text(self, container_id: str) -> bytes:
        """The log without stamps, streams and tags."""
        return b"".join(
            line.split(b" ", 3)[3] + (b"\n" if line.split(b" ", 3)[2] == b"F" else b"")
            for line in self.log(container_id).split(b"\n")
            if line
        )


async def poll(condition: Callable[[], bool]) -> None:
    """Wait for what nobody reports: another process's file, another process's end."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - no event tells of another process
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether this process still runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
