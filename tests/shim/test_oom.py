from __future__ import annotations

import signal

import pytest

from localjobs.shim import oom
from localjobs.shim.oom import OutOfMemory


@pytest.mark.parametrize(
    ("exit_code", "number", "kills", "expected"),
    [
        (None, signal.SIGKILL, 1, True),
        (137, None, 1, True),
        (None, signal.SIGKILL, 0, False),
        (None, signal.SIGTERM, 1, False),
        (1, None, 1, False),
    ],
)
def test_a_kill_that_nobody_asked_for_while_the_kernel_killed(
    monkeypatch: pytest.MonkeyPatch,
    exit_code: int | None,
    number: int | None,
    kills: int,
    expected: bool,
) -> None:
    count = 5
    monkeypatch.setattr(oom, "_count", lambda: count)
    watch = OutOfMemory()
    count += kills
    assert watch.explains(exit_code, number) is expected
    assert not watch.explains(None, signal.SIGKILL) or not expected
