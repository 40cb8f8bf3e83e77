"""What every Runtime promises, whatever is behind it.

A test module subclasses `RuntimeContract` and gives a `harness` fixture; the same tests then run on
real shells and on the in-memory double. The commands are real ones; `BEHAVIOURS` says what they do
to a runtime that has no shell.
"""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from localjobs.kubelet.runtime import (
    Exited,
    Lost,
    Runtime,
    RuntimeEvent,
    Start,
    Started,
    StartFailed,
)
from tests.kubelet.fake_runtime import IGNORES, Behaviour, Reaction

Command = tuple[str, ...]


def shell(script: str) -> Command:
    return ("/bin/sh", "-c", script)


SUCCEEDS = ("/bin/true",)
EXITS_3 = shell("exit 3")
EXITS_255 = shell("exit 255")
DIES_BY_SEGV = shell("kill -SEGV $$")
SLEEPS = shell("exec sleep 1000")
TRAPS_TERM = shell("trap 'exit 7' TERM; echo ready; while :; do sleep 0.02; done")
IGNORES_TERM = shell("trap '' TERM; echo ready; while :; do sleep 0.02; done")
MISSING = ("localjobs-no-such-command",)
SAYS_HELLO = shell("echo hello; printf world")

BEHAVIOURS: dict[Command, Behaviour] = {
    SUCCEEDS: Behaviour(),
    EXITS_3: Behaviour(exit_code=3),
    EXITS_255: Behaviour(exit_code=255),
    DIES_BY_SEGV: Behaviour(by_signal=signal.SIGSEGV),
    SLEEPS: Behaviour(duration=None),
    TRAPS_TERM: Behaviour(
        duration=None, traps={signal.SIGTERM: Reaction(exit_code=7)}, output="ready\n"
    ),
    IGNORES_TERM: Behaviour(duration=None, traps={signal.SIGTERM: IGNORES}, output="ready\n"),
    MISSING: Behaviour(start_error=f'exec: "{MISSING[0]}": executable file not found in $PATH'),
    SAYS_HELLO: Behaviour(output="hello\nworld"),
}


def log_lines(path: str) -> list[bytes]:
    return Path(path).read_bytes().splitlines()


class Harness(Protocol):
    """A runtime under test, and how to make time pass for it."""

    runtime: Runtime
    events: list[RuntimeEvent]
    """All that was reported, in order."""
    batches: list[Sequence[RuntimeEvent]]
    directory: Path

    async def ended(self, container_id: str) -> RuntimeEvent:
        """Let time pass until the container's end is reported."""

    async def started(self, container_id: str) -> Started:
        """Let time pass until its start is reported."""

    async def logged(self, container_id: str, text: bytes) -> None:
        """Let time pass until the log holds `text`."""

    async def settle(self) -> None:
        """Let all that is under way be done."""

    async def restart_daemon(self) -> None:
        """The daemon dies and another takes its place: `runtime` and `events` are new."""

    async def crash(self) -> None:
        """Kill the owner of the processes."""

    def new_start(self, container_id: str, command: Command) -> Start:
        """A `Start` with a log in `directory`."""


class RuntimeContract:
    async def test_reports_the_start_then_the_exit_code(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", EXITS_3))
        end = await harness.ended("a")
        assert isinstance(end, Exited)
        assert (end.exit_code, end.signal) == (3, None)
        first, last = harness.events
        assert isinstance(first, Started)
        assert first.pid > 0
        assert first.at <= end.at
        assert last == end

    async def test_nothing_is_reported_within_the_call(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", SUCCEEDS))
        assert harness.events == []
        await harness.ended("a")

    async def test_success_and_the_highest_exit_code(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("zero", SUCCEEDS))
        harness.runtime.start(harness.new_start("high", EXITS_255))
        zero, high = await harness.ended("zero"), await harness.ended("high")
        assert isinstance(zero, Exited)
        assert isinstance(high, Exited)
        assert (zero.exit_code, high.exit_code) == (0, 255)

    async def test_a_signal_is_told_from_an_exit_code(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", DIES_BY_SEGV))
        end = await harness.ended("a")
        assert isinstance(end, Exited)
        assert (end.exit_code, end.signal) == (None, signal.SIGSEGV)

    async def test_a_missing_command_fails_to_start_and_names_it(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", MISSING))
        end = await harness.ended("a")
        assert isinstance(end, StartFailed)
        assert end.message == f'exec: "{MISSING[0]}": executable file not found in $PATH'
        assert len(harness.events) == 1

    async def test_term_ends_what_does_not_trap_it(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", SLEEPS))
        await harness.started("a")
        harness.runtime.signal("a", signal.SIGTERM)
        end = await harness.ended("a")
        assert isinstance(end, Exited)
        assert (end.exit_code, end.signal) == (None, signal.SIGTERM)

    async def test_a_trap_ends_with_its_own_code(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", TRAPS_TERM))
        await harness.logged("a", b"ready")
        harness.runtime.signal("a", signal.SIGTERM)
        end = await harness.ended("a")
        assert isinstance(end, Exited)
        assert (end.exit_code, end.signal) == (7, None)

    async def test_kill_ends_what_ignores_term(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", IGNORES_TERM))
        await harness.logged("a", b"ready")
        harness.runtime.signal("a", signal.SIGTERM)
        await harness.settle()
        assert [type(event) for event in harness.events] == [Started]
        harness.runtime.kill("a")
        end = await harness.ended("a")
        assert isinstance(end, Exited)
        assert (end.exit_code, end.signal) == (None, signal.SIGKILL)

    async def test_signalling_what_has_ended_or_never_was_is_nothing(
        self, harness: Harness
    ) -> None:
        harness.runtime.start(harness.new_start("a", SUCCEEDS))
        await harness.ended("a")
        for name in ("a", "never"):
            harness.runtime.signal(name, signal.SIGTERM)
            harness.runtime.kill(name)
        harness.runtime.forget("never")
        await harness.settle()
        assert len(harness.events) == 2

    async def test_starting_a_known_id_again_reports_what_became_of_it(
        self, harness: Harness
    ) -> None:
        harness.runtime.start(harness.new_start("a", EXITS_3))
        await harness.ended("a")
        before = list(harness.events)
        harness.events.clear()
        harness.runtime.start(harness.new_start("a", SUCCEEDS))
        await harness.ended("a")
        assert harness.events == before

    async def test_starting_a_running_id_again_starts_no_second_process(
        self, harness: Harness
    ) -> None:
        harness.runtime.start(harness.new_start("a", SLEEPS))
        first = await harness.started("a")
        harness.events.clear()
        harness.runtime.start(harness.new_start("a", SLEEPS))
        assert await harness.started("a") == first
        harness.runtime.kill("a")
        await harness.ended("a")
        assert len(harness.events) == 2

    async def test_the_log_is_complete_when_the_end_is_reported(self, harness: Harness) -> None:
        start = harness.new_start("a", SAYS_HELLO)
        harness.runtime.start(start)
        await harness.ended("a")
        lines = log_lines(start.log_path)
        assert [line.split(b" ", 1)[1] for line in lines] == [b"stdout F hello", b"stdout P world"]

    async def test_a_new_daemon_learns_all_that_is_not_forgotten(self, harness: Harness) -> None:
        for name, command in (("ended", EXITS_3), ("gone", SUCCEEDS), ("runs", SLEEPS)):
            harness.runtime.start(harness.new_start(name, command))
        end = await harness.ended("ended")
        await harness.ended("gone")
        running = await harness.started("runs")
        harness.runtime.forget("gone")
        await harness.settle()
        await harness.restart_daemon()
        assert await harness.started("runs") == running
        assert await harness.ended("ended") == end
        assert {event.container_id for event in harness.events} == {"ended", "runs"}
        assert len(harness.events) == 3
        harness.runtime.kill("runs")
        assert isinstance(await harness.ended("runs"), Exited)

    async def test_when_the_owner_dies_what_ran_is_lost(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("ended", EXITS_3))
        harness.runtime.start(harness.new_start("runs", SLEEPS))
        end = await harness.ended("ended")
        await harness.started("runs")
        await harness.crash()
        assert isinstance(await harness.ended("runs"), Lost)
        assert end in harness.events
        harness.runtime.start(harness.new_start("next", SUCCEEDS))
        after = await harness.ended("next")
        assert isinstance(after, Exited)
        assert after.exit_code == 0

    async def test_what_is_lost_stays_lost_until_forgotten(self, harness: Harness) -> None:
        harness.runtime.start(harness.new_start("a", SLEEPS))
        await harness.started("a")
        await harness.crash()
        lost = await harness.ended("a")
        await harness.restart_daemon()
        again = await harness.ended("a")
        assert isinstance(lost, Lost)
        assert again == lost
        harness.runtime.forget("a")
        await harness.settle()
        await harness.restart_daemon()
        await harness.settle()
        assert harness.events == []
