"""Sets of fields, as trees in the form that `managedFields` stores them in (FieldsV1).

A tree maps path elements to subtrees: `f:name` is a member of a map, `k:{"name":"c"}` an item of
a list told apart by keys, `v:"x"` an item of a set, `i:0` one by position. `{}` is an element of
the set with nothing below it; `.` beside other elements says that their parent is in the set too
(structured-merge-diff, fieldpath/serialize.go). Trees are never changed once made, so that an
object's history shares them; the operations below are that library's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import msgspec

Tree: TypeAlias = dict[str, Any]

SELF = "."
LEAF: Tree = {}
_ONLY_SELF: Tree = {SELF: {}}


class Malformed(Exception):
    """A tree that is none."""


def is_member(node: Tree | None) -> bool:
    """Whether the path that leads to this node is in the set itself."""
    return node is not None and (not node or SELF in node)


def _settled(node: Tree) -> Tree:
    return LEAF if node == _ONLY_SELF else node


def union(left: Tree, right: Tree) -> Tree:
    """The fields in either."""
    if not left or not right:
        return left or right
    out = dict(left)
    for element, there in right.items():
        here = out.get(element)
        out[element] = there if here is None else _union_of_nodes(here, there)
    return out


def _union_of_nodes(here: Tree, there: Tree) -> Tree:
    if here is there or here == there:
        return here
    if here and there:
        return union(here, there)
    return {SELF: {}, **(here or there)}


def difference(left: Tree, right: Tree) -> Tree:
    """The fields of `left` that are not in `right`; what lies below a field is another field."""
    if not left or not right:
        return left
    out: Tree = {}
    for element, here in left.items():
        there = right.get(element)
        kept = here if there is None else _difference_of_nodes(here, there)
        if kept is not None:
            out[element] = kept
    return out


def _difference_of_nodes(here: Tree, there: Tree) -> Tree | None:
    if not here:
        return None if is_member(there) else here
    if not there:
        kept = {element: node for element, node in here.items() if element != SELF}
    else:
        kept = difference(here, there)
    return _settled(kept) if kept else None


def recursive_difference(left: Tree, right: Tree) -> Tree:
    """The fields of `left` that are neither in `right` nor below a field that is."""
    out: Tree = {}
    for element, here in left.items():
        there = right.get(element)
        if there is None or (not here and not is_member(there)):
            out[element] = here
        elif not is_member(there) and (kept := recursive_difference(here, there)):
            out[element] = _settled(kept)
    return out


def intersection(left: Tree, right: Tree) -> Tree:
    """The fields in both."""
    out: Tree = {}
    for element, here in left.items():
        there = right.get(element)
        if there is None:
            continue
        if here and there:
            if kept := intersection(here, there):
                out[element] = _settled(kept)
        elif is_member(here) and is_member(there):
            out[element] = LEAF
    return out


def paths(tree: Tree, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path in the set: those that end at a level first, then those that go on."""
    elements = sorted(element for element in tree if element != SELF)
    for element in elements:
        if is_member(tree[element]):
            yield (*prefix, element)
    for element in elements:
        yield from paths(tree[element], (*prefix, element))


def path_text(path: tuple[str, ...]) -> str:
    """A path as conflicts print it: `.spec.template.spec.containers[name="c"].image`."""
    return "".join(map(_element_text, path))


def _element_text(element: str) -> str:
    kind, _, rest = element.partition(":")
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        keys: dict[str, Any] = msgspec.json.decode(rest)
        listed = ",".join(f"{key}={encoded(value)}" for key, value in keys.items())
        return f"[{listed}]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"


def encoded(value: Any) -> str:
    """A value as it stands in a path element: compact JSON."""
    return msgspec.json.encode(value).decode()


def checked(fields: Any) -> Tree:
    """A tree that a client sent, in canonical form. Raises Malformed if it is none.

    Elements of a kind that is not known are dropped, as upstream does for the sake of newer
    clients.
    """
    if not isinstance(fields, dict):
        raise Malformed
    out: Tree = {}
    for element, node in fields.items():
        name = element if element == SELF else _canonical(element)
        below = checked(node)
        if name is not None:
            out[name] = _settled(below)
    return out


def _canonical(element: str) -> str | None:
    kind, colon, rest = element.partition(":")
    if not colon or len(kind) != 1:
        raise Malformed
    if kind == "f":
        return element
    if kind not in ("k", "v", "i"):
        return None
    try:
        value = msgspec.json.decode(rest)
    except msgspec.DecodeError:
        raise Malformed from None
    if kind == "k":
        if not isinstance(value, dict):
            raise Malformed
        value = {key: value[key] for key in sorted(value)}
    elif kind == "i" and type(value) is not int:
        raise Malformed
    return f"{kind}:{encoded(value)}"
