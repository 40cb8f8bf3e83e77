"""The one table of every type's fields, and all that follows from it.

`schema.json` holds, per type: each field's type, list keys, patch strategy, protobuf number, and
how upstream's structs print it (pointer or value, with or without omitempty). Decoding, unknown
fields, patches, field ownership, protobuf and OpenAPI are all read from here.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

_API = "io.k8s.apimachinery.pkg."
QUANTITY = f"{_API}api.resource.Quantity"
INT_OR_STRING = f"{_API}util.intstr.IntOrString"
TIME = f"{_API}apis.meta.v1.Time"
MICRO_TIME = f"{_API}apis.meta.v1.MicroTime"
FIELDS_V1 = f"{_API}apis.meta.v1.FieldsV1"
OBJECT_META = f"{_API}apis.meta.v1.ObjectMeta"
LABEL_SELECTOR = f"{_API}apis.meta.v1.LabelSelector"

_GO_SCALARS = {"boolean": "bool", "byte": "[]uint8", QUANTITY: "resource.Quantity"}
_Raw: TypeAlias = dict[str, Any]


class Kind(Enum):
    """What JSON value a type takes."""

    STRING = "string"
    INT32 = "int32"
    INT64 = "int64"
    BOOLEAN = "boolean"
    BYTES = "byte"
    """Base64 text."""
    STRUCT = "struct"
    LIST = "list"
    MAP = "map"
    SPECIAL = "special"
    """A type with a JSON form of its own: Quantity, IntOrString, Time, MicroTime, FieldsV1."""


class FieldType(Struct, frozen=True):
    """The type of a field, of a list's items or of a map's values."""

    kind: Kind
    name: str = ""
    """The key in the table, for STRUCT and SPECIAL."""
    element: FieldType | None = None
    """Items of a LIST, values of a MAP."""
    go_name: str = ""
    """The type as upstream's decoding errors print it: `int32`, `[]v1.Container`."""


class FieldSchema(Struct, frozen=True):
    """One field of a type."""

    name: str
    type: FieldType
    required: bool = False
    pointer: bool = False
    """A scalar that tells "not set" from zero, or a struct that may be absent."""
    omit_empty: bool = True
    """Whether a zero value is left out when printed."""
    list_type: str = ""
    """`map`, `set`, `atomic`, or ""."""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    """`atomic`, or ""."""
    patch_strategy: tuple[str, ...] = ()
    """`merge`, `retainKeys`."""
    patch_merge_key: str = ""
    proto: int = 0
    """The protobuf field number; 0 for none."""
    proto_type: str = ""
    default: Any = None
    """A default that structured merges assume for a list key, such as `protocol: TCP`."""


@dataclass(frozen=True)
class TypeSchema:
    """One type of the table."""

    name: str
    fields: Mapping[str, FieldSchema] = field(default_factory=dict)
    scalar: str = ""
    """`date-time`, `int-or-string`, `any`, `object` for a type with a JSON form of its own."""
    map_type: str = ""
    """`atomic`: server-side apply owns it as a whole."""
    unions: tuple[Mapping[str, Any], ...] = ()
    proto_only: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Members that exist in protobuf alone: name -> (number, type)."""

    @cached_property
    def short_name(self) -> str:
        """`JobSpec`: the struct's name in decoding errors."""
        return self.name.rsplit(".", 1)[-1]

    @cached_property
    def always(self) -> tuple[FieldSchema, ...]:
        """The fields that are printed even when nobody set them."""
        return tuple(one for one in self.fields.values() if _always_printed(one))


def _always_printed(one: FieldSchema) -> bool:
    if one.name == "creationTimestamp":  # omitzero, the only one
        return False
    value_struct = one.type.kind in (Kind.STRUCT, Kind.SPECIAL) and not one.pointer
    return value_struct or not one.omit_empty


class Schema:
    """The table of the package: read when it is first used, each type built when asked for."""

    def __init__(self) -> None:
        self._types: dict[str, TypeSchema] = {}

    @cached_property
    def _raw(self) -> Mapping[str, _Raw]:
        text = pkgutil.get_data(__name__, "schema.json")
        assert text is not None  # it is part of the package
        table: dict[str, _Raw] = msgspec.json.decode(text)
        return table

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def names(self) -> list[str]:
        """Every type's key, sorted."""
        return sorted(self._raw)

    def type(self, name: str) -> TypeSchema:
        """The type with this key, `io.k8s.api.batch.v1.JobSpec`. KeyError if there is none."""
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._build(name, self._raw[name])
        return found

    def _build(self, name: str, raw: _Raw) -> TypeSchema:
        required = frozenset(raw.get("required", ()))
        fields = {
            key: self._field(key, one, key in required)
            for key, one in raw.get("fields", {}).items()
        }
        return TypeSchema(
            name,
            fields,
            raw.get("scalar", ""),
            raw.get("mapType", ""),
            tuple(raw.get("unions", ())),
            {key: (number, kind) for key, (number, kind) in raw.get("protoOnly", {}).items()},
        )

    def _field(self, name: str, raw: _Raw, required: bool) -> FieldSchema:
        return FieldSchema(
            name,
            self._field_type(raw["type"], raw.get("goType", "")),
            required,
            pointer=raw.get("pointer", False),
            omit_empty=not raw.get("always", False),
            list_type=raw.get("listType", ""),
            list_map_keys=tuple(raw.get("listMapKeys", ())),
            map_type=raw.get("mapType", ""),
            patch_strategy=tuple(filter(None, raw.get("patchStrategy", "").split(","))),
            patch_merge_key=raw.get("patchMergeKey", ""),
            proto=raw.get("proto", 0),
            proto_type=raw.get("protoType", ""),
            default=raw.get("default"),
        )

    def _field_type(self, raw: str | list[Any], go_name: str) -> FieldType:
        if isinstance(raw, list):
            return self._container_type(raw, go_name)
        if raw in _KINDS:
            return FieldType(_KINDS[raw], "", None, go_name or _GO_SCALARS.get(raw, raw))
        kind = Kind.SPECIAL if "scalar" in self._raw[raw] else Kind.STRUCT
        printed = _GO_SCALARS.get(raw) or f"v1.{raw.rsplit('.', 1)[-1]}"
        return FieldType(kind, raw, None, go_name or printed)

    def _container_type(self, raw: list[Any], go_name: str) -> FieldType:
        outer, inner = raw
        if outer == "map":
            element = self._field_type(inner, "")
            return FieldType(Kind.MAP, "", element, go_name or f"map[string]{element.go_name}")
        element = self._field_type(inner, go_name)
        return FieldType(Kind.LIST, "", element, f"[]{element.go_name}")


_KINDS = {
    kind.value: kind for kind in (Kind.STRING, Kind.INT32, Kind.INT64, Kind.BOOLEAN, Kind.BYTES)
}


SCHEMA = Schema()
