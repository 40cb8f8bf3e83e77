"""An in-memory Runtime: no process, no wall clock, a script that says what each command does.

`script(start) -> Behaviour` decides a container's fate; the `VirtualClock` decides when. Nothing is
reported from within a call: events come when the clock advances (`clock.advance(0)` for what is due
now), in batches, in order, as the shim's client reports them from the asyncio loop.

    runtime = FakeRuntime(clock, by_command({("false",): Behaviour(exit_code=1)}))
    runtime.listen(events.extend)
    runtime.start(start)
    clock.advance(0)            # Started, Exited(exit_code=1)
    runtime.check()             # at teardown: the invariants held
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from localjobs.clock import Clock
from localjobs.kubelet.runtime import (
    ContainerEvent,
    Executed,
    Exited,
    Listener,
    Lost,
    RuntimeEvent,
    Start,
    Started,
    StartFailed,
)

# What the kernel ignores unless a process asks for it (signal(7), disposition Ign and Cont).
HARMLESS = frozenset({signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH})


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a trapped signal leads to: the end with `exit_code` after `after` seconds."""

    exit_code: int | None = None
    """None: the signal is ignored."""
    after: float = 0.0


IGNORES = Reaction()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A container's fate, if nobody signals it. An untrapped signal ends it at once."""

    exit_code: int = 0
    by_signal: int | None = None
    """Ends by this signal instead of with `exit_code`."""
    duration: float | None = 0.0
    """Seconds from start to end; None: until it is signalled."""
    start_after: float = 0.0
    """Seconds until the process is there."""
    start_error: str = ""
    """No process comes to be, and this is why."""
    traps: Mapping[signal.Signals, Reaction] = field(default_factory=dict)
    output: str = ""
    """Written to the log at the start, a line each, as stdout."""
    out_of_memory: bool = False


@dataclass(frozen=True, slots=True)
class Deed:
    """What comes of a command that is run in a container."""

    exit_code: int | None = 0
    output: str = ""
    after: float | None = 0.0
    """Seconds until it ends; None: only when it is aborted, or with its container."""


Script: TypeAlias = Callable[[Start], Behaviour]


def by_command(
    behaviours: Mapping[tuple[str, ...], Behaviour], otherwise: Behaviour | None = None
) -> Script:
    """Look a command up; one that is not listed does `otherwise` (default: exits 0 at once)."""
    fallback = otherwise or Behaviour()
    return lambda start: behaviours.get(start.command, fallback)


@dataclass(slots=True)
class _Container:
    start: Start
    behaviour: Behaviour
    pid: int = 0
    begin: ContainerEvent | None = None
    end: ContainerEvent | None = None

    @property
    def running(self) -> bool:
        return isinstance(self.begin, Started) and self.end is None

    def events(self) -> list[ContainerEvent]:
        return [event for event in (self.begin, self.end) if event is not None]


class FakeRuntime:
    """A Runtime whose containers are entries of a dict."""

    supports_mounts = True

    def __init__(self, clock: Clock, script: Script | None = None) -> None:
        self.clock = clock
        self.script: Script = script or by_command({})
        self.starts: list[Start] = []
        """Every process that was started, once each: what a test asserts on."""
        self.signals: list[tuple[str, int]] = []
        """Every signal sent to a container that still ran, `kill` included, in order."""
        self.deeds: dict[tuple[str, ...], Deed] = {}
        """What comes of commands that are run in containers; by default they succeed at once."""
        self.executed: list[tuple[float, str, tuple[str, ...]]] = []
        """When which command was run in which container."""
        self.forgotten: list[str] = []
        self.violations: list[str] = []
        self._containers: dict[str, _Container] = {}
        self._listener: Listener | None = None
        self._pending: list[RuntimeEvent] = []
        self._executing: dict[str, str] = {}
        self._next_pid = 1000

    # -- the Runtime protocol

    def listen(self, listener: Listener) -> None:
        self._listener = listener

    async def connect(self) -> None:
        """Report all that is known and not forgotten, as to a new daemon (see `replay`)."""
        self.replay()

    def start(self, start: Start) -> None:
        known = self._containers.get(start.container_id)
        if known is not None:
            self._report(*known.events())
            return
        if self._listener is None:
            self.violations.append(f"start of {start.container_id} with no listener")
        if start.container_id in self.forgotten:
            self.violations.append(f"{start.container_id} started again after forget")
        self.starts.append(start)
        container = _Container(start, self.script(start))
        self._containers[start.container_id] = container
        self.clock.call_at(
            self.clock.now() + container.behaviour.start_after, lambda: self._begin(container)
        )

    def signal(self, container_id: str, signal: int) -> None:
        container = self._containers.get(container_id)
        if container is None or not container.running:
            return
        self.signals.append((container_id, signal))
        self._react(container, signal)

    def kill(self, container_id: str) -> None:
        self.signal(container_id, signal.SIGKILL)

    def forget(self, container_id: str) -> None:
        container = self._containers.pop(container_id, None)
        if container is None:
            return
        if container.running:
            self.violations.append(f"{container_id} forgotten while it runs")
        self.forgotten.append(container_id)
        self._pending = [event for event in self._pending if event.container_id != container_id]

    def execute(self, container_id: str, name: str, command: Sequence[str]) -> None:
        container = self._containers.get(container_id)
        if container is None or not container.running:
            self._report(Executed(container_id, name, None, "container is not running"))
            return
        now, deed = self.clock.now(), self.deeds.get(tuple(command), Deed())
        self.executed.append((now, container_id, tuple(command)))
        self._executing[name] = container_id
        if deed.after is not None:
            done = Executed(container_id, name, deed.exit_code, deed.output)
            self.clock.call_at(now + deed.after, lambda: self._executed(done))

    def abort(self, container_id: str, name: str) -> None:
        self._executed(Executed(container_id, name, 137, ""))

    # -- what tests do to it

    def replay(self) -> None:
        """Report every container known and not forgotten again, as to a daemon that came back."""
        self._pending.clear()
        for container in self._containers.values():
            self._report(*container.events())

    def finish(
        self, container_id: str, exit_code: int | None = 0, signal: int | None = None
    ) -> None:
        """End a running container now, whatever its script says."""
        container = self._containers[container_id]
        if not container.running:
            raise ValueError(f"{container_id} does not run")
        self._end(container, exit_code if signal is None else None, signal)

    def crash(self) -> None:
        """The owner of the processes dies: every process with it, their ends are unknown."""
        for container in self._containers.values():
            if container.end is None and not isinstance(container.begin, StartFailed):
                container.end = Lost(container.start.container_id, self.clock.now())
                self._report(container.end)

    @property
    def running(self) -> list[str]:
        """The ids of the containers with a process, oldest first."""
        return [name for name, container in self._containers.items() if container.running]

    @property
    def known(self) -> list[str]:
        """The ids of the containers that were not forgotten, oldest first."""
        return list(self._containers)

    def check(self) -> None:
        """Fail if a caller broke the protocol, or an id was started twice."""
        ids = [start.container_id for start in self.starts]
        twice = sorted({name for name in ids if ids.count(name) > 1}) if len(ids) < 2000 else []
        assert len(set(ids)) == len(ids), f"started twice: {twice}"
        assert not self.violations, self.violations

    # -- what happens when the time has come

    def _begin(self, container: _Container) -> None:
        if container.end is not None or self._forgot(container):
            return
        name, now, behaviour = container.start.container_id, self.clock.now(), container.behaviour
        if behaviour.start_error:
            container.begin = StartFailed(name, behaviour.start_error, now)
            self._report(container.begin)
            return
        self._next_pid += 1
        container.pid = self._next_pid
        container.begin = Started(name, container.pid, now)
        self._report(container.begin)
        if behaviour.output:
            _write_log(container.start.log_path, behaviour.output, now)
        if behaviour.duration is not None:
            code = None if behaviour.by_signal is not None else behaviour.exit_code
            self._end_at(now + behaviour.duration, container, code, behaviour.by_signal)

    def _react(self, container: _Container, number: int) -> None:
        trapped = _reaction(container.behaviour, number)
        if trapped is not None and trapped.exit_code is not None:
            self._end_at(self.clock.now() + trapped.after, container, trapped.exit_code, None)
        elif trapped is None and number not in HARMLESS:
            self._end_at(self.clock.now(), container, None, int(number))

    def _end_at(
        self, when: float, container: _Container, exit_code: int | None, signal: int | None
    ) -> None:
        def due() -> None:
            if container.running and not self._forgot(container):
                self._end(container, exit_code, signal)

        if when <= self.clock.now():
            due()
        else:
            self.clock.call_at(when, due)

    def _end(self, container: _Container, exit_code: int | None, signal: int | None) -> None:
        container.end = Exited(
            container.start.container_id,
            self.clock.now(),
            exit_code=exit_code,
            signal=signal,
            out_of_memory=container.behaviour.out_of_memory,
        )
        self._report(container.end)
        for name, host in list(self._executing.items()):
            if host == container.start.container_id:
                self.abort(host, name)

    def _executed(self, event: Executed) -> None:
        if self._executing.pop(event.name, None) is not None:
            self._report(event)

    def _forgot(self, container: _Container) -> bool:
        return self._containers.get(container.start.container_id) is not container

    def _report(self, *events: RuntimeEvent) -> None:
        if events and not self._pending:
            self.clock.call_at(self.clock.now(), self._flush)
        self._pending.extend(events)

    def _flush(self) -> None:
        events: Sequence[RuntimeEvent] = tuple(self._pending)
        self._pending.clear()
        if self._listener is not None and events:
            self._listener(events)


def _reaction(behaviour: Behaviour, number: int) -> Reaction | None:
    return None if number == signal.SIGKILL else behaviour.traps.get(signal.Signals(number))


def _write_log(path: str, text: str, at: float) -> None:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("a", encoding="utf-8") as log:
        for line in text.splitlines(keepends=True):
            tag = "F" if line.endswith("\n") else "P"
            log.write(f"{stamp} stdout {tag} {line.removesuffix(chr(10))}\n")
