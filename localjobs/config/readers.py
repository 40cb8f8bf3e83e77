"""From what people write in settings to values: sizes, durations, quantities, names.

Each reader takes a value of TOML, or the text of a flag, and raises ValueError saying what
it expected.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

Reader = Callable[[Any], Any]

_SIZE = re.compile(r"(\d{1,18})\s*(|k|K|Ki|M|Mi|G|Gi|T|Ti)B?")
_SIZE_UNITS: dict[str, int] = {
    "": 1,
    "k": 10**3,
    "K": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 2**10,
    "Mi": 2**20,
    "Gi": 2**30,
    "Ti": 2**40,
}
_DURATION = re.compile(r"(\d{1,12}(?:\.\d+)?)(ms|s|m|h|d)")
_DURATION_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_QUANTITY = re.compile(r"\d+(?:\.\d+)?(?:m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?")


def read_size(value: Any) -> int:
    """Bytes, from a number or a text such as `10Mi` or `500k`."""
    match = _SIZE.fullmatch(str(value)) if _is_text_or_number(value) else None
    if match is None:
        raise ValueError("expected a size such as 1048576, 500k or 10Mi")
    return int(match[1]) * _SIZE_UNITS[match[2]]


def read_duration(value: Any) -> float:
    """Seconds, from a number or a text such as `30s` or `1h30m`."""
    text = str(value) if _is_text_or_number(value) else ""
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return float(text)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("expected seconds, or a duration such as 30s, 5m or 1h30m")
    return sum(float(number) * _DURATION_UNITS[unit] for number, unit in parts)


def read_quantity(value: Any) -> str:
    """A Kubernetes quantity as text, from a number or a text such as `500m` or `8Gi`."""
    if not _is_text_or_number(value) or not _QUANTITY.fullmatch(str(value)):
        raise ValueError('expected a quantity such as 4, "500m" or "8Gi"')
    return str(value)


def _is_text_or_number(value: Any) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool)


def whole(least: int, most: int) -> Reader:
    """A reader of whole numbers between two bounds, both allowed."""

    def read(value: Any) -> int:
        text = str(value) if _is_text_or_number(value) else ""
        if not re.fullmatch(r"-?\d{1,18}", text) or not least <= int(text) <= most:
            raise ValueError(f"expected a whole number from {least} to {most}")
        return int(text)

    return read


def read_text(value: Any) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("expected a text that is not empty")
    return value


def read_truth(value: Any) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return value


def one_of(*allowed: str) -> Reader:
    """A reader of one of these words."""

    def read(value: Any) -> str:
        if value not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}{suggestion(value, allowed)}")
        return str(value)

    return read


def read_texts(value: Any) -> tuple[str, ...]:
    """A list of texts."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
        raise ValueError('expected a list of texts, such as ["a", "b"]')
    return tuple(value)


def read_command(value: Any) -> tuple[str, ...]:
    """A command and its arguments."""
    command = read_texts(value)
    if not command or not command[0]:
        raise ValueError('expected a command and its arguments, such as ["python3", "-u"]')
    return command


def read_variables(value: Any) -> dict[str, str]:
    """A table of environment variables."""
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise ValueError('expected a table of texts, such as { LANG = "C.UTF-8" }')
    return dict(value)


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?|\*")


def read_variable_names(value: Any) -> tuple[str, ...]:
    """Names of environment variables, each perhaps a prefix with a * after it."""
    names = read_texts(value)
    for name in names:
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{name!r} is no variable's name; a * may stand at the end")
    return names


def suggestion(name: Any, allowed: Iterable[str]) -> str:
    """What to add to an error about `name`: the allowed name it is closest to, if one is close."""
    close = difflib.get_close_matches(str(name).lower().replace("_", "-"), list(allowed), n=1)
    return f" (did you mean {close[0]}?)" if close else ""
