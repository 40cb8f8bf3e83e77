"""Commands run within a container that runs: its environment, directory, user and view.

They are the container's as much as what it starts itself: what is left of them is killed with it.
They are in no journal. Whoever asked and is gone does not want to know, and a shim that dies takes
the container with them.
"""

from __future__ import annotations

import os
import selectors
import signal
from dataclasses import dataclass, field, replace

from localjobs.shim.census import Census
from localjobs.shim.executable import CannotStart, enter_directory, reason
from localjobs.shim.protocol import Message
from localjobs.shim.spawning import Request, Spawner
from localjobs.shim.views import Views

MOST_OUTPUT = 16 << 10
"""Bytes kept of each stream; the rest is read and dropped."""

_CHUNK = 64 << 10
_LAST_CHUNKS = 64
"""Read from a pipe at the end at most: somebody else may hold it, and write for ever."""


@dataclass(frozen=True, slots=True)
class Host:
    """The container that a command runs in: its main process, its tag, how it was started."""

    pid: int
    tag: int
    request: Request


class _Pipe:
    """One stream's read end, and the first of what came."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self.text = bytearray()
        selector.register(self.reader, selectors.EVENT_READ, self._readable)

    def pump(self) -> bool:
        """Take in a chunk. False if there was none: empty for now, or ended."""
        try:
            data = os.read(self.reader, _CHUNK)
        except BlockingIOError:
            return False
        self.text += data[: MOST_OUTPUT - len(self.text)]
        return bool(data)

    def close(self) -> None:
        """Take in what is left, and close."""
        for _ in range(_LAST_CHUNKS):
            if not self.pump():
                break
        if self.reader in self._selector.get_map():
            self._selector.unregister(self.reader)
        os.close(self.reader)

    def _readable(self) -> None:
        if not self.pump():
            self._selector.unregister(self.reader)  # every writer has closed it


@dataclass(slots=True)
class _Execution:
    container_id: str
    name: str
    tag: int
    pipes: list[_Pipe] = field(default_factory=list)


class Executions:
    """The commands that run. What is to be told of them is put into `outbox`."""

    def __init__(
        self,
        census: Census,
        views: Views,
        spawner: Spawner,
        selector: selectors.BaseSelector,
        outbox: list[Message],
    ) -> None:
        self._census, self._views, self._spawner = census, views, spawner
        self._selector, self._outbox = selector, outbox
        self._by_pid: dict[int, _Execution] = {}

    def run(self, host: Host, name: str, command: list[str]) -> None:
        """Run a command in that container. What became of it is told under `name`."""
        pipes: list[_Pipe] = []
        try:
            pipes = [_Pipe(self._selector), _Pipe(self._selector)]
            pid, tag = self._spawn(host, command, pipes)
        except CannotStart as error:
            self._fail([host.request.container_id, name, str(error)], pipes)
        except OSError as error:
            self._fail([host.request.container_id, name, f"pipe: {reason(error)}"], pipes)
        else:
            _close_writers(pipes)
            self._by_pid[pid] = _Execution(host.request.container_id, name, tag, pipes)
        finally:
            os.chdir("/")

    def kill(self, name: str) -> None:
        """End it, if it runs: the command alone, as nobody waits for what it has started."""
        for pid, execution in self._by_pid.items():
            if execution.name == name:
                os.kill(pid, signal.SIGKILL)

    def ended(self, pid: int, status: int) -> None:
        """A child has ended, one of these perhaps."""
        execution = self._by_pid.pop(pid, None)
        if execution is None:
            return
        for pipe in execution.pipes:
            pipe.close()
        self._census.left(execution.tag)
        output = b"".join(pipe.text for pipe in execution.pipes).decode("utf-8", "replace")
        code = os.waitstatus_to_exitcode(status)
        code = code if code >= 0 else 128 - code
        self._outbox.append(["executed", execution.container_id, execution.name, code, output])

    def _spawn(self, host: Host, command: list[str], pipes: list[_Pipe]) -> tuple[int, int]:
        request = replace(host.request, command=command)
        tag = self._census.join(host.tag)
        joined = host.pid if request.mounts else 0
        with self._views.joined(joined):
            enter_directory(request.working_directory)
            return self._spawner.spawn(request, *(pipe.writer for pipe in pipes)), tag

    def _fail(self, told: Message, pipes: list[_Pipe]) -> None:
        _close_writers(pipes)
        for pipe in pipes:
            pipe.close()
        self._outbox.append(["unexecuted", *told])


def _close_writers(pipes: list[_Pipe]) -> None:
    for pipe in pipes:
        os.close(pipe.writer)
