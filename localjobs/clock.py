"""The only module that reads a clock.

Times are floats: seconds since the epoch, UTC. Decisions take them as arguments; the
performers hold a `Clock`, so that a `VirtualClock` can drive the whole daemon.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is due later."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """Tells the time and calls back when it has come."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Call `callback` once `now() >= when`, never before and never twice."""


class SystemClock:
    """The machine's clock, with timers on the running asyncio loop.

    A timer checks the time again before it calls: the wall clock may have been set back.
    """

    def now(self) -> float:
        return time.time()

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        return _LoopTimer(self, when, callback)


class _LoopTimer:
    # The loop's own clock may be coarser than ours; asking again must not spin.
    SHORTEST_DELAY = 0.0005

    def __init__(self, clock: Clock, when: float, callback: Callable[[], None]) -> None:
        self._clock, self._when, self._callback = clock, when, callback
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.Handle
        self._arm()

    def _arm(self) -> None:
        delay = self._when - self._clock.now()
        if delay <= 0:
            self._handle = self._loop.call_soon(self._callback)
        else:
            self._handle = self._loop.call_later(max(delay, self.SHORTEST_DELAY), self._arm)

    def cancel(self) -> None:
        self._handle.cancel()


class VirtualClock:
    """A clock that stands still until `advance` moves it; timers fire in order of time."""

    def __init__(self, start: float = 1_000_000_000.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._timers: list[_VirtualTimer] = []

    def now(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        timer = _VirtualTimer(when, next(self._order), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def next_timer(self) -> float | None:
        """When the next timer is due; None if none is."""
        while self._timers and self._timers[0].cancelled:
            heapq.heappop(self._timers)
        return self._timers[0].when if self._timers else None

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, firing what falls due on the way at its own time."""
        end = self._now + seconds
        while (due := self.next_timer()) is not None and due <= end:
            timer = heapq.heappop(self._timers)
            self._now = max(self._now, timer.when)
            timer.callback()
        self._now = end


class _VirtualTimer:
    def __init__(self, when: float, order: int, callback: Callable[[], None]) -> None:
        self.when, self.order, self.callback = when, order, callback
        self.cancelled = False

    def __lt__(self, other: _VirtualTimer) -> bool:
        return (self.when, self.order) < (other.when, other.order)

    def cancel(self) -> None:
        self.cancelled = True
