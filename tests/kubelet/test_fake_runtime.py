from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from localjobs.clock import VirtualClock
from localjobs.kubelet.runtime import Exited, RuntimeEvent, Start, Started, StartFailed
from tests.kubelet.fake_runtime import Behaviour, FakeRuntime, Reaction, by_command
from tests.kubelet.runtime_contract import BEHAVIOURS, Command, RuntimeContract


class FakeHarness:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = VirtualClock()
        self.runtime = FakeRuntime(self.clock, by_command(BEHAVIOURS))
        self.events: list[RuntimeEvent] = []
        self.batches: list[Sequence[RuntimeEvent]] = []
        self.runtime.listen(self._heard)

    def _heard(self, batch: Sequence[RuntimeEvent]) -> None:
        self.batches.append(batch)
        self.events.extend(batch)

    async def ended(self, container_id: str) -> RuntimeEvent:
        self.clock.advance(60)
        return next(
            event
            for event in self.events
            if event.container_id == container_id and not isinstance(event, Started)
        )

    async def started(self, container_id: str) -> Started:
        self.clock.advance(60)
        return next(
            event
            for event in self.events
            if event.container_id == container_id and isinstance(event, Started)
        )

    async def logged(self, container_id: str, text: bytes) -> None:
        self.clock.advance(60)
        assert text in (self.directory / f"{container_id}.log").read_bytes()

    async def settle(self) -> None:
        self.clock.advance(60)

    async def restart_daemon(self) -> None:
        self.events.clear()
        await self.runtime.connect()
        self.clock.advance(0)

    async def crash(self) -> None:
        self.runtime.crash()

    def new_start(self, container_id: str, command: Command) -> Start:
        return Start(container_id, command, {}, "/", str(self.directory / f"{container_id}.log"))


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[FakeHarness]:
    made = FakeHarness(tmp_path)
    yield made
    made.runtime.check()


class TestFakeRuntime(RuntimeContract):
    pass


def new_start(container_id: str, command: Command = ("x",)) -> Start:
    return Start(container_id, command, {}, "/", "/nowhere.log")


def test_durations_and_reactions_follow_the_clock() -> None:
    clock, events = VirtualClock(1000.0), list[RuntimeEvent]()
    traps = {signal.SIGTERM: Reaction(exit_code=4, after=5.0)}
    runtime = FakeRuntime(clock, lambda _: Behaviour(duration=None, start_after=2.0, traps=traps))
    runtime.listen(events.extend)
    runtime.start(new_start("a"))
    clock.advance(1.9)
    assert events == []
    clock.advance(0.1)
    assert events == [Started("a", events[0].pid, 1002.0)] if isinstance(events[0], Started) else 0
    runtime.signal("a", signal.SIGTERM)
    clock.advance(4.9)
    assert runtime.running == ["a"]
    clock.advance(1)
    assert events[1] == Exited("a", 1007.0, exit_code=4)
    assert runtime.signals == [("a", signal.SIGTERM)]
    runtime.check()


def test_events_that_are_due_together_come_in_one_batch() -> None:
    clock, batches = VirtualClock(), list[int]()
    runtime = FakeRuntime(clock)
    runtime.listen(lambda batch: batches.append(len(batch)))
    for number in range(5):
        runtime.start(new_start(str(number)))
    clock.advance(0)
    assert sum(batches) == 10
    assert batches[0] >= 2


def test_a_start_error_is_the_only_event() -> None:
    clock, events = VirtualClock(1.0), list[RuntimeEvent]()
    runtime = FakeRuntime(clock, lambda _: Behaviour(start_error="no"))
    runtime.listen(events.extend)
    runtime.start(new_start("a"))
    clock.advance(0)
    runtime.crash()
    clock.advance(0)
    assert events == [StartFailed("a", "no", 1.0)]


def test_check_fails_when_the_protocol_was_broken() -> None:
    clock = VirtualClock()
    runtime = FakeRuntime(clock, lambda _: Behaviour(duration=None))
    runtime.listen(lambda batch: None)
    runtime.start(new_start("a"))
    clock.advance(0)
    runtime.forget("a")
    with pytest.raises(AssertionError, match="forgotten while it runs"):
        runtime.check()


def test_finish_ends_a_container_by_hand() -> None:
    clock, events = VirtualClock(5.0), list[RuntimeEvent]()
    runtime = FakeRuntime(clock, lambda _: Behaviour(duration=None))
    runtime.listen(events.extend)
    runtime.start(new_start("a"))
    clock.advance(0)
    runtime.finish("a", signal=9)
    clock.advance(0)
    assert events[-1] == Exited("a", 5.0, signal=9)
    with pytest.raises(ValueError, match="does not run"):
        runtime.finish("a")
