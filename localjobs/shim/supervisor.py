"""The containers: started, signalled, reaped, reported, forgotten.

The order of things when a main process has ended: its group and its descendants are killed, the
rest of its output is read and its log closed, the journal says how it ended, and only then the
client is told. Whatever the client is told is in the journal first (`flush` returns the outbox).
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import time
from dataclasses import dataclass
from itertools import islice

from localjobs.shim.census import Census
from localjobs.shim.executable import CannotStart, enter_directory, reason
from localjobs.shim.executions import Executions, Host
from localjobs.shim.journal import Journal
from localjobs.shim.log_file import Rotation
from localjobs.shim.memory import Scales
from localjobs.shim.oom import OutOfMemory
from localjobs.shim.output import Output
from localjobs.shim.protocol import Message
from localjobs.shim.spawning import Request, Spawner
from localjobs.shim.views import Views

STARTS_PER_TURN = 16
"""More would keep exits and output waiting: a start takes about half a millisecond."""


@dataclass(slots=True)
class Running:
    """A container whose main process has not been reaped."""

    container_id: str
    pid: int
    tag: int
    output: Output
    started_at: float
    request: Request
    killed: bool = False
    """Whether the daemon asked for a SIGKILL."""
    over_limit: bool = False
    """Whether it was killed for the memory that it held."""


class Supervisor:
    """Owns the processes. `outbox` collects what is to be told once the journal is written."""

    def __init__(
        self,
        journal: Journal,
        census: Census,
        views: Views,
        spawner: Spawner,
        rotation: Rotation,
    ) -> None:
        self._journal = journal
        self._census = census
        self._views = views
        self._spawner = spawner
        self._rotation = rotation
        self._oom = OutOfMemory()
        self._scales = Scales()
        self._waiting: dict[str, Request] = {}
        self._by_pid: dict[int, Running] = {}
        self._by_id: dict[str, Running] = {}
        self._escaping = False
        self.blocked = False
        """Whether starts wait for a disk that takes no more."""
        self.selector = selectors.DefaultSelector()
        self.outbox: list[Message] = []
        self._executions = Executions(census, views, spawner, self.selector, self.outbox)

    @property
    def idle(self) -> bool:
        """Whether no process is left and none is to be started."""
        return not self._by_pid and not self._waiting

    @property
    def is_childless(self) -> bool:
        """Whether nothing is left at all: neither a container's process nor a descendant's."""
        if not self.idle:
            return False
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return True
        return False

    @property
    def urgent(self) -> bool:
        """Whether the next turn has work to do whatever happens."""
        return bool(self._waiting) and not self.blocked

    @property
    def escaping(self) -> bool:
        """Whether an ended container's descendants multiply faster than they were killed."""
        return self._escaping

    # -- what the client asks for

    def start(self, request: Request) -> None:
        """Start it in its turn; or tell what became of it."""
        story = self._journal.stories.get(request.container_id)
        if story is not None:
            self.outbox.extend(story.messages())
        else:
            self._waiting.setdefault(request.container_id, request)

    def signal(self, container_id: str, number: int) -> None:
        """Signal its process group, if its main process runs."""
        running = self._present(container_id)
        if running is not None:
            with contextlib.suppress(PermissionError):
                os.killpg(running.pid, number)

    def kill(self, container_id: str) -> None:
        """SIGKILL every process of it."""
        running = self._present(container_id)
        if running is not None:
            running.killed = True
            self._kill_all_of(running)

    def execute(self, container_id: str, name: str, command: list[str]) -> None:
        """Run a command in it, as one of its processes."""
        running = self._present(container_id)
        if running is None:
            self.outbox.append(["unexecuted", container_id, name, "container is not running"])
        else:
            host = Host(running.pid, running.tag, running.request)
            self._executions.run(host, name, command)

    def abort(self, name: str) -> None:
        """End such a command."""
        self._executions.kill(name)

    def forget(self, container_id: str) -> None:
        """Kill what is left of it; do not speak of it again."""
        if self._waiting.pop(container_id, None) is not None:
            return
        self.kill(container_id)
        running = self._by_id.pop(container_id, None)
        if running is not None:
            running.container_id = ""  # its end is waited for, and told nobody
        self._journal.forget(container_id)

    def kill_all(self) -> None:
        """SIGKILL every container."""
        self._waiting.clear()
        for container_id in list(self._by_id):
            self.kill(container_id)

    def abandon(self) -> None:
        """Kill every container and record each as lost: the shim itself is going down."""
        for container_id, running in list(self._by_id.items()):
            self.kill(container_id)
            self._tell(["lost", running.container_id, time.time_ns() / 1e9])
        self._journal.flush()

    def replay(self) -> list[Message]:
        """All that is known, for a client that has just come."""
        return [message for story in self._journal.stories.values() for message in story.messages()]

    # -- what a turn of the loop does

    def start_some(self) -> None:
        """Start what waits, a turn's worth of it."""
        # What is started on a disk that takes no more would be unknown to the next shim.
        self.blocked = bool(self._waiting) and not self._journal.flush()
        if self.blocked:
            return
        batch = list(islice(self._waiting.values(), STARTS_PER_TURN))
        for request in batch:
            del self._waiting[request.container_id]
        if batch:
            self._start_batch(batch)

    def reap(self) -> None:
        """Take note of every process that has ended."""
        ended: list[tuple[Running, int]] = []
        others: list[int] = []
        while (pid := _next_zombie()) is not None:
            running = self._by_pid.get(pid)
            if running is not None:
                self._kill_group(pid)
            status = os.waitpid(pid, 0)[1]
            if running is None:
                others.append(pid)
                self._executions.ended(pid, status)
            else:
                ended.append((running, status))
        if ended or self._escaping:
            tags = [running.tag for running, _ in ended]
            self._escaping = not self._census.kill(tags)
        for running, status in ended:
            self._end(running, status)
        for pid in others:
            self._census.reaped(pid)

    @property
    def next_weighing(self) -> float | None:
        """When memory is to be looked at again, by the monotonic clock; None if nobody's is."""
        return self._scales.due

    def weigh(self) -> None:
        """Kill the containers that hold more memory than they may."""
        now = time.monotonic()
        if self._scales.due is None or now < self._scales.due:
            return
        self._census.look()
        for tag in self._scales.over_limit(now, self._census.families()):
            for running in [one for one in self._by_pid.values() if one.tag == tag]:
                running.over_limit = True
                self._kill_all_of(running)

    def flush(self) -> list[Message]:
        """Write the journal; return what may now be told."""
        self._journal.flush()
        told = self.outbox[:]
        self.outbox.clear()
        return told

    # -- parts of it

    def _present(self, container_id: str) -> Running | None:
        request = self._waiting.pop(container_id, None)
        if request is not None:
            self._start_batch([request])
        return self._by_id.get(container_id)

    def _kill_all_of(self, running: Running) -> None:
        self._census.look()  # while its children still have their parents
        self._kill_group(running.pid)
        self._escaping |= not self._census.kill((running.tag,))

    def _start_batch(self, requests: list[Request]) -> None:
        tags = [self._census.next_tag() for _ in requests]
        for request, tag in zip(requests, tags, strict=True):
            self._journal.starting(request.container_id, tag)
        # Before there is a process: a shim that dies here has none that its journal does not name.
        self._journal.flush()
        for request, tag in zip(requests, tags, strict=True):
            self._start(request, tag)
        os.chdir("/")

    def _start(self, request: Request, tag: int) -> None:
        output = Output(request.log_path, self.selector, self._rotation)
        at = time.time_ns() / 1e9
        try:
            pid = self._spawn(request, tag, output)
        except CannotStart as error:
            output.close()
            self._tell(["failed", request.container_id, str(error), at])
            return
        running = Running(request.container_id, pid, tag, output, at, request)
        if request.memory_limit is not None:
            self._scales.put(tag, request.memory_limit, time.monotonic())
        self._by_pid[pid] = self._by_id[request.container_id] = running
        output.watch()
        self._tell(["started", request.container_id, pid, at])

    def _spawn(self, request: Request, tag: int, output: Output) -> int:
        try:
            writers = output.open()
        except OSError as error:
            raise CannotStart(f"pipe: {reason(error)}") from error
        try:
            self._census.mark(tag)
            with self._views.entered(request.mounts):
                enter_directory(request.working_directory)
                pid = self._spawner.spawn(request, *writers)
        finally:
            for writer in writers:
                os.close(writer)
        self._census.enlist(pid, tag)
        return pid

    def _end(self, running: Running, status: int) -> None:
        self._census.reaped(running.pid)
        self._scales.take_off(running.tag)
        del self._by_pid[running.pid]
        running.output.close()
        if self._by_id.pop(running.container_id, None) is None:
            return
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        number = os.WTERMSIG(status) if code is None else None
        out_of_memory = running.over_limit or (
            not running.killed and self._oom.explains(code, number)
        )
        # The clock may have been set back.
        at = max(time.time_ns() / 1e9, running.started_at)
        self._tell(["exited", running.container_id, at, code, number, out_of_memory])

    def _tell(self, message: Message) -> None:
        self._journal.record(message)
        self.outbox.append(message)

    def _kill_group(self, pid: int) -> None:
        # Before the leader is reaped, the group's id cannot be anybody else's.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _next_zombie() -> int | None:
    """A child that has ended, left unreaped; None if there is none."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None
