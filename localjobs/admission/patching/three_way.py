"""The patch that `kubectl apply` would send: what changed since the last time, on what is there.

Fields that the manifest sets, and that differ in the live object, are set; fields that the last
manifest set, and this one does not, are removed; all else stays as others left it. The answer is
a strategic merge patch (apimachinery/pkg/util/strategicpatch, CreateThreeWayMergePatch), found in
one walk over the three objects instead of two differences that are merged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from localjobs.admission.patching.directives import (
    DELETE,
    DELETE_FROM_LIST,
    MERGE,
    PATCH,
    REPLACE,
    RETAIN_KEYS,
    SET_ELEMENT_ORDER,
)
from localjobs.api.objects import Object
from localjobs.api.schema import SCHEMA, FieldSchema, FieldType, Kind

_RETAIN = "retainKeys"
_Map = dict[str, Any]


class _Sides(Struct, frozen=True):
    """One value in the last manifest, in the new one, and in the live object."""

    last: Any
    new: Any
    live: Any

    def of_key(self, key: str) -> _Sides:
        return _Sides(_member(self.last, key), self.new[key], _member(self.live, key))


def three_way_merge(last_applied: Object, new: Object, live: Object, type_name: str) -> Object:
    """The strategic merge patch that brings `live` to `new`; empty if nothing is to be done.

    `last_applied` is the manifest that was applied before, {} if none was: what it set and `new`
    does not is removed.
    """
    return _map_patch(_Sides(last_applied, new, live), FieldType(Kind.STRUCT, type_name))


def two_way_merge(old: Object, new: Object, type_name: str) -> Object:
    """The strategic merge patch that makes `old` into `new`."""
    return three_way_merge(old, new, old, type_name)


def _member(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def _map_patch(sides: _Sides, of: FieldType, retain: bool = False) -> _Map:
    patch: _Map = dict.fromkeys(_removed_keys(sides))
    for key in sides.new:
        patch |= _member_patch(key, sides.of_key(key), _field(of, key))
    if patch and retain:
        patch[RETAIN_KEYS] = sorted(sides.new)
    return patch


def _removed_keys(sides: _Sides) -> list[str]:
    last = sides.last if isinstance(sides.last, dict) else {}
    return [key for key in last if key not in sides.new and key in sides.live]


def _field(of: FieldType, key: str) -> FieldSchema:
    found = SCHEMA.type(of.name).fields.get(key) if of.kind is Kind.STRUCT else None
    return found or FieldSchema(key, of.element or FieldType(Kind.SPECIAL))


def _member_patch(key: str, sides: _Sides, field: FieldSchema) -> _Map:
    if isinstance(sides.new, dict) and isinstance(sides.live, dict):
        patch = _map_patch(sides, field.type, _RETAIN in field.patch_strategy)
        return {key: patch} if patch else {}
    merges = MERGE in field.patch_strategy
    if merges and isinstance(sides.new, list) and isinstance(sides.live, list):
        return _list_patch(key, sides, field)
    return {} if sides.new == sides.live else {key: sides.new}


def _list_patch(key: str, sides: _Sides, field: FieldSchema) -> _Map:
    last = sides.last if isinstance(sides.last, list) else []
    if not field.patch_merge_key:
        return _primitives_patch(key, _Sides(last, sides.new, sides.live))
    merge_key = field.patch_merge_key
    if not all(_are_told_apart(items, merge_key) for items in (last, sides.new, sides.live)):
        # Two ports of one number, say: merging by key would mix them up.
        same = sides.new == sides.live
        return {} if same else {key: [*sides.new, {PATCH: REPLACE}]}
    return _items_patch(key, _Sides(last, sides.new, sides.live), field)


def _are_told_apart(items: Sequence[Any], merge_key: str) -> bool:
    keys = [item.get(merge_key) if isinstance(item, dict) else None for item in items]
    return None not in keys and len(set(keys)) == len(keys)


def _primitives_patch(key: str, sides: _Sides) -> _Map:
    added = [item for item in sides.new if item not in sides.live]
    removed = [item for item in sides.last if item not in sides.new and item in sides.live]
    patch: _Map = {}
    if added:
        patch[key] = added
    if removed:
        patch[f"{DELETE_FROM_LIST}/{key}"] = removed
    kept = [item for item in sides.live if item in sides.new]
    if patch or kept != sides.new:
        patch[f"{SET_ELEMENT_ORDER}/{key}"] = sides.new
    return patch


def _items_patch(key: str, sides: _Sides, field: FieldSchema) -> _Map:
    merge_key = field.patch_merge_key
    last, live = _by_key(sides.last, merge_key), _by_key(sides.live, merge_key)
    new = _by_key(sides.new, merge_key)
    changed = [_item_patch(_Sides(last.get(k), new[k], live.get(k)), field) for k in new]
    removed = [{merge_key: k, PATCH: DELETE} for k in last if k not in new and k in live]
    patch: _Map = {}
    if items := [*filter(None, changed), *removed]:
        patch[key] = items
    if patch or [k for k in live if k in new] != list(new):
        patch[f"{SET_ELEMENT_ORDER}/{key}"] = [{merge_key: k} for k in new]
    return patch


def _by_key(items: Sequence[_Map], merge_key: str) -> dict[Any, _Map]:
    return {item[merge_key]: item for item in items}


def _item_patch(sides: _Sides, field: FieldSchema) -> _Map:
    if sides.live is None:
        item: _Map = sides.new
        return item
    assert field.type.element is not None
    patch = _map_patch(sides, field.type.element, _RETAIN in field.patch_strategy)
    merge_key = field.patch_merge_key
    return {**patch, merge_key: sides.new[merge_key]} if patch else {}
