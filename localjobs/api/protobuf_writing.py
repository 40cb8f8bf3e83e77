"""JSON objects written in Kubernetes' protobuf form: the mirror of `protobuf`.

apimachinery/pkg/runtime/serializer/protobuf: the bytes `k8s\\0` and a runtime.Unknown that has the
object's message. Watches send metav1.WatchEvent messages, each after its length in four bytes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import msgspec

from localjobs.api.objects import Object
from localjobs.api.protobuf import PREFIX, embedded_numbers, type_of
from localjobs.api.protobuf_wire import BYTES
from localjobs.api.schema import FIELDS_V1, INT_OR_STRING, QUANTITY, SCHEMA, FieldType, Kind
from localjobs.api.timestamps import parse, parse_micro

_META_V1 = "io.k8s.apimachinery.pkg.apis.meta.v1"
_MASK64 = (1 << 64) - 1
_NANOS = 1_000


def encode(obj: Object) -> bytes:
    """An object, or a list of them. Raises BadRequest for a kind that the table does not know."""
    api_version, kind = obj["apiVersion"], obj["kind"]
    type_meta = _chunk(1, api_version.encode()) + _chunk(2, kind.encode())
    raw = _content_of(api_version, kind, obj)
    return PREFIX + _chunk(1, type_meta) + _chunk(2, raw) + _chunk(3, b"") + _chunk(4, b"")


def watch_frame(event_type: str, obj: Object) -> bytes:
    """An event of a watch."""
    event = _chunk(1, event_type.encode()) + _chunk(2, _chunk(1, encode(obj)))
    return len(event).to_bytes(4, "big") + event


def _content_of(api_version: str, kind: str, obj: Object) -> bytes:
    if "items" in obj:
        one = kind.removesuffix("List")
        head = _chunk(1, message(obj.get("metadata") or {}, f"{_META_V1}.ListMeta"))
        items = (_content_of(api_version, one, item) for item in obj["items"] or ())
        return head + b"".join(_chunk(2, item) for item in items)
    if kind == "PartialObjectMetadata":
        return _chunk(1, message(obj["metadata"], f"{_META_V1}.ObjectMeta"))
    return message(obj, type_of(api_version, kind))


def message(obj: Object, type_name: str) -> bytes:
    """The message of an object of this type of the schema table."""
    schema = SCHEMA.type(type_name)
    out: list[bytes] = []
    embedded: dict[str, list[bytes]] = {}
    for name, value in obj.items():
        if value is None:
            continue
        field = schema.fields[name]
        if field.proto:
            out += _field(field.proto, field.type, value)
            continue
        for wrapper, (_, short_name) in schema.proto_only.items():
            number = embedded_numbers(short_name).get(name)
            if number:
                embedded.setdefault(wrapper, []).extend(_field(number, field.type, value))
    out += (_chunk(schema.proto_only[name][0], b"".join(inner)) for name, inner in embedded.items())
    return b"".join(out)


def varint(value: int) -> bytes:
    """A number in as many bytes as it takes; negative ones take ten."""
    value &= _MASK64
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _chunk(number: int, data: bytes) -> bytes:
    return varint(number << 3 | BYTES) + varint(len(data)) + data


def _whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def _field(number: int, of: FieldType, value: Any) -> Iterator[bytes]:
    if of.kind is Kind.LIST:
        assert of.element is not None
        for item in value:
            yield from _field(number, of.element, item)
    elif of.kind is Kind.MAP:
        assert of.element is not None
        for key, item in value.items():
            yield _chunk(number, _chunk(1, key.encode()) + _map_value(of.element, item))
    elif of.kind in (Kind.INT32, Kind.INT64, Kind.BOOLEAN):
        yield _whole(number, int(value))
    else:
        yield _chunk(number, _content(of, value))


def _map_value(of: FieldType, value: Any) -> bytes:
    if of.kind is Kind.LIST:
        return _chunk(2, b"".join(_chunk(1, one.encode()) for one in value))
    return b"".join(_field(2, of, value))


def _content(of: FieldType, value: Any) -> bytes:
    if of.kind is Kind.STRING:
        return bytes(value.encode())
    if of.kind is Kind.BYTES:
        return base64.b64decode(value)
    if of.kind is Kind.STRUCT:
        return message(value, of.name)
    if of.name == QUANTITY:
        return _chunk(1, str(value).encode())
    if of.name == FIELDS_V1:
        return _chunk(1, msgspec.json.encode(value))
    if of.name == INT_OR_STRING:
        is_text = isinstance(value, str)
        return _whole(1, is_text) + (_chunk(3, value.encode()) if is_text else _whole(2, value))
    return _moment(value)


def _moment(text: str) -> bytes:
    seconds = parse_micro(text) if "." in text else parse(text)
    micros = round(seconds * 1_000_000)
    return _whole(1, micros // 1_000_000) + _whole(2, micros % 1_000_000 * _NANOS)
