"""OpenAPI schemas of the types, read from the one schema table."""

import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Literal

import msgspec

from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.api.schema import (
    FIELDS_V1,
    INT_OR_STRING,
    MICRO_TIME,
    QUANTITY,
    SCHEMA,
    TIME,
    FieldSchema,
    FieldType,
    Kind,
    TypeSchema,
)
from localjobs.apiserver.discovery import SERVED

LIST_META_TYPE = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta"
_LIST_API_VERSION = "The group and version of this list's schema, such as `batch/v1`."

Version = Literal["v2", "v3"]

_PREFIX: dict[Version, str] = {"v2": "#/definitions/", "v3": "#/components/schemas/"}
_SCALARS: dict[Kind, Object] = {
    Kind.STRING: {"type": "string"},
    Kind.INT32: {"type": "integer", "format": "int32"},
    Kind.INT64: {"type": "integer", "format": "int64"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.BYTES: {"type": "string", "format": "byte"},
}
_SPECIAL: dict[str, Object] = {
    TIME: {"type": "string", "format": "date-time"},
    MICRO_TIME: {"type": "string", "format": "date-time"},
    FIELDS_V1: {"type": "object"},
    QUANTITY: {"type": "string"},
    INT_OR_STRING: {"type": "string", "format": "int-or-string"},
}
# What v3 can say and v2 cannot: either of two types.
_SPECIAL_V3: dict[str, Object] = {
    QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    INT_OR_STRING: {
        "format": "int-or-string",
        "oneOf": [{"type": "integer"}, {"type": "string"}],
    },
}


@cache
def _descriptions() -> Mapping[str, Mapping[str, str]]:
    text = pkgutil.get_data(__name__, "descriptions.json")
    assert text is not None  # it is part of the package
    found: dict[str, dict[str, str]] = msgspec.json.decode(text)
    return found


def describe(type_name: str, field: str = "") -> str:
    """What a type, or one of its fields, is for; "" where nothing is said."""
    return _descriptions().get(type_name, {}).get(field, "")


def schema_of(type_name: str, version: Version) -> Object:
    """The schema of one type."""
    described = {"description": text} if (text := describe(type_name)) else {}
    if type_name in _SPECIAL:
        special = _SPECIAL_V3.get(type_name) if version == "v3" else None
        return {**described, **(special or _SPECIAL[type_name])}
    type_ = SCHEMA.type(type_name)
    if type_.scalar:
        return described
    return {**described, **_structure(type_, version)}


def _structure(type_: TypeSchema, version: Version) -> Object:
    schema: Object = {"type": "object"}
    if required := [name for name, one in type_.fields.items() if one.required]:
        schema["required"] = required
    properties = {name: _property(type_.name, one, version) for name, one in type_.fields.items()}
    if properties:
        schema["properties"] = properties
    if type_.map_type:
        schema["x-kubernetes-map-type"] = type_.map_type
    if type_.unions:
        schema["x-kubernetes-unions"] = [dict(one) for one in type_.unions]
    if kinds := list(_kinds(type_.name)):
        schema["x-kubernetes-group-version-kind"] = kinds
    return schema


def _kinds(type_name: str) -> Iterator[Object]:
    for served in SERVED:
        resource = served.resource
        if resource.type_name == type_name:
            yield group_version_kind(resource.group, resource.version, resource.kind)
        for sub in served.subresources:
            if sub.group and type_name.endswith(f".{sub.version}.{sub.kind}"):
                yield group_version_kind(sub.group, sub.version or "", sub.kind)


def group_version_kind(group: str, version: str, kind: str) -> Object:
    """The value of `x-kubernetes-group-version-kind`."""
    return {"group": group, "version": version, "kind": kind}


def _property(type_name: str, one: FieldSchema, version: Version) -> Object:
    described = {"description": text} if (text := describe(type_name, one.name)) else {}
    schema = {**described, **_typed(one.type, version, is_property=True)}
    if one.list_type:
        schema["x-kubernetes-list-type"] = one.list_type
    if one.list_map_keys:
        schema["x-kubernetes-list-map-keys"] = list(one.list_map_keys)
    if one.map_type:
        schema["x-kubernetes-map-type"] = one.map_type
    if one.patch_merge_key:
        schema["x-kubernetes-patch-merge-key"] = one.patch_merge_key
    if one.patch_strategy:
        schema["x-kubernetes-patch-strategy"] = ",".join(one.patch_strategy)
    return schema


def _typed(type_: FieldType, version: Version, *, is_property: bool = False) -> Object:
    if type_.kind in (Kind.STRUCT, Kind.SPECIAL):
        return reference(type_.name, version, with_siblings=is_property)
    if type_.kind in _SCALARS:
        return dict(_SCALARS[type_.kind])
    assert type_.element is not None  # lists and maps have one
    element = _typed(type_.element, version)
    if type_.kind is Kind.LIST:
        return {"type": "array", "items": element}
    return {"type": "object", "additionalProperties": element}


def reference(type_name: str, version: Version, *, with_siblings: bool = False) -> Object:
    """A reference to a type; in v3 one that has a description beside it is wrapped."""
    target = {"$ref": _PREFIX[version] + type_name}
    return {"allOf": [target]} if with_siblings and version == "v3" else target


def list_schema(resource: Resource, version: Version) -> Object:
    """The schema of a list of a resource's objects; the table has none of its own."""
    kind = f"{resource.kind}List"
    return {
        "description": f"A list of objects of kind {resource.kind}.",
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string", "description": _LIST_API_VERSION},
            "items": {
                "type": "array",
                "items": reference(resource.type_name, version),
                "description": "The objects.",
            },
            "kind": {"type": "string", "description": f"Always `{kind}`."},
            "metadata": {
                "description": "The state of the store that the list shows, and its next page.",
                **reference(LIST_META_TYPE, version, with_siblings=True),
            },
        },
        "x-kubernetes-group-version-kind": [
            group_version_kind(resource.group, resource.version, kind)
        ],
    }


def closure(type_names: Iterable[str]) -> list[str]:
    """These types and all that they refer to, sorted."""
    found: set[str] = set()
    waiting = list(type_names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_referred(SCHEMA.type(name)) if name in SCHEMA else ())
    return sorted(found)


def _referred(type_: TypeSchema) -> Iterator[str]:
    for one in type_.fields.values():
        inner: FieldType | None = one.type
        while inner is not None:
            if inner.name:
                yield inner.name
            inner = inner.element
