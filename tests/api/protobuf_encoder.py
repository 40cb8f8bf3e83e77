"""Objects written as protobuf, the way client-go does: the mirror of `localjobs.api.protobuf`."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from localjobs.api.protobuf import PREFIX, embedded_numbers
from localjobs.api.schema import (
    FIELDS_V1,
    INT_OR_STRING,
    QUANTITY,
    SCHEMA,
    FieldType,
    Kind,
)
from localjobs.api.timestamps import parse, parse_micro


def encode(obj: dict[str, Any], type_name: str) -> bytes:
    """A request body for this object."""
    type_meta = _chunk(1, obj["apiVersion"].encode()) + _chunk(2, obj["kind"].encode())
    members = {key: one for key, one in obj.items() if key not in ("apiVersion", "kind")}
    raw = message(members, type_name)
    return PREFIX + _chunk(1, type_meta) + _chunk(2, raw) + _chunk(3, b"") + _chunk(4, b"")


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _chunk(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def _whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def message(obj: dict[str, Any], type_name: str) -> bytes:
    schema = SCHEMA.type(type_name)
    out = b""
    embedded: dict[str, bytes] = {}
    for name, value in obj.items():
        field = schema.fields[name]
        if field.proto:
            out += b"".join(_field(field.proto, field.type, value))
            continue
        for wrapper, (_, short_name) in schema.proto_only.items():
            if name in embedded_numbers(short_name):
                number = embedded_numbers(short_name)[name]
                chunk = b"".join(_field(number, field.type, value))
                embedded[wrapper] = embedded.get(wrapper, b"") + chunk
    for wrapper, data in embedded.items():
        out += _chunk(schema.proto_only[wrapper][0], data)
    return out


def _field(number: int, of: FieldType, value: Any) -> Iterator[bytes]:
    if of.kind is Kind.LIST:
        assert of.element is not None
        for item in value:
            yield from _field(number, of.element, item)
    elif of.kind is Kind.MAP:
        assert of.element is not None
        for key, item in value.items():
            pair = _chunk(1, key.encode()) + b"".join(_map_value(of.element, item))
            yield _chunk(number, pair)
    elif of.kind in (Kind.INT32, Kind.INT64, Kind.BOOLEAN):
        yield _whole(number, int(value))
    else:
        yield _chunk(number, _content(of, value))


def _map_value(of: FieldType, value: Any) -> Iterator[bytes]:
    if of.kind is Kind.LIST:
        yield _chunk(2, b"".join(_chunk(1, one.encode()) for one in value))
    else:
        yield from _field(2, of, value)


def _content(of: FieldType, value: Any) -> bytes:
    if of.kind is Kind.STRING:
        return bytes(value.encode())
    if of.kind is Kind.BYTES:
        return base64.b64decode(value)
    if of.kind is Kind.STRUCT:
        return message(value, of.name)
    if of.name == QUANTITY:
        return _chunk(1, value.encode())
    if of.name == FIELDS_V1:
        return _chunk(1, json.dumps(value).encode())
    if of.name == INT_OR_STRING:
        is_text = isinstance(value, str)
        return _whole(1, is_text) + (_chunk(3, value.encode()) if is_text else _whole(2, value))
    seconds = parse_micro(value) if "." in value else parse(value)
    micros = round(seconds % 1 * 1e6)
    return _whole(1, int(seconds // 1)) + _whole(2, micros * 1000)
