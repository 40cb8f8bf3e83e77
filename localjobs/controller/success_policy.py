"""Whether the indexes that succeeded make the whole Job a success (KEP-3998).

Source: pkg/controller/job/success_policy.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from localjobs.api.index_set import IndexSet
from localjobs.api.job import SuccessPolicyRule


def matched_rule(rules: Sequence[SuccessPolicyRule], completed: IndexSet) -> int | None:
    """The position of the first rule that is met; None if none is."""
    if not completed:
        return None
    for position, rule in enumerate(rules):
        if _is_met(rule, completed):
            return position
    return None


def _is_met(rule: SuccessPolicyRule, completed: IndexSet) -> bool:
    required = rule.succeeded_indexes
    if required is None:
        return rule.succeeded_count is not None and len(completed) >= rule.succeeded_count
    if not required:
        return False
    done = _count_common(required, completed)
    enough = rule.succeeded_count is not None and done >= rule.succeeded_count
    return enough or done == len(required)


def _count_common(left: IndexSet, right: IndexSet) -> int:
    """How many indexes are in both, at the cost of their runs."""
    left_runs, right_runs = iter(left.runs()), iter(right.runs())
    mine, theirs = next(left_runs, None), next(right_runs, None)
    common = 0
    while mine is not None and theirs is not None:
        common += max(0, min(mine[1], theirs[1]) - max(mine[0], theirs[0]) + 1)
        if mine[1] < theirs[1]:
            mine = next(left_runs, None)
        else:
            theirs = next(right_runs, None)
    return common
