"""What changed between two objects, field by field (structured-merge-diff, typed/compare.go)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from localjobs.admission.ownership.field_set import LEAF, SELF, Tree, recursive_difference
from localjobs.admission.ownership.shapes import Form, Shape


class Comparison(Struct, frozen=True):
    """The fields that one object has more, has otherwise, and has no longer than another."""

    added: Tree
    modified: Tree
    removed: Tree

    def without(self, ignored: Tree) -> Comparison:
        """The same, but for these fields and all below them."""
        return Comparison(
            recursive_difference(self.added, ignored),
            recursive_difference(self.modified, ignored),
            recursive_difference(self.removed, ignored),
        )


def compare(shape: Shape, old: Any, new: Any) -> Comparison:
    """What changed from `old` to `new`, both of this shape. Raises Unkeyed."""
    changes = _Changes()
    changes.members(shape, old, new)
    return Comparison(changes.added, changes.modified, changes.removed)


class _Changes:
    """The changes below one path element, in the making."""

    __slots__ = ("added", "modified", "removed")

    def __init__(self) -> None:
        self.added: Tree = {}
        self.modified: Tree = {}
        self.removed: Tree = {}

    def members(self, shape: Shape, old: Any, new: Any) -> None:
        for key, value in (new or {}).items():
            if old and key in old:
                if old[key] is not value and old[key] != value:
                    self._value(f"f:{key}", shape.member(key), old[key], value)
            else:
                self.added[f"f:{key}"] = everything(shape.member(key), value)
        for key, value in (old or {}).items():
            if not new or key not in new:
                self.removed[f"f:{key}"] = everything(shape.member(key), value)

    def _value(self, element: str, shape: Shape, old: Any, new: Any) -> None:
        if shape.form is Form.LEAF or (not old and not new):
            self.modified[element] = LEAF
            return
        below = _Changes()
        if shape.form in (Form.STRUCT, Form.MAP):
            below.members(shape, old, new)
        else:
            below._items(shape, old or (), new or ())
        self._take(element, below)

    def _items(self, shape: Shape, old: Sequence[Any], new: Sequence[Any]) -> None:
        before, after = _by_element(shape, old), _by_element(shape, new)
        for element, items in after.items():
            if element not in before:
                self.added[element] = _everything_of(shape, items)
            elif len(items) == 1 and len(before[element]) == 1:
                if items[0] != before[element][0]:
                    self._value(element, shape.element, before[element][0], items[0])
            elif items != before[element]:
                self.modified[element] = LEAF
        for element, items in before.items():
            if element not in after:
                self.removed[element] = _everything_of(shape, items)

    def _take(self, element: str, below: _Changes) -> None:
        if below.added:
            self.added[element] = below.added
        if below.modified:
            self.modified[element] = below.modified
        if below.removed:
            self.removed[element] = below.removed


def _by_element(shape: Shape, items: Sequence[Any]) -> dict[str, list[Any]]:
    # A live list may hold an item twice: validation of old versions let it pass.
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(shape.item_element(item), []).append(item)
    return found


def _everything_of(shape: Shape, items: list[Any]) -> Tree:
    return everything(shape.element, items[0]) if len(items) == 1 else LEAF


def everything(shape: Shape, value: Any) -> Tree:
    """The tree of a value that was not there before: all its fields, and all that hold them."""
    if shape.form is Form.LEAF or not value:
        return LEAF
    tree: Tree = {SELF: LEAF}
    if shape.form in (Form.STRUCT, Form.MAP):
        for key, one in value.items():
            tree[f"f:{key}"] = everything(shape.member(key), one)
    else:
        for element, items in _by_element(shape, value).items():
            tree[element] = _everything_of(shape, items)
    return tree
