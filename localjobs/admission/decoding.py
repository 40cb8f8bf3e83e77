"""From parsed JSON to an object of a type, as upstream's Go structs would hold and print it.

Known fields only; nulls and zero values are left out where Go's encoding leaves them out, and
filled in where it does not. What does not fit is refused in Go's words. Field names are
case-sensitive, and unknown or repeated fields are reported with their path
(sigs.k8s.io/json, apimachinery/pkg/runtime/serializer/json/json.go).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from localjobs.admission import scalars
from localjobs.admission.options import FieldValidation
from localjobs.admission.scalars import ABSENT, Fatal, Mismatch
from localjobs.admission.text import Complained, Repeated, summary
from localjobs.admission.upstream_kinds import is_known
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.api.schema import (
    INT_OR_STRING,
    QUANTITY,
    SCHEMA,
    FieldSchema,
    FieldType,
    Kind,
    TypeSchema,
)
from localjobs.errors import BadRequest

_MOST_STRICT_ERRORS = 100


class Decoded(Struct, frozen=True):
    """A well-formed object, and the warnings that decoding it gave."""

    object: Object
    warnings: tuple[str, ...] = ()


class DecodeError(ValueError):
    """A value that does not fit its type, in Go's words."""


def decode(resource: Resource, body: Any, field_validation: FieldValidation) -> Decoded:
    """The object of this resource that a request's body holds; BadRequest if it holds none."""
    group_version, kind = _identify(resource, body)
    version = group_version.rpartition("/")[2]
    prefix = f'{kind} in version "{version}" cannot be handled as a {resource.kind}: '
    type_name = _type_name(group_version, kind)
    if type_name is None and not is_known(group_version, kind):
        raise BadRequest(
            f'{prefix}no kind "{kind}" is registered for version "{group_version}" '
            'in scheme "pkg/api/legacyscheme/scheme.go:30"'
        )
    try:
        value, strict_errors = decode_type(type_name, body) if type_name else ({}, [])
    except DecodeError as error:
        raise BadRequest(f"{prefix}{error}") from None
    if type_name != resource.type_name:
        internal = f"{resource.group or 'core'}.{resource.kind}"
        problem = f"converting ({version}.{kind}) to ({internal}): unknown conversion"
        raise BadRequest(f"{prefix}{problem}")
    if strict_errors and field_validation is FieldValidation.STRICT:
        raise BadRequest(f"{prefix}strict decoding error: {', '.join(strict_errors)}")
    warned = field_validation is FieldValidation.WARN
    obj = {**value, "apiVersion": resource.api_version, "kind": resource.kind}
    return Decoded(obj, tuple(strict_errors) if warned else ())


def decode_type(type_name: str, value: Any) -> tuple[Object, list[str]]:
    """A value of the type with this key, and its unknown and repeated fields as complaints.

    Raises DecodeError if the value does not fit.
    """
    decoder = _Decoder()
    schema = SCHEMA.type(type_name)
    try:
        if value is None:
            decoded = zero(schema)
        elif isinstance(value, dict):
            decoded = decoder.struct(schema, value)
        else:
            raise Fatal(Mismatch(scalars.go_kind(value), f"v1.{schema.short_name}"))
    except Fatal as error:
        raise DecodeError(decoder.explain(error.cause)) from None
    if decoder.saved is not None:
        raise DecodeError(decoder.saved)
    complaints = [value.complaint] if isinstance(value, Complained) else []
    return decoded, [*complaints, *decoder.strict_errors]


def zero(schema: TypeSchema) -> Object:
    """How a struct of this type that nobody filled in is printed."""
    return {field.name: _zero_field(field) for field in schema.always}


def _zero_field(field: FieldSchema) -> Any:
    return None if field.pointer else _zero_value(field.type)


def _zero_value(field_type: FieldType) -> Any:
    match field_type.kind:
        case Kind.STRUCT:
            return zero(SCHEMA.type(field_type.name))
        case Kind.SPECIAL:
            return {QUANTITY: "0", INT_OR_STRING: 0}.get(field_type.name)
    return _ZEROS.get(field_type.kind)


_ZEROS: Mapping[Kind, Any] = {
    Kind.STRING: "",
    Kind.INT32: 0,
    Kind.INT64: 0,
    Kind.BOOLEAN: False,
    Kind.BYTES: "",
}


class _Decoder:
    """One pass over one value: where it is, and what it has complained of so far.

    Go reports the first value of a wrong type, but only after it has read everything else;
    a type that reads its own JSON (Quantity, Time) stops it at once.
    """

    def __init__(self) -> None:
        self.saved: str | None = None
        self.strict_errors: dict[str, None] = {}
        self._fields: list[str] = []
        self._path: list[str] = []
        self._struct = ""

    def explain(self, cause: str | Mismatch) -> str:
        """The cause in Go's words, with the field it was met at."""
        if isinstance(cause, str):
            return cause
        place = "value"
        if self._fields:
            place = f"struct field {self._struct}.{'.'.join(self._fields)}"
        return f"json: cannot unmarshal {cause.found} into Go {place} of type {cause.expected}"

    def struct(self, schema: TypeSchema, value: Mapping[str, Any]) -> Object:
        """The known fields of an object, zero values as Go prints them."""
        fields, result = schema.fields, {}
        outer, self._struct = self._struct, schema.short_name
        repeated = value.repeated if isinstance(value, Repeated) else ()
        for name, raw in value.items():
            field = fields.get(name)
            if field is None:
                self._complain("unknown", name)
                continue
            if name in repeated:
                self._complain("duplicate", name)
            if raw is not None:
                self._fields.append(name)
                self._path.append(f".{name}")
                decoded = self._value(field.type, raw)
                self._fields.pop()
                self._path.pop()
                if decoded is not ABSENT and (decoded or _is_printed(field, decoded)):
                    result[name] = decoded
        for field in schema.always:
            if field.name not in result:
                result[field.name] = _zero_field(field)
        self._struct = outer
        return result

    def _value(self, field_type: FieldType, raw: Any) -> Any:
        """The value, or ABSENT if it is of the wrong type."""
        cause = _READERS[field_type.kind](self, field_type, raw)
        if isinstance(cause, Mismatch):
            self._save(cause)
            return ABSENT
        return cause

    def _save(self, cause: str | Mismatch) -> None:
        if self.saved is None:
            self.saved = self.explain(cause)

    def _complain(self, what: str, name: str) -> None:
        if len(self.strict_errors) < _MOST_STRICT_ERRORS:
            path = "".join([*self._path, f".{name}"])[1:]
            self.strict_errors[f"{what} field {json.dumps(path, ensure_ascii=False)}"] = None

    def _struct_value(self, field_type: FieldType, raw: Any) -> Any:
        if isinstance(raw, dict):
            return self.struct(SCHEMA.type(field_type.name), raw)
        return Mismatch(scalars.go_kind(raw), field_type.go_name)

    def _list(self, field_type: FieldType, raw: Any) -> Any:
        if not isinstance(raw, list):
            return Mismatch(scalars.go_kind(raw), field_type.go_name)
        element = field_type.element
        assert element is not None  # a list has items
        if element.kind is Kind.STRING and all(type(item) is str for item in raw):
            return raw
        items = []
        for index, item in enumerate(raw):
            self._path.append(f"[{index}]")
            items.append(self._element(element, item))
            self._path.pop()
        return items

    def _map(self, field_type: FieldType, raw: Any) -> Any:
        if not isinstance(raw, dict):
            return Mismatch(scalars.go_kind(raw), field_type.go_name)
        for name in raw.repeated if isinstance(raw, Repeated) else ():
            self._complain("duplicate", name)
        element = field_type.element
        assert element is not None  # a map has values
        result = {}
        for key, item in raw.items():
            self._path.append(f".{key}")
            result[key] = self._element(element, item)
            self._path.pop()
        return result

    def _element(self, element: FieldType, item: Any) -> Any:
        decoded = ABSENT if item is None else self._value(element, item)
        return _zero_value(element) if decoded is ABSENT else decoded

    def _bytes(self, field_type: FieldType, raw: Any) -> Any:
        if not isinstance(raw, str):
            return Mismatch(scalars.go_kind(raw), field_type.go_name)
        try:
            return scalars.normalized_base64(raw)
        except ValueError as error:
            self._save(str(error))
            return ABSENT

    def _scalar(self, field_type: FieldType, raw: Any) -> Any:
        return scalars.READERS[field_type.kind](field_type, raw)


def _is_printed(field: FieldSchema, value: Any) -> bool:
    """Whether a value that is empty is printed all the same."""
    if field.pointer or not field.omit_empty:
        return True
    return field.type.kind in (Kind.STRUCT, Kind.SPECIAL) and value is not None


_READERS: Mapping[Kind, Callable[[_Decoder, FieldType, Any], Any]] = {
    Kind.STRUCT: _Decoder._struct_value,
    Kind.LIST: _Decoder._list,
    Kind.MAP: _Decoder._map,
    Kind.BYTES: _Decoder._bytes,
    **dict.fromkeys(scalars.READERS, _Decoder._scalar),
}


_TYPE_META = (
    'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
    'Kind string "json:\\"kind,omitempty\\"" }'
)


def _identify(resource: Resource, body: Any) -> tuple[str, str]:
    """The group version and kind that the body names, or the resource's where it names none."""
    if body is None:
        return resource.api_version, resource.kind
    if not isinstance(body, dict):
        raise _unreadable(resource, body, body, f"value of type {_TYPE_META}")
    for name in ("apiVersion", "kind"):
        if not isinstance(body.get(name), str | None):
            raise _unreadable(resource, body, body[name], f"struct field .{name} of type string")
    group_version = body.get("apiVersion") or ""
    if group_version.count("/") > 1:
        raise _unrecognized(resource, body, f"unexpected GroupVersion string: {group_version}")
    return group_version or resource.api_version, body.get("kind") or resource.kind


def _unreadable(resource: Resource, body: Any, value: Any, target: str) -> BadRequest:
    problem = f"json: cannot unmarshal {scalars.go_kind(value)} into Go {target}"
    return _unrecognized(resource, body, f"couldn't get version/kind; json parse error: {problem}")


def _unrecognized(resource: Resource, body: Any, problem: str) -> BadRequest:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    return BadRequest(
        f"the object provided is unrecognized (must be of type {resource.kind}): "
        f"{problem} ({summary(text)})"
    )


def _type_name(group_version: str, kind: str) -> str | None:
    group = group_version.rpartition("/")[0].partition(".")[0] or "core"
    name = f"io.k8s.api.{group}.{group_version.rpartition('/')[2]}.{kind}"
    is_object = name in SCHEMA and "kind" in SCHEMA.type(name).fields
    return name if is_object and _group_of(group_version) in _GROUPS else None


_GROUPS = frozenset(("", "batch", "policy", "authentication.k8s.io", "authorization.k8s.io"))


def _group_of(group_version: str) -> str:
    return group_version.rpartition("/")[0]
