from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.patching.merge import merge_patch, without_nulls

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b"])
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3)


def diff(old: Any, new: Any) -> Any:
    """The merge patch from `old` to `new`, neither of which has nulls."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        return new
    gone = dict.fromkeys(old.keys() - new.keys())
    return gone | {
        key: diff(old.get(key), value)
        for key, value in new.items()
        if key not in old or old[key] != value
    }


def test_the_examples_of_rfc_7386() -> None:
    assert merge_patch({"a": "b"}, {"a": "c"}) == {"a": "c"}
    assert merge_patch({"a": "b"}, {"b": "c"}) == {"a": "b", "b": "c"}
    assert merge_patch({"a": "b", "b": "c"}, {"a": None}) == {"b": "c"}
    assert merge_patch({"a": ["b"]}, {"a": "c"}) == {"a": "c"}
    assert merge_patch({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}) == {"a": {"b": "d"}}
    assert merge_patch({"a": [{"b": "c"}]}, {"a": [1]}) == {"a": [1]}
    assert merge_patch({"e": None}, {"a": 1}) == {"e": None, "a": 1}
    assert merge_patch({}, {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}


@settings(max_examples=100)
@given(DOCUMENTS.map(without_nulls), DOCUMENTS.map(without_nulls))
def test_merging_the_difference_makes_the_one_into_the_other(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert merge_patch(old, diff(old, new)) == new


@settings(max_examples=100)
@given(DOCUMENTS, DOCUMENTS)
def test_merging_twice_is_merging_once_and_leaves_the_original_alone(
    old: dict[str, Any], patch: dict[str, Any]
) -> None:
    before = repr(old), repr(patch)
    once = merge_patch(old, patch)
    # Nulls inside lists are dropped unless the list replaces a map; nobody can tell in the end.
    assert without_nulls(merge_patch(once, patch)) == without_nulls(once)
    assert (repr(old), repr(patch)) == before
