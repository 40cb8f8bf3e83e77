"""Single JSON values as the Go types of the API read them.

A reader returns the value, or a `Mismatch` where Go notes the error and reads on; `Fatal` is
raised by the types that read their own JSON (Quantity, IntOrString, Time), which stop it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Final

from msgspec import Struct

from localjobs.admission.text import WrittenNumber
from localjobs.api import quantity, timestamps
from localjobs.api.schema import INT_OR_STRING, MICRO_TIME, QUANTITY, TIME, FieldType, Kind


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
"""What is left of a value of the wrong type."""


class Mismatch(Struct, frozen=True):
    """A value of the wrong type: what was found, and the Go type that was expected."""

    found: str
    expected: str


class Fatal(Exception):
    """An error that ends the decoding at once."""

    def __init__(self, cause: str | Mismatch) -> None:
        super().__init__(cause)
        self.cause: Final = cause


def go_kind(value: Any) -> str:
    """What Go's decoder calls a JSON value: `string`, `number`, `bool`, `array`, `object`."""
    if isinstance(value, str):
        return "string"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "array" if isinstance(value, list) else "object"


def number_text(value: float) -> str:
    """A number as it was written."""
    if isinstance(value, WrittenNumber):
        return value.text
    return repr(value)


def _found_for_integer(value: Any) -> str:
    kind = go_kind(value)
    return f"number {number_text(value)}" if kind == "number" else kind


def _string(field_type: FieldType, value: Any) -> Any:
    return value if isinstance(value, str) else Mismatch(go_kind(value), field_type.go_name)


def _boolean(field_type: FieldType, value: Any) -> Any:
    return value if isinstance(value, bool) else Mismatch(go_kind(value), field_type.go_name)


def _int32(field_type: FieldType, value: Any) -> Any:
    if type(value) is int and -(2**31) <= value < 2**31:
        return value
    return Mismatch(_found_for_integer(value), field_type.go_name)


def _int64(field_type: FieldType, value: Any) -> Any:
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    return Mismatch(_found_for_integer(value), field_type.go_name)


def _quantity(value: Any) -> str:
    kind = go_kind(value)
    text = value.strip() if kind == "string" else number_text(value) if kind == "number" else kind
    try:
        return quantity.canonical(text)
    except quantity.QuantityError as error:
        raise Fatal(str(error)) from None


def _int_or_string(value: Any) -> str | int:
    if isinstance(value, str) or (type(value) is int and -(2**31) <= value < 2**31):
        return value
    raise Fatal(Mismatch(_found_for_integer(value), "int32"))


def _time(value: Any) -> str:
    return _timestamp(value, timestamps.normalized)


def _micro_time(value: Any) -> str:
    return _timestamp(value, timestamps.normalized_micro)


def _timestamp(value: Any, normalized: Callable[[str], str]) -> str:
    if not isinstance(value, str):
        raise Fatal(Mismatch(go_kind(value), "string"))
    try:
        return normalized(value)
    except timestamps.TimestampError as error:
        raise Fatal(str(error)) from None


def _as_it_is(value: Any) -> Any:
    return value


_SPECIAL: Mapping[str, Callable[[Any], Any]] = {
    QUANTITY: _quantity,
    INT_OR_STRING: _int_or_string,
    TIME: _time,
    MICRO_TIME: _micro_time,
}


def _special(field_type: FieldType, value: Any) -> Any:
    return _SPECIAL.get(field_type.name, _as_it_is)(value)


READERS: Mapping[Kind, Callable[[FieldType, Any], Any]] = {
    Kind.STRING: _string,
    Kind.BOOLEAN: _boolean,
    Kind.INT32: _int32,
    Kind.INT64: _int64,
    Kind.SPECIAL: _special,
}


def normalized_base64(text: str) -> str:
    """Base64 as Go prints it again; ValueError in Go's words if it is none."""
    stripped = text.replace("\n", "").replace("\r", "")
    try:
        data = binascii.a2b_base64(stripped.encode("ascii", "replace"), strict_mode=True)
    except binascii.Error:
        raise ValueError(f"illegal base64 data at input byte {_bad_byte(text)}") from None
    return base64.b64encode(data).decode()


_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")


def _bad_byte(text: str) -> int:
    """The offset that Go's decoder gives up at (encoding/base64, decodeQuantum)."""
    places = [at for at, character in enumerate(text) if character not in "\r\n"]
    for count, at in enumerate(places):
        if text[at] in _ALPHABET:
            continue
        in_quantum = count % 4
        if text[at] != "=" or in_quantum < 2:
            return at
        if in_quantum == 3:
            return places[count + 1]
        if count + 1 == len(places):
            return len(text)
        return at if text[places[count + 1]] != "=" else places[count + 2]
    return len(text) - len(places) % 4
