from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localjobs.api.index_set import IndexSet
from localjobs.api.job import SuccessPolicyRule
from localjobs.controller.success_policy import matched_rule


def rule(indexes: str | None = None, count: int | None = None) -> SuccessPolicyRule:
    return SuccessPolicyRule(None if indexes is None else IndexSet.parse(indexes), count)


@pytest.mark.parametrize(
    ("rules", "completed", "matched"),
    [
        ([rule(count=2)], "0", None),
        ([rule(count=2)], "0,7", 0),
        ([rule("1,3")], "1", None),
        ([rule("1,3")], "0-3", 0),
        ([rule("2-5", 2)], "0,1,2", None),
        ([rule("2-5", 2)], "2,5", 0),
        ([rule("0,1"), rule("2-5", 2)], "3-5", 1),
        ([rule("")], "0-9", None),
        ([rule(count=0)], "", None),
        ([], "0-9", None),
    ],
)
def test_which_rule_is_met(
    rules: list[SuccessPolicyRule], completed: str, matched: int | None
) -> None:
    assert matched_rule(rules, IndexSet.parse(completed)) == matched


@given(st.sets(st.integers(0, 30), min_size=1), st.sets(st.integers(0, 30)), st.integers(1, 10))
def test_runs_give_what_sets_give(required: set[int], completed: set[int], count: int) -> None:
    found = matched_rule([SuccessPolicyRule(IndexSet(required), count)], IndexSet(completed))
    done = len(required & completed)
    expected = bool(completed) and (done >= count or done == len(required))
    assert (found == 0) == expected
