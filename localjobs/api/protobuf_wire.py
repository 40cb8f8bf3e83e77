"""The protobuf wire format: numbered fields, read without knowing what they mean.

The complaints are those of the code that upstream generates for its types (gogo/protobuf).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32 = range(6)
_FIXED = {FIXED64: 8, FIXED32: 4}
_MOST_VARINT_BYTES = 10
_MOST_GROUPS = 100
_MASK64 = (1 << 64) - 1

Raw: TypeAlias = int | bytes
"""A field's value as it stands on the wire: a varint, or bytes."""


class Malformed(Exception):
    """Bytes that are no protobuf message of the expected type."""


def fields(data: bytes) -> Iterator[tuple[int, int, Raw]]:
    """The fields of a message in order: number, wire type, value. Raises Malformed.

    Groups and fixed-size numbers, which no type of Kubernetes has, come out as empty bytes.
    """
    at, end = 0, len(data)
    while at < end:
        tag, at = (data[at], at + 1) if data[at] < 0x80 else varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == BYTES and number and at < end and data[at] < 0x80:
            # Nearly all there is: a short text or message.
            start, at = at + 1, at + 1 + data[at]
            if at > end:
                raise Malformed("unexpected EOF")
            yield number, wire, data[start:at]
            continue
        if wire == END_GROUP:
            raise Malformed("proto: wiretype end group for non-group")
        if not 0 < number < 1 << 31:
            raise Malformed(f"proto: illegal tag {number} (wire type {wire})")
        if wire == VARINT:
            value, at = varint(data, at)
            yield number, wire, value
        elif wire == BYTES:
            content, at = _delimited(data, at)
            yield number, wire, content
        else:
            at = _skipped(data, at, wire)
            yield number, wire, b""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned number at this place, and the place after it. Raises Malformed."""
    value = 0
    for count in range(_MOST_VARINT_BYTES):
        if at + count >= len(data):
            raise Malformed("unexpected EOF")
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value & _MASK64, at + count + 1
    raise Malformed("proto: integer overflow")


def signed(value: int, bits: int) -> int:
    """A varint as an integer of this many bits: the lower ones count, as in Go."""
    half = 1 << (bits - 1)
    return (value + half) % (1 << bits) - half


def _delimited(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = varint(data, at)
    if signed(length, 64) < 0:
        raise Malformed("proto: negative length found during unmarshaling")
    if start + length > len(data):
        raise Malformed("unexpected EOF")
    return data[start : start + length], start + length


def _skipped(data: bytes, at: int, wire: int) -> int:
    """The place after a value that is of no use."""
    depth = 0
    while True:
        at, deeper = _after(data, at, wire)
        depth += deeper
        if depth <= 0:
            return at
        if depth > _MOST_GROUPS:
            raise Malformed("proto: groups are nested too deeply")
        tag, at = varint(data, at)
        wire = tag & 7


def _after(data: bytes, at: int, wire: int) -> tuple[int, int]:
    """The place after a value of this wire type, and how many groups deeper that is."""
    if wire in _FIXED:
        end = at + _FIXED[wire]
        if end > len(data):
            raise Malformed("unexpected EOF")
        return end, 0
    if wire == VARINT:
        return varint(data, at)[1], 0
    if wire == BYTES:
        return _delimited(data, at)[1], 0
    if wire in (GROUP, END_GROUP):
        return at, 1 if wire == GROUP else -1
    raise Malformed(f"proto: illegal wireType {wire}")
