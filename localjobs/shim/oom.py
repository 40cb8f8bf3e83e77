"""Whether the kernel ran out of memory and killed a container, as far as that can be known cheaply.

The kernel counts the processes that it killed for memory. A container that dies of SIGKILL (or
whose shell reports that of a child: 137), which nobody asked for, while the count rose, is taken to
be one of them.
"""

from __future__ import annotations

import signal

_KILLED = 128 + signal.SIGKILL


class OutOfMemory:
    """Watches the count."""

    def __init__(self) -> None:
        self._seen = _count()

    def explains(self, exit_code: int | None, number: int | None) -> bool:
        """Whether this end is one that the kernel brought about for want of memory."""
        if number != signal.SIGKILL and exit_code != _KILLED:
            return False
        seen, self._seen = self._seen, _count()
        return self._seen > seen


def _count() -> int:
    try:
        with open("/proc/vmstat", "rb") as counters:
            for line in counters:
                if line.startswith(b"oom_kill "):
                    return int(line.split()[1])
    except OSError:
        return 0  # no such counter on this system
    return 0
