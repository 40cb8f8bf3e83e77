"""Limits of memory: how much a container's processes hold, looked at from time to time.

What counts is what counts in a container's cgroup and cannot be taken back by the kernel: memory
that no file is behind, and what is shared in memory. A page that several processes share counts
once. Adding up what each process maps is cheap and never too little; only when that is too much is
the exact share asked for, which costs the kernel a walk over all pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHORTEST_INTERVAL, LONGEST_INTERVAL = 0.05, 1.0

FASTEST_GROWTH = 1 << 30
"""Bytes a second: what is further from its limit is looked at less often."""

_KILOBYTE = 1024
_HELD = (b"Pss_Anon:", b"Pss_Shmem:")


@dataclass(slots=True)
class _Load:
    limit: int
    due: float


class Scales:
    """The containers that have a limit, by their tags."""

    def __init__(self) -> None:
        self._loads: dict[int, _Load] = {}
        self.due: float | None = None
        """When to look next, by the clock that `now` is of."""

    def put(self, tag: int, limit: int, now: float) -> None:
        """A container with this limit, in bytes, was started."""
        due = now + SHORTEST_INTERVAL
        self._loads[tag] = _Load(limit, due)
        self.due = due if self.due is None else min(self.due, due)

    def take_off(self, tag: int) -> None:
        """It has ended."""
        if self._loads.pop(tag, None) is not None and not self._loads:
            self.due = None

    def over_limit(self, now: float, families: Mapping[int, Sequence[int]]) -> list[int]:
        """Those that are due and hold too much; `families` are the processes of each container."""
        found = []
        for tag, load in self._loads.items():
            if load.due > now:
                continue
            room = load.limit - _held(families.get(tag, ()), load.limit)
            if room < 0:
                found.append(tag)
            load.due = now + min(max(room / FASTEST_GROWTH, SHORTEST_INTERVAL), LONGEST_INTERVAL)
        self.due = min((load.due for load in self._loads.values()), default=None)
        return found


def _held(pids: Sequence[int], limit: int) -> int:
    """What these processes hold, in bytes: exactly, if it may be more than the limit."""
    most = sum(map(_mapped, pids))
    return most if most <= limit else sum(map(_share, pids))


def _mapped(pid: int) -> int:
    """An upper bound of what a process holds."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            lines = status.read().splitlines()
    except OSError:
        return 0  # gone, or there is no /proc
    fields = dict(line.partition(b":")[::2] for line in lines)
    return sum(_kilobytes(fields.get(name, b"")) for name in (b"RssAnon", b"RssShmem"))


def _share(pid: int) -> int:
    """What a process holds, with what it shares divided among those who do."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
            lines = rollup.read().splitlines()
    except PermissionError:
        return _mapped(pid)  # another user's
    except OSError:
        return 0
    return sum(_kilobytes(line.partition(b":")[2]) for line in lines if line.startswith(_HELD))


def _kilobytes(text: bytes) -> int:
    words = text.split()
    return int(words[0]) * _KILOBYTE if words else 0
