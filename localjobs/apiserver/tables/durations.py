"""Ages and durations as people read them (apimachinery/pkg/util/duration/duration.go)."""

MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400

_STEPS = (
    # below this many seconds: (large unit, its letter, small unit, its letter)
    (2 * MINUTE, (1, "s", 0, "")),
    (10 * MINUTE, (MINUTE, "m", 1, "s")),
    (3 * HOUR, (MINUTE, "m", 0, "")),
    (8 * HOUR, (HOUR, "h", MINUTE, "m")),
    (2 * DAY, (HOUR, "h", 0, "")),
    (8 * DAY, (DAY, "d", HOUR, "h")),
    (2 * YEAR, (DAY, "d", 0, "")),
    (8 * YEAR, (YEAR, "y", DAY, "d")),
)


def human_duration(seconds: float) -> str:
    """Two significant units for what is short of a round number, one for the rest.

    A clock that is a little behind (down to two seconds) reads as "0s", more as "<invalid>".
    """
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 0:
        return "0s"
    for limit, (large, large_letter, small, small_letter) in _STEPS:
        if whole < limit:
            count, rest = divmod(whole, large)
            fine = rest // small if small else 0
            return f"{count}{large_letter}" + (f"{fine}{small_letter}" if fine else "")
    return f"{whole // YEAR}y"
