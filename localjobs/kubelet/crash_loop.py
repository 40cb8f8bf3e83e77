"""How long a container that keeps ending must wait before it starts again.

The kubelet's back-off per container (pkg/kubelet/kuberuntime, doBackOff over
client-go/util/flowcontrol): the first restart is immediate, the next waits 10 s from the
container's end, then twice as long each time, up to 5 minutes. A container that ran for longer
than twice the longest delay starts over.
"""

from __future__ import annotations

from msgspec import Struct

FIRST_DELAY = 10.0
LONGEST_DELAY = 300.0
RESET_AFTER = 2 * LONGEST_DELAY


class CrashLoop(Struct, frozen=True):
    """The back-off of one container: the delay in force and when it was last raised."""

    delay: float
    raised_at: float

    @classmethod
    def after_restarts(cls, restarts: int, finished_at: float) -> CrashLoop | None:
        """The back-off of a container that was restarted so often, last ended then.

        For a daemon that comes back and knows only the pod's status.
        """
        if restarts <= 0:
            return None
        exponent = min(restarts - 1, 32)
        return cls(min(FIRST_DELAY * 2.0**exponent, LONGEST_DELAY), finished_at)


def may_start_at(loop: CrashLoop | None, finished_at: float) -> float:
    """When a container that ended at `finished_at` may start again."""
    if loop is None or _expired(loop, finished_at):
        return finished_at
    return finished_at + loop.delay


def raised(loop: CrashLoop | None, finished_at: float, now: float) -> CrashLoop:
    """The back-off once the container that ended at `finished_at` is started again, now."""
    if loop is None or _expired(loop, finished_at):
        return CrashLoop(FIRST_DELAY, now)
    return CrashLoop(min(loop.delay * 2, LONGEST_DELAY), now)


def _expired(loop: CrashLoop, finished_at: float) -> bool:
    return finished_at - loop.raised_at > RESET_AFTER


def render_delay(seconds: float) -> str:
    """A delay as Go prints a time.Duration: `10s`, `1m20s`, `5m0s`."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
