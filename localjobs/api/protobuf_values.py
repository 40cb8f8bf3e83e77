"""Single values of protobuf messages: texts, numbers, and the types that JSON writes its own way.

apimachinery: api/resource/generated.proto, apis/meta/v1/time_proto.go, util/intstr.
"""

from __future__ import annotations

from typing import Any

import msgspec

from localjobs.api.protobuf_wire import BYTES, VARINT, Malformed, Raw, fields, signed
from localjobs.api.schema import FIELDS_V1, INT_OR_STRING, MICRO_TIME, QUANTITY, TIME
from localjobs.api.timestamps import render, render_micro

# The seconds of the years 1 to 9999: all that RFC 3339 can say.
_EARLIEST, _LATEST = -62_135_596_800, 253_402_300_799


def text(name: str, wire: int, raw: Raw) -> str:
    """A string; what is no UTF-8 in it is replaced, as it is in Go's JSON."""
    return content(name, wire, raw).decode(errors="replace")


def content(name: str, wire: int, raw: Raw) -> bytes:
    """Bytes, or a message. Raises Malformed if the field is something else."""
    if wire != BYTES or not isinstance(raw, bytes):
        raise Malformed(f"proto: wrong wireType = {wire} for field {_go_name(name)}")
    return raw


def number(name: str, wire: int, raw: Raw) -> int:
    """An unsigned number. Raises Malformed if the field is something else."""
    if wire != VARINT or not isinstance(raw, int):
        raise Malformed(f"proto: wrong wireType = {wire} for field {_go_name(name)}")
    return raw


def _go_name(name: str) -> str:
    return name[:1].upper() + name[1:]


def _quantity(data: bytes) -> str:
    amount = ""
    for tag, wire, raw in fields(data):
        if tag == 1:
            amount = text("string", wire, raw)
    return amount or "0"


def _int_or_string(data: bytes) -> int | str:
    is_text, whole, words = False, 0, ""
    for tag, wire, raw in fields(data):
        if tag == 1:
            is_text = number("type", wire, raw) != 0
        elif tag == 2:
            whole = signed(number("intVal", wire, raw), 32)
        elif tag == 3:
            words = text("strVal", wire, raw)
    return words if is_text else whole


def _moment(data: bytes) -> tuple[int, int] | None:
    """Seconds since the epoch and nanoseconds; None for the zero time, which has no bytes."""
    seconds, nanos = 0, 0
    for tag, wire, raw in fields(data):
        if tag == 1:
            seconds = signed(number("seconds", wire, raw), 64)
        elif tag == 2:
            nanos = signed(number("nanos", wire, raw), 32)
    if not _EARLIEST <= seconds <= _LATEST:
        raise Malformed("Time.MarshalJSON: year outside of range [0,9999]")
    return (seconds, nanos) if data else None


def _time(data: bytes) -> str | None:
    moment = _moment(data)
    return None if moment is None else render(moment[0])


def _micro_time(data: bytes) -> str | None:
    moment = _moment(data)
    if moment is None:
        return None
    seconds, nanos = moment
    return f"{render(seconds)[:-1]}{render_micro(max(nanos, 0) // 1000 / 1e6)[-8:]}"


def _fields_v1(data: bytes) -> Any:
    raw = b"{}"
    for tag, wire, value in fields(data):
        if tag == 1:
            raw = content("Raw", wire, value)
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed(str(error)) from error


SPECIAL = {
    QUANTITY: _quantity,
    INT_OR_STRING: _int_or_string,
    TIME: _time,
    MICRO_TIME: _micro_time,
    FIELDS_V1: _fields_v1,
}
"""How the types with a JSON form of their own are read."""
