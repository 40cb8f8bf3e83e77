from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.ownership.field_set import (
    LEAF,
    Malformed,
    Tree,
    checked,
    difference,
    intersection,
    path_text,
    paths,
    recursive_difference,
    union,
)

ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"c"}', 'v:"x"'])
Paths = frozenset[tuple[str, ...]]
PATHS = st.frozensets(st.lists(ELEMENTS, min_size=1, max_size=3).map(tuple), max_size=6)


def tree_of(members: Paths) -> Tree:
    tree: Tree = {}
    for path in members:
        one: Tree = LEAF
        for element in reversed(path):
            one = {element: one}
        tree = union(tree, one)
    return tree


def below(path: tuple[str, ...], of: Paths) -> bool:
    return any(path[: len(one)] == one for one in of)


@settings(max_examples=100)
@given(PATHS)
def test_a_tree_holds_the_paths_it_was_made_of(members: Paths) -> None:
    assert list(paths(tree_of(members))) == list(dict.fromkeys(paths(tree_of(members))))
    assert set(paths(tree_of(members))) == members


@settings(max_examples=100)
@given(PATHS, PATHS)
@pytest.mark.parametrize(
    ("operation", "model"),
    [
        (union, lambda left, right: left | right),
        (difference, lambda left, right: left - right),
        (intersection, lambda left, right: left & right),
        (
            recursive_difference,
            lambda left, right: {one for one in left if not below(one, right)},
        ),
    ],
)
def test_operations_are_those_of_sets_of_paths(
    operation: Callable[[Tree, Tree], Tree],
    model: Callable[[Paths, Paths], Paths],
    left: Paths,
    right: Paths,
) -> None:
    result = operation(tree_of(left), tree_of(right))
    assert result == tree_of(frozenset(model(left, right)))


@settings(max_examples=50)
@given(PATHS)
def test_what_was_stored_is_read_as_it_was(members: Paths) -> None:
    assert checked(tree_of(members)) == tree_of(members)


def test_keys_are_put_in_order_and_unknown_elements_dropped() -> None:
    sent: Tree = {'k:{"b": 1, "a": "x"}': {".": {}}, "z:new": {}}
    assert checked(sent) == {'k:{"a":"x","b":1}': {}}


@pytest.mark.parametrize(
    "sent",
    [
        [],
        "x",
        {"x": {}},
        {"f:a": 1},
        {"k:[]": {}},
        {"v:{": {}},
        {"i:x": {}},
        {"": {}},
        {"ff:a": {}},
    ],
)
def test_what_is_no_tree_is_refused(sent: Any) -> None:
    with pytest.raises(Malformed):
        checked(sent)


def test_paths_are_printed_as_conflicts_have_them() -> None:
    path = ("f:spec", 'k:{"name":"c","port":1}', "f:args", 'v:"x"', "i:0")
    assert path_text(path) == '.spec[name="c",port=1].args[="x"][0]'
