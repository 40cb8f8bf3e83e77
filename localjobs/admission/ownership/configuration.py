"""The types of an applied configuration (structured-merge-diff, typed/validate.go).

An apply is checked against the schema before it is merged, with texts of its own; upstream
answers them as errors that it does not classify.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localjobs.admission.ownership.field_set import path_text
from localjobs.admission.ownership.shapes import Form, Shape, Unkeyed
from localjobs.admission.patching.gotext import go_syntax, printed, type_of
from localjobs.api.schema import FieldType, Kind

_EXPECTED = {
    Kind.STRING: "string",
    Kind.BYTES: "string",
    Kind.BOOLEAN: "boolean",
    Kind.INT32: "numeric (int or float)",
    Kind.INT64: "numeric (int or float)",
}


def type_errors(shape: Shape, config: Any) -> str:
    """What is wrong with the configuration, in one text; "" if nothing is."""
    errors = list(_errors(shape, config, ""))
    if len(errors) <= 1:
        return "".join(errors)
    return "\n".join(["errors:", *(f"  {error}" for error in errors)])


def _errors(shape: Shape, value: Any, path: str) -> Iterator[str]:
    kind = shape.type.kind
    if value is None:
        return
    if kind in (Kind.STRUCT, Kind.MAP):
        yield from _member_errors(shape, value, path)
    elif kind is Kind.LIST:
        yield from _item_errors(shape, value, path)
    elif message := _scalar_error(shape.type, value):
        yield _at(path, message)


def _at(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message


def _member_errors(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield _at(path, f"expected map, got &{{{printed(value)}}}")
        return
    for key, one in value.items():
        place = f"{path}.{key}"
        inner = shape.declared(key)
        if inner is None:
            yield _at(place, "field not declared in schema")
            return
        yield from _errors(inner, one, place)


def _item_errors(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield _at(path, f"expected list, got &{{{printed(value)}}}")
        return
    if shape.form is Form.LEAF:
        for index, item in enumerate(value):
            yield from _errors(shape.element, item, f"{path}[{index}]")
        return
    seen: set[str] = set()
    for index, item in enumerate(value):
        try:
            element = shape.item_element(item)
        except Unkeyed as error:
            yield _at(path, f"element {index}: {error}")
            return
        place = path_text((element,))
        if element in seen:
            yield _at(path, f"duplicate entries for key {place}")
        seen.add(element)
        yield from _errors(shape.element, item, path + place)


def _scalar_error(of: FieldType, value: Any) -> str:
    expected = _EXPECTED.get(of.kind, "")
    if not expected or _fits(of.kind, value):
        return ""
    if expected.startswith("numeric"):
        return f"expected {expected}, got {type_of(value)}"
    if expected == "string":
        return f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"
    return f"expected {expected}, got &{{{printed(value)}}}"


def _fits(kind: Kind, value: Any) -> bool:
    if kind is Kind.BOOLEAN:
        return isinstance(value, bool)
    if kind in (Kind.STRING, Kind.BYTES):
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)
