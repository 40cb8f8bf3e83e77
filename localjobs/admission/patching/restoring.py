"""The types of a merged object, checked as upstream does without a detour over JSON text.

A strategic merge patch is merged into maps, which become structs again without being encoded:
its type errors have texts of their own and no path (apimachinery/pkg/runtime/converter.go), and
a number that is too large wraps around.
"""

from __future__ import annotations

from typing import Any

from localjobs.admission.patching.gotext import kind_of, type_of
from localjobs.api.schema import SCHEMA, FieldType, Kind

_GO_KINDS = {
    Kind.STRING: "string",
    Kind.BOOLEAN: "bool",
    Kind.INT32: "int64",
    Kind.INT64: "int64",
}
_BITS = {Kind.INT32: 32, Kind.INT64: 64}


class Mismatch(Exception):
    """A value is not of its field's type; the text is the converter's."""


def restored(value: Any, of: FieldType) -> Any:
    """`value` as a field of this type would hold it. Raises Mismatch.

    Members that the type does not have, and types with a JSON form of their own, are left to
    decoding.
    """
    if value is None or of.kind in (Kind.SPECIAL, Kind.BYTES):
        return value
    if of.kind is Kind.STRUCT:
        return _struct(value, of)
    if of.element is not None:
        return _collection(value, of, of.element)
    return _scalar(value, of)


def _struct(value: Any, of: FieldType) -> Any:
    if not isinstance(value, dict):
        raise Mismatch(f"cannot restore struct from: {kind_of(value)}")
    fields = SCHEMA.type(of.name).fields
    return {
        key: restored(one, fields[key].type) if key in fields else one for key, one in value.items()
    }


def _collection(value: Any, of: FieldType, element: FieldType) -> Any:
    if of.kind is Kind.MAP:
        if not isinstance(value, dict):
            raise Mismatch(f"cannot restore map from {kind_of(value)}")
        return {key: restored(one, element) for key, one in value.items()}
    if not isinstance(value, list):
        raise Mismatch(f"cannot restore slice from {kind_of(value)}")
    return [restored(one, element) for one in value]


def _scalar(value: Any, of: FieldType) -> Any:
    if isinstance(value, float) and value.is_integer() and of.kind in _BITS:
        return _wrapped(int(value), _BITS[of.kind])
    if kind_of(value) != _GO_KINDS[of.kind]:
        raise Mismatch(f"cannot convert {type_of(value)} to {of.go_name}")
    return _wrapped(value, _BITS[of.kind]) if of.kind in _BITS else value


def _wrapped(number: int, bits: int) -> int:
    half = 1 << (bits - 1)
    return (number + half) % (1 << bits) - half
