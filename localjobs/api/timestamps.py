"""Times on objects: RFC 3339, in UTC and whole seconds; micro times have six more digits.

Texts are read as Go's `time.Parse` reads them, errors included (metav1.Time, metav1.MicroTime).
Everywhere else a time is a float: seconds since the epoch.
"""

from __future__ import annotations

import calendar
import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_CYCLE_YEARS, _CYCLE_SECONDS = 400, 146_097 * 86_400
"""After so many years the calendar repeats; Python's knows no year 0, and this brings it near."""
_FIRST, _LAST = -62_167_219_200, 253_402_300_800
"""The years 0 to 9999, which four digits can write: what is outside could not be read again."""


class TimestampError(ValueError):
    """A text that is no time, in the words of Go's `time.Parse`."""


class _Part(NamedTuple):
    layout: str
    pattern: re.Pattern[str]
    name: str = ""


def _part(layout: str, pattern: str, name: str = "") -> _Part:
    return _Part(layout, re.compile(pattern, re.ASCII), name)


_DATE_AND_TIME = (
    _part("2006", r"(\d{4})", "year"),
    _part("-", "-"),
    _part("01", r"(\d\d)", "month"),
    _part("-", "-"),
    _part("02", r"(\d\d)", "day"),
    _part("T", "T"),
    _part("15", r"(\d\d?)", "hour"),
    _part(":", ":"),
    _part("04", r"(\d\d)", "minute"),
    _part(":", ":"),
)
_ZONE = _part("Z07:00", r"(Z|[+-]\d\d:\d\d)", "zone")
_PARTS = (*_DATE_AND_TIME, _part("05", r"(\d\d(?:[.,]\d+)?)", "second"), _ZONE)
_MICRO_PARTS = (
    *_DATE_AND_TIME,
    _part("05", r"(\d\d)", "second"),
    _part(".000000", r"([.,]\d{6})(?!\d)", "fraction"),
    _ZONE,
)


def parse(text: str) -> float:
    """Seconds since the epoch; TimestampError if it is no RFC 3339 time."""
    return _seconds(text, _LAYOUT, _PARTS)


def parse_micro(text: str) -> float:
    """As `parse`, for a micro time: exactly six digits behind the seconds."""
    return _seconds(text, _MICRO_LAYOUT, _MICRO_PARTS)


def _seconds(text: str, layout: str, parts: tuple[_Part, ...]) -> float:
    values = _read(text, layout, parts)
    year, month, day = (int(values[name]) for name in ("year", "month", "day"))
    hour, minute = int(values["hour"]), int(values["minute"])
    second = float((values["second"] + values.get("fraction", "")).replace(",", "."))
    _check(text, "month", 1 <= month <= 12)
    known_year = year or _CYCLE_YEARS
    _check(text, "day", 1 <= day <= calendar.monthrange(known_year, month)[1])
    _check(text, "hour", hour < 24)
    _check(text, "minute", minute < 60)
    _check(text, "second", second < 60)
    whole = calendar.timegm((known_year, month, day, hour, minute, 0))
    found = whole + second - _offset(values["zone"]) - (0 if year else _CYCLE_SECONDS)
    _check(text, "year", _FIRST <= found < _LAST)
    return found


def _check(text: str, name: str, is_in_range: bool) -> None:
    if not is_in_range:
        raise TimestampError(f'parsing time "{text}": {name} out of range')


def _read(text: str, layout: str, parts: tuple[_Part, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    position = 0
    for part in parts:
        found = part.pattern.match(text, position)
        if found is None:
            rest = text[position:]
            raise TimestampError(
                f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{part.layout}"'
            )
        if part.name:
            values[part.name] = found[1]
        position = found.end()
    if position < len(text):
        raise TimestampError(f'parsing time "{text}": extra text: "{text[position:]}"')
    return values


def _offset(zone: str) -> int:
    if zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:6]) * 60
    return seconds if zone[0] == "+" else -seconds


def render(seconds: float) -> str:
    """`2026-01-02T03:04:05Z`: the second that the time is in."""
    return _render_second(math.floor(seconds))


@lru_cache(maxsize=1024)
def _render_second(second: int) -> str:
    # Cached: in the busiest seconds thousands of objects get the same text.
    cycles, rest = divmod(second, _CYCLE_SECONDS)
    near = datetime.fromtimestamp(rest, UTC)
    year = near.year + cycles * _CYCLE_YEARS  # strftime would write few digits for early years
    return f"{year:04}-{near:%m-%dT%H:%M:%SZ}"


def render_micro(seconds: float) -> str:
    """`2026-01-02T03:04:05.678901Z`: as micro times are printed."""
    whole = math.floor(seconds)
    micros = min(round((seconds - whole) * 1e6), 999_999)
    return f"{render(whole)[:-1]}.{micros:06}Z"


@lru_cache(maxsize=1024)
def normalized(text: str) -> str:
    """The time as upstream prints it: in UTC, without fractions. TimestampError if it is none."""
    return render(parse(text))


def normalized_micro(text: str) -> str:
    """The micro time as upstream prints it. TimestampError if it is none."""
    return render_micro(parse_micro(text))
