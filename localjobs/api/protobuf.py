"""Request bodies in Kubernetes' protobuf form, read into JSON objects.

A body is the four bytes `k8s\\0` and a runtime.Unknown: the object's apiVersion and kind, and its
message (apimachinery/pkg/runtime/serializer/protobuf). The fields' numbers come from the schema
table; what Go would hold after reading the message is what the JSON object says, zero values
included: decoding tells those that mean something from those that do not.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.protobuf_values import SPECIAL, content, number, text
from localjobs.api.protobuf_wire import BYTES, VARINT, Malformed, Raw, fields, signed, varint
from localjobs.api.schema import SCHEMA, FieldSchema, FieldType, Kind
from localjobs.errors import BadRequest

PREFIX = b"k8s\0"
_META_V1 = "io.k8s.apimachinery.pkg.apis.meta.v1"
_CORE_V1 = "io.k8s.api.core.v1"

# Structs that Go embeds are messages of their own; JSON has their fields in the outer struct, and
# the table lists them there. Their numbers, where the table knows no type for them.
_VOLUME_SOURCES = (
    *("hostPath", "emptyDir", "gcePersistentDisk", "awsElasticBlockStore", "gitRepo", "secret"),
    *("nfs", "iscsi", "glusterfs", "persistentVolumeClaim", "rbd", "flexVolume", "cinder"),
    *("cephfs", "flocker", "downwardAPI", "fc", "azureFile", "configMap", "vsphereVolume"),
    *("quobyte", "azureDisk", "photonPersistentDisk", "portworxVolume", "scaleIO", "projected"),
    *("storageos", "csi", "ephemeral", "image"),
)
_EMBEDDED: Mapping[str, Mapping[str, int]] = {
    "VolumeSource": {name: number for number, name in enumerate(_VOLUME_SOURCES, 1)},
    "ProbeHandler": {"exec": 1, "httpGet": 2, "tcpSocket": 3, "grpc": 4},
}
# An ephemeral container's common part is a container, number for number.
_SAME_AS = {"EphemeralContainerCommon": "Container"}


def decode(data: bytes) -> Object:
    """The object in a protobuf body. Raises BadRequest for what is none, or of no known type."""
    if not data.startswith(PREFIX):
        raise BadRequest(
            "provided data does not appear to be a protobuf message, expected prefix "
            f"[{' '.join(str(byte) for byte in PREFIX)}]"
        )
    try:
        api_version, kind, raw = _unknown(data[len(PREFIX) :])
        type_name = type_of(api_version, kind)
        return {"apiVersion": api_version, "kind": kind, **message(raw, type_name)}
    except Malformed as error:
        raise BadRequest(f"the object provided cannot be read: {error}") from error


def _unknown(data: bytes) -> tuple[str, str, bytes]:
    api_version, kind, raw = "", "", b""
    for tag, wire, value in fields(data):
        if tag == 1:
            for inner, inner_wire, raw_text in fields(content("TypeMeta", wire, value)):
                if inner == 1:
                    api_version = text("APIVersion", inner_wire, raw_text)
                elif inner == 2:
                    kind = text("Kind", inner_wire, raw_text)
        elif tag == 2:
            raw = content("Raw", wire, value)
    return api_version, kind, raw


def type_of(api_version: str, kind: str) -> str:
    """The key in the schema table of this kind. Raises BadRequest if there is none.

    Each group has the meta kinds (DeleteOptions, say) as kinds of its own.
    """
    group, _, version = api_version.rpartition("/")
    own = f"io.k8s.api.{group.partition('.')[0] or 'core'}.{version}.{kind}"
    for name in (own, f"{_META_V1}.{kind}"):
        if kind and name in SCHEMA and SCHEMA.type(name).fields:
            return name
    raise BadRequest(f'no kind "{kind}" is registered for version "{api_version}" in scheme')


class _Embedded(Struct, frozen=True):
    """A message whose fields belong to the struct around it."""

    name: str
    plan: Mapping[int, FieldSchema | _Embedded]


@cache
def _plan(type_name: str) -> Mapping[int, FieldSchema | _Embedded]:
    """What each number of a message of this type stands for."""
    schema = SCHEMA.type(type_name)
    plan: dict[int, FieldSchema | _Embedded] = {
        one.proto: one for one in schema.fields.values() if one.proto
    }
    for name, (tag, short_name) in schema.proto_only.items():
        numbers = embedded_numbers(short_name)
        inner = {numbers[key]: one for key, one in schema.fields.items() if key in numbers}
        plan[tag] = _Embedded(name, {one: field for one, field in inner.items() if not field.proto})
    return plan


def embedded_numbers(short_name: str) -> Mapping[str, int]:
    """The numbers of the fields of a struct that others embed, by their JSON names."""
    if short_name in _EMBEDDED:
        return _EMBEDDED[short_name]
    known = SCHEMA.type(f"{_CORE_V1}.{_SAME_AS.get(short_name, short_name)}")
    return {key: one.proto for key, one in known.fields.items()}


def message(data: bytes, type_name: str) -> Object:
    """The JSON object of a message of this type of the schema table. Raises Malformed."""
    out: Object = {}
    _read(data, _plan(type_name), out)
    return out


def _read(data: bytes, plan: Mapping[int, FieldSchema | _Embedded], out: Object) -> None:
    for tag, wire, raw in fields(data):
        target = plan.get(tag)
        if isinstance(target, _Embedded):
            _read(content(target.name, wire, raw), target.plan, out)
        elif target is not None:
            _take(out, target, wire, raw)


def _take(out: Object, field: FieldSchema, wire: int, raw: Raw) -> None:
    """Put a field's value into the object; a field that comes again is added to."""
    name, of = field.name, field.type
    if of.kind is Kind.LIST:
        assert of.element is not None
        out.setdefault(name, []).extend(_items(name, of.element, wire, raw))
    elif of.kind is Kind.MAP:
        assert of.element is not None
        key, value = _entry(name, of.element, content(name, wire, raw))
        out.setdefault(name, {})[key] = value
    elif of.kind is Kind.STRUCT:
        _read(content(name, wire, raw), _plan(of.name), out.setdefault(name, {}))
    else:
        out[name] = _single(name, of, wire, raw)


def _items(name: str, of: FieldType, wire: int, raw: Raw) -> Iterator[Any]:
    packed = of.kind in (Kind.INT32, Kind.INT64, Kind.BOOLEAN) and wire == BYTES
    if not packed:
        yield _single(name, of, wire, raw)
        return
    data, at = content(name, wire, raw), 0
    while at < len(data):
        value, at = varint(data, at)
        yield _single(name, of, VARINT, value)


def _entry(name: str, of: FieldType, data: bytes) -> tuple[str, Any]:
    """A map's entry: a message of a key and a value, either of which may be left out."""
    key, value = "", _single(name, of, *_ABSENT[of.kind])
    for tag, wire, raw in fields(data):
        if tag == 1:
            key = text(name, wire, raw)
        elif tag == 2:
            value = _single(name, of, wire, raw)
    return key, value


_ABSENT: dict[Kind, tuple[int, Raw]] = {
    kind: (VARINT, 0) if kind in (Kind.INT32, Kind.INT64, Kind.BOOLEAN) else (BYTES, b"")
    for kind in Kind
}


def _single(name: str, of: FieldType, wire: int, raw: Raw) -> Any:
    """One value that is no collection, save for a list that is wrapped as a map's value."""
    if of.kind is Kind.STRING:
        return text(name, wire, raw)
    if of.kind in (Kind.INT32, Kind.INT64):
        return signed(number(name, wire, raw), 32 if of.kind is Kind.INT32 else 64)
    if of.kind is Kind.BOOLEAN:
        return number(name, wire, raw) != 0
    data = content(name, wire, raw)
    if of.kind is Kind.BYTES:
        return base64.b64encode(data).decode()
    if of.kind is Kind.STRUCT:
        return message(data, of.name)
    if of.kind is Kind.LIST:
        return [text(name, wire, one) for tag, wire, one in fields(data) if tag == 1]
    return SPECIAL[of.name](data)
