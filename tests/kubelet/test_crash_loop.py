from hypothesis import given
from hypothesis import strategies as st

from localjobs.kubelet.crash_loop import (
    LONGEST_DELAY,
    RESET_AFTER,
    CrashLoop,
    may_start_at,
    raised,
    render_delay,
)


def test_the_first_restart_is_immediate_then_the_delay_doubles_up_to_five_minutes() -> None:
    loop, now, delays = None, 1000.0, []
    for _ in range(8):
        start = may_start_at(loop, now)
        delays.append(start - now)
        loop = raised(loop, now, start)
        now = start  # it ends as soon as it starts
    assert delays == [0, 10, 20, 40, 80, 160, 300, 300]


def test_a_long_run_resets_the_delay() -> None:
    loop = CrashLoop(160.0, raised_at=1000.0)
    at_the_limit, beyond = 1000.0 + RESET_AFTER, 1000.0 + RESET_AFTER + 1
    assert may_start_at(loop, at_the_limit) == at_the_limit + 160
    assert may_start_at(loop, beyond) == beyond
    assert raised(loop, beyond, beyond) == CrashLoop(10.0, beyond)


@given(st.integers(0, 50))
def test_a_back_off_known_from_restarts_is_the_one_that_grew_with_them(restarts: int) -> None:
    loop = None
    for _ in range(restarts):
        loop = raised(loop, 0.0, 0.0)
    assert CrashLoop.after_restarts(restarts, 0.0) == loop
    assert loop is None or loop.delay <= LONGEST_DELAY


def test_delays_are_written_as_go_writes_them() -> None:
    assert [render_delay(s) for s in (10, 40, 60, 80, 300)] == [
        "10s",
        "40s",
        "1m0s",
        "1m20s",
        "5m0s",
    ]
