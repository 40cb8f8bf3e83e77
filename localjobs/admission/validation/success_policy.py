"""`spec.successPolicy` of a Job (batch/validation, KEP-3998)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors, check_non_negative
from localjobs.admission.validation.internal_form import SUCCESS_POLICY, internal_form
from localjobs.api.field import invalid, required, too_long, too_many
from localjobs.api.index_set import IndexSet, IndexSetError
from localjobs.api.objects import Object

MOST_RULES = 20
LONGEST_INDEXES = 64 * 1024


def validate_success_policy(spec: Object, path: str) -> Errors:
    """The rules of a Job whose spec is given; only indexed Jobs have any."""
    policy, completions = spec["successPolicy"], spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        form = internal_form(policy, SUCCESS_POLICY)
        yield invalid(path, form, "requires indexed completion mode")
        return
    rules, here = policy.get("rules") or (), f"{path}.rules"
    if not rules:
        detail = "at least one rules must be specified when the successPolicy is specified"
        yield required(here, detail)
    if len(rules) > MOST_RULES:
        yield too_many(here, len(rules), MOST_RULES)
    for index, rule in enumerate(rules):
        yield from _validate_rule(rule, completions or 0, f"{here}[{index}]")


def _validate_rule(rule: Object, completions: int, path: str) -> Errors:
    count, indexes = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and indexes is None:
        detail = "at least one of succeededCount or succeededIndexes must be specified"
        yield required(path, detail)
    listed = 0
    if indexes is not None:
        here = f"{path}.succeededIndexes"
        if len(indexes.encode()) > LONGEST_INDEXES:
            yield too_long(here, LONGEST_INDEXES)
        try:
            listed = len(IndexSet.parse(indexes, completions))
        except IndexSetError as error:
            yield invalid(here, indexes, f"error parsing succeededIndexes: {error}")
    if count is None:
        return
    here = f"{path}.succeededCount"
    yield from check_non_negative(count, here)
    if count > completions:
        bound = f"{completions} (the number of specified completions)"
        yield invalid(here, count, f"must be less than or equal to {bound}")
    if indexes is not None and count > listed:
        bound = f"{listed} (the number of indexes in the specified succeededIndexes field)"
        yield invalid(here, count, f"must be less than or equal to {bound}")
