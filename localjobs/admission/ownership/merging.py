"""Merging a configuration into an object, and taking fields out of one.

structured-merge-diff: typed/tofieldset.go, typed/merge.go, typed/remove.go and
fieldpath/set.go (EnsureNamedFieldsAreMembers). Values are of one shape; nothing is changed in
place.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from localjobs.admission.ownership.field_set import LEAF, SELF, Tree, is_member
from localjobs.admission.ownership.shapes import Form, Shape
from localjobs.api.schema import Kind


def field_set(shape: Shape, value: Any) -> Tree:
    """The fields that a configuration sets."""
    if shape.form in (Form.STRUCT, Form.MAP):
        return _member_set(shape, value or {})
    tree: Tree = {}
    if shape.form is not Form.LEAF:
        for element, item in _by_element(shape, value or ()).items():
            below = field_set(shape.element, item) if item is not None else LEAF
            tree[element] = {SELF: LEAF, **below} if below else LEAF
    return tree


def _by_element(shape: Shape, items: Sequence[Any]) -> dict[str, Any]:
    """The items by what tells them apart; None for those that nothing does.

    A live list may hold an item twice, such as a variable of the environment.
    """
    found: dict[str, Any] = {}
    for item in items:
        element = shape.item_element(item)
        found[element] = None if element in found else item
    return found


def _member_set(shape: Shape, members: dict[str, Any]) -> Tree:
    tree: Tree = {}
    for key, one in members.items():
        inner = shape.member(key)
        below = field_set(inner, one)
        itself = inner.form is Form.LEAF or one is None or one == {} or shape.form is Form.MAP
        if below:
            tree[f"f:{key}"] = {SELF: LEAF, **below} if itself else below
        elif itself:
            tree[f"f:{key}"] = LEAF
    return tree


def merged(shape: Shape, live: Any, config: Any) -> Any:
    """`live` with what `config` sets."""
    if shape.form is Form.LEAF or (not live and not config):
        return config
    if shape.form in (Form.STRUCT, Form.MAP):
        return _merged_members(shape, live or {}, config or {})
    return _merged_items(shape, live or (), config or ())


def _merged_members(shape: Shape, live: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    out = dict(live)
    for key, value in config.items():
        out[key] = merged(shape.member(key), out[key], value) if key in out else value
    return out


def _merged_items(shape: Shape, live: Sequence[Any], config: Sequence[Any]) -> list[Any]:
    """The configuration's items in its order, with the live ones near their old neighbours."""
    mine = [(shape.item_element(item), item) for item in config]
    theirs = [(shape.item_element(item), item) for item in live]
    by_element = _by_element(shape, live)
    configured = dict(mine)
    shared = iter([element for element, _ in mine if element in by_element])
    wanted = next(shared, None)
    out: list[Any] = []
    done: set[str] = set()
    left = right = 0

    while left < len(theirs) or right < len(mine):
        if left < len(theirs):
            element, item = theirs[left]
            if element not in configured:
                out.append(item)
                left += 1
                continue
            if element in done or (right < len(mine) and wanted is not None and element != wanted):
                left += 1
                continue
        if right < len(mine):
            element, item = mine[right]
            known = by_element.get(element)
            out.append(item if known is None else merged(shape.element, known, item))
            done.add(element)
            right += 1
            if element == wanted:
                wanted = next(shared, None)
    return out


def without(shape: Shape, value: Any, fields: Tree) -> Any:
    """`value` without these fields; None where nothing is left."""
    if shape.form is Form.LEAF and shape.type.kind not in (Kind.STRUCT, Kind.MAP, Kind.LIST):
        return value
    if shape.form is Form.LEAF or not value:
        return None
    if shape.form in (Form.STRUCT, Form.MAP):
        left = _members_without(shape, value, fields)
        return left or None
    return _items_without(shape, value, fields) or None


def _members_without(shape: Shape, members: dict[str, Any], fields: Tree) -> dict[str, Any]:
    out = {}
    for key, value in members.items():
        node = fields.get(f"f:{key}")
        if node is None:
            out[key] = value
        elif not is_member(node):
            out[key] = without(shape.member(key), value, node)
    return out


def _items_without(shape: Shape, items: Sequence[Any], fields: Tree) -> list[Any]:
    out = []
    for item in items:
        node = fields.get(shape.item_element(item))
        if node is None:
            out.append(item)
        elif not is_member(node):
            out.append(without(shape.element, item, node))
    return out


def with_structs(shape: Shape, tree: Tree) -> Tree:
    """`tree` with each struct field that holds others in it too.

    A configuration owns the fields below a struct, not the struct; to remove it when nothing is
    left, it must be named.
    """
    out: Tree = {}
    for element, node in tree.items():
        if element == SELF or not node:
            out[element] = node
            continue
        inner = _inner(shape, element)
        below = with_structs(inner, node) if inner is not None else node
        named = shape.form is Form.STRUCT and element[2:] in shape.fields
        out[element] = {SELF: LEAF, **below} if named else below
    return out


def _inner(shape: Shape, element: str) -> Shape | None:
    if shape.form in (Form.STRUCT, Form.MAP):
        return shape.member(element[2:])
    return None if shape.form is Form.LEAF else shape.element
