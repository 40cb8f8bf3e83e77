"""What a YAML scalar means: YAML 1.1 as kubectl's YAML library reads it, then as JSON.

The rules are those of go-yaml v2 (`resolve.go`) followed by sigs.k8s.io/yaml's conversion to
JSON: unquoted `yes`, `no`, `on`, `off`, `y` and `n` are booleans, numbers may be octal and
hold underscores, timestamps stay strings, `!!binary` becomes text, and a number without a
fraction is an integer whichever way it is written.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

_TAG = "tag:yaml.org,2002:"
PLAIN = "?"
"""The tag of a scalar written without quotes and without a tag of its own."""
STRING = _TAG + "str"
BINARY = _TAG + "binary"
MERGE = _TAG + "merge"

_TYPES: dict[str, tuple[type, ...]] = {
    _TAG + "bool": (bool,),
    _TAG + "int": (int,),
    _TAG + "float": (float, int),
    _TAG + "null": (type(None),),
    _TAG + "timestamp": (str,),
}

_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(
        ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True
    ),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE"), False),
    **dict.fromkeys(("off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMERIC_START = frozenset("+-.0123456789")
_INTEGER = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_BASES = (16, 2, 8, 10)
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1
_MOST_DIGITS = 64  # of such a number in any base
# Go writes floats below this without an exponent: as integers, when they have no fraction.
_PLAIN_FLOATS_BELOW = 1e21


class ScalarError(ValueError):
    """A scalar that does not fit its tag, or that JSON cannot say."""


def scalar(tag: str, text: str) -> Any:
    """The JSON value of a scalar: str, int, float, bool or None; ScalarError if there is none."""
    if tag == PLAIN:
        return _as_json(_plain(text))
    if tag == BINARY:
        return _binary(text)
    expected = _TYPES.get(tag)
    if expected is None:
        return text
    value = _plain(text)
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        raise ScalarError(f"cannot decode `{text}` as a !!{tag.removeprefix(_TAG)}")
    return _as_json(value)


def key(tag: str, text: str) -> str:
    """The member name that a mapping's key becomes: numbers and booleans as they print."""
    value = scalar(tag, text)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise ScalarError("a key may not be null")
    return str(value)


def _plain(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMERIC_START:
        return text
    number = text if text[0] == "." else text.replace("_", "")
    if (integer := _integer(number)) is not None:
        return integer
    return _float(number, text)


def _integer(number: str) -> int | None:
    match = _INTEGER.fullmatch(number)
    if match is None:
        return None
    sign, *digits = match.groups()
    base, written = next(
        (base, digits) for base, digits in zip(_BASES, digits, strict=True) if digits is not None
    )
    significant = written.lstrip("0")
    if len(significant) > _MOST_DIGITS:
        return None
    value = int(significant or "0", base) * (-1 if sign == "-" else 1)
    return value if _SMALLEST <= value <= _LARGEST else None


def _float(number: str, text: str) -> Any:
    if not _FLOAT.fullmatch(number):
        return text
    value = float(number)
    return text if math.isinf(value) else value


def _as_json(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise ScalarError(f"{_non_finite(value)} is no JSON number")
    if value.is_integer() and abs(value) < _PLAIN_FLOATS_BELOW:
        return int(value)
    return value


def _non_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")


def _binary(text: str) -> str:
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ScalarError("!!binary value contains invalid base64 data") from error
    return data.decode("utf-8", "replace")
