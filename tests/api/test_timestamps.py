from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api import timestamps
from localjobs.api.timestamps import TimestampError

LAYOUT = '"2006-01-02T15:04:05Z07:00"'


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05Z"),
        ("2026-01-02T03:04:05.999Z", "2026-01-02T03:04:05Z"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59Z"),
        ("2024-02-29T00:00:00-00:30", "2024-02-29T00:30:00Z"),
        ("0197-09-30T08:56:38Z", "0197-09-30T08:56:38Z"),
        ("0000-02-29T00:00:00Z", "0000-02-29T00:00:00Z"),
        ("0001-01-01T00:00:00+01:00", "0000-12-31T23:00:00Z"),
        ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59Z"),
    ],
)
def test_times_are_printed_in_utc_and_whole_seconds(text: str, printed: str) -> None:
    assert timestamps.normalized(text) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", f'parsing time "x" as {LAYOUT}: cannot parse "x" as "2006"'),
        ("", f'parsing time "" as {LAYOUT}: cannot parse "" as "2006"'),
        (
            "2026-01-02 03:04:05Z",
            f'parsing time "2026-01-02 03:04:05Z" as {LAYOUT}: cannot parse " 03:04:05Z" as "T"',
        ),
        ("2026-13-02T03:04:05Z", 'parsing time "2026-13-02T03:04:05Z": month out of range'),
        ("2026-02-30T03:04:05Z", 'parsing time "2026-02-30T03:04:05Z": day out of range'),
        ("2026-01-02T25:04:05Z", 'parsing time "2026-01-02T25:04:05Z": hour out of range'),
        (
            "9999-12-31T23:59:59-05:00",
            'parsing time "9999-12-31T23:59:59-05:00": year out of range',
        ),
        (
            "0000-01-01T00:00:00+05:00",
            'parsing time "0000-01-01T00:00:00+05:00": year out of range',
        ),
        ("2026-01-02T03:04:05Zx", 'parsing time "2026-01-02T03:04:05Zx": extra text: "x"'),
    ],
)
def test_what_is_no_time_is_refused_in_go_s_words(text: str, message: str) -> None:
    with pytest.raises(TimestampError) as caught:
        timestamps.parse(text)
    assert str(caught.value) == message


def test_micro_times_have_exactly_six_digits() -> None:
    assert timestamps.normalized_micro("2026-01-02T03:04:05.678901Z") == (
        "2026-01-02T03:04:05.678901Z"
    )
    for text in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.1234567Z"):
        with pytest.raises(TimestampError):
            timestamps.parse_micro(text)


@settings(max_examples=100, deadline=None)
@given(st.integers(-62_167_219_200, 253_402_300_799))
def test_whole_seconds_survive_printing(seconds: int) -> None:
    assert timestamps.parse(timestamps.render(seconds)) == seconds


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 * 10**6))
def test_microseconds_survive_printing(micros: int) -> None:
    printed = timestamps.render_micro(micros / 1e6)
    assert abs(timestamps.parse_micro(printed) - micros / 1e6) < 2e-6
