from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api.index_set import IndexSet, IndexSetError

indexes = st.lists(st.integers(0, 40), max_size=40)


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ([], ""),
        ([5], "5"),
        ([1, 2], "1,2"),
        ([1, 2, 3], "1-3"),
        ([9, 0, 1, 2, 5, 7, 8], "0-2,5,7-9"),
    ],
)
def test_three_in_a_row_are_written_as_a_range(members: list[int], text: str) -> None:
    assert IndexSet(members).render() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2,1", "non-increasing order, previous: 2, current: 1"),
        ("3-1", "non-increasing order, previous: 3, current: 1"),
        ("1-1", "non-increasing order, previous: 1, current: 1"),
        ("0, 1", 'cannot convert string to integer for index: " 1"'),
        ("a", 'cannot convert string to integer for index: "a"'),
        ("1,", 'cannot convert string to integer for index: ""'),
        ("10", 'too large index: "10"'),
        ("0-10", 'too large index: "10"'),
        (
            "1-2-3",
            (
                'the fragment "1-2-3" violates the requirement that an index interval can have at '
                "most two parts separated by '-'"
            ),
        ),
    ],
)
def test_what_is_no_set_is_refused_in_upstream_s_words(text: str, message: str) -> None:
    with pytest.raises(IndexSetError) as caught:
        IndexSet.parse(text, limit=10)
    assert str(caught.value) == message


def test_a_set_of_every_index_is_one_run() -> None:
    everything = IndexSet(range(100_000))
    assert list(everything.runs()) == [(0, 99_999)]
    assert everything.render() == "0-99999"


@settings(max_examples=100, deadline=None)
@given(indexes, indexes, st.integers(0, 45))
def test_it_is_a_set(added: list[int], removed: list[int], limit: int) -> None:
    mine, expected = IndexSet(added), set(added)
    for index in removed:
        assert mine.discard(index) == (index in expected)
        expected.discard(index)
    assert list(mine) == sorted(expected)
    assert len(mine) == len(expected)
    assert all((index in mine) == (index in expected) for index in range(45))
    assert IndexSet.parse(mine.render()) == mine
    assert list(mine.below(limit)) == [index for index in sorted(expected) if index < limit]
    assert list(mine.missing(limit)) == [i for i in range(limit) if i not in expected]
    runs = list(mine.runs())
    assert all(left[1] + 1 < right[0] for left, right in itertools.pairwise(runs))


@settings(max_examples=100, deadline=None)
@given(indexes, indexes)
def test_two_sets_join_and_meet(left: list[int], right: list[int]) -> None:
    mine, theirs = IndexSet(left), IndexSet(right)
    assert list(mine.union(theirs)) == sorted({*left, *right})
    common = {*left} & {*right}
    assert mine.first_common(theirs) == (min(common) if common else None)


def test_adding_again_changes_nothing_and_a_copy_stands_alone() -> None:
    mine = IndexSet([1, 3])
    other = mine.copy()
    assert mine.add(2)
    assert not mine.add(2)
    assert (mine.render(), other.render()) == ("1-3", "1,3")
