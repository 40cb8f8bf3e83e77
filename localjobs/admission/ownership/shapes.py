"""How the fields of a type are owned: one by one, item by item, or as a whole.

Read from the schema table as upstream reads OpenAPI (apimachinery/pkg/util/managedfields,
structured-merge-diff's schema): lists are atomic unless they say otherwise, maps and structs
are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, cached_property
from typing import Any

from localjobs.admission.ownership.field_set import encoded
from localjobs.api.schema import SCHEMA, FieldSchema, FieldType, Kind


class Form(Enum):
    """What a value looks like to ownership."""

    LEAF = "leaf"
    """A scalar, or anything that is owned as a whole."""
    STRUCT = "struct"
    MAP = "map"
    KEYED = "keyed"
    """A list whose items are told apart by keys."""
    SET = "set"
    """A list of different scalars."""


class Unkeyed(Exception):
    """A list item cannot be told from others; the text is structured-merge-diff's."""


@dataclass(frozen=True)
class Shape:
    """How values of one field are owned."""

    form: Form
    type: FieldType
    keys: tuple[str, ...] = ()
    """Of a KEYED list, sorted."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Values that keys have when an item does not say."""

    @cached_property
    def fields(self) -> dict[str, Shape]:
        """The fields of a STRUCT, those that are owned as a whole too."""
        schema = SCHEMA.type(self.type.name)
        return {name: shape_of_field(one) for name, one in schema.fields.items()}

    @cached_property
    def element(self) -> Shape:
        """What a MAP's values or a list's items are."""
        assert self.type.element is not None
        return _shape(self.type.element)

    def member(self, key: str) -> Shape:
        """The shape of a member of a STRUCT or MAP; of an unknown one, as a whole."""
        if self.form is Form.STRUCT:
            return self.fields.get(key, _OPAQUE)
        return self.element

    def declared(self, key: str) -> Shape | None:
        """The shape of a member of a struct or map; None if the type has none of this name."""
        if self.type.kind is Kind.STRUCT:
            return self.fields.get(key)
        return self.element

    def item_element(self, item: Any) -> str:
        """The path element of a list's item. Raises Unkeyed."""
        if self.form is Form.SET:
            _check_set_item(item)
            return f"v:{encoded(item)}"
        if not isinstance(item, dict):
            what = "a null element" if item is None else "non-map elements"
            raise Unkeyed(f"associative list with keys may not have {what}")
        if len(self.keys) == 1 and self.keys[0] in item:
            return f"k:{encoded({self.keys[0]: item[self.keys[0]]})}"
        found = {k: item.get(k, self.defaults.get(k)) for k in self.keys}
        present = {key: value for key, value in found.items() if value is not None}
        if not present:
            listed = " ".join(f'"{key}"' for key in self.keys)
            raise Unkeyed(
                f"associative list with keys has an element that omits all key fields [{listed}] "
                "(and doesn't have default values for any key fields)"
            )
        return f"k:{encoded(present)}"


def _check_set_item(item: Any) -> None:
    if isinstance(item, dict):
        raise Unkeyed("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise Unkeyed("not supported: associative list with lists as elements")
    if item is None:
        raise Unkeyed("associative list without keys has an element that's an explicit null")


_OPAQUE = Shape(Form.LEAF, FieldType(Kind.SPECIAL))


@cache
def shape_of(type_name: str) -> Shape:
    """The shape of an object of this type of the schema table."""
    return _shape(FieldType(Kind.STRUCT, type_name))


def _shape(of: FieldType) -> Shape:
    if of.kind is Kind.STRUCT:
        whole = SCHEMA.type(of.name).map_type == "atomic"
        return Shape(Form.LEAF if whole else Form.STRUCT, of)
    return Shape(Form.MAP if of.kind is Kind.MAP else Form.LEAF, of)


def shape_of_field(one: FieldSchema) -> Shape:
    """The shape of a field, whose list and map types say more than its type alone."""
    if one.map_type == "atomic":
        return Shape(Form.LEAF, one.type)
    if one.list_type == "set":
        return Shape(Form.SET, one.type)
    if one.list_type == "map":
        return _keyed(one)
    return _shape(one.type)


def _keyed(one: FieldSchema) -> Shape:
    keys = tuple(sorted(one.list_map_keys))
    assert one.type.element is not None
    items = SCHEMA.type(one.type.element.name).fields
    defaults = {key: items[key].default for key in keys if items[key].default is not None}
    return Shape(Form.KEYED, one.type, keys, defaults)


@cache
def zero(type_name: str) -> dict[str, Any]:
    """An object of this type with nothing set, as upstream's structs print it.

    A new object is compared with this to find what its creator set.
    """
    return {one.name: _zero_of(one.type) for one in SCHEMA.type(type_name).always}


def _zero_of(of: FieldType) -> Any:
    if of.kind is Kind.STRUCT:
        return zero(of.name)
    scalars: dict[Kind, Any] = {Kind.STRING: "", Kind.BOOLEAN: False, Kind.INT32: 0, Kind.INT64: 0}
    return scalars.get(of.kind)
