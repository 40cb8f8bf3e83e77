from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.controller.garbage_collection import (
    Decision,
    Delete,
    Detach,
    Keep,
    OwnerState,
    blocks,
    decide,
    owner_state,
    without_finalizer,
    without_owners,
)

DELETED = "2026-01-01T00:00:00Z"


def reference(uid: str, **members: Any) -> Object:
    return {"apiVersion": "batch/v1", "kind": "Job", "name": uid, "uid": uid, **members}


def owner(uid: str, **meta: Any) -> Object:
    return {"metadata": {"name": uid, "namespace": "ns", "uid": uid, **meta}}


def waiting(uid: str) -> Object:
    return owner(uid, deletionTimestamp=DELETED, finalizers=["foregroundDeletion"])


def dependent(*uids: str, **meta: Any) -> Object:
    owners = [reference(uid) for uid in uids]
    return {"metadata": {"name": "d", "namespace": "ns", "ownerReferences": owners, **meta}}


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (None, OwnerState.ABSENT),
        (owner("a"), OwnerState.SOLID),
        (owner("a", name="b"), OwnerState.ABSENT),
        (owner("a", namespace="other"), OwnerState.ABSENT),
        (owner("a", deletionTimestamp=DELETED), OwnerState.SOLID),
        (waiting("a"), OwnerState.WAITING),
    ],
)
def test_the_state_of_an_owner(found: Object | None, state: OwnerState) -> None:
    assert owner_state(dependent("a"), reference("a"), found) is state


def test_an_owner_of_an_unknown_kind_is_not_ours_to_judge() -> None:
    foreign = reference("a", apiVersion="apps/v1", kind="Deployment")
    assert owner_state(dependent("a"), foreign, None) is OwnerState.SOLID


@pytest.mark.parametrize(
    ("obj", "owners", "has_dependents", "decision"),
    [
        (dependent(), [], False, Keep()),
        (dependent("a"), [owner("a")], False, Keep()),
        (dependent("a"), [], False, Delete("Background")),
        (dependent("a", "b"), [owner("b")], False, Detach(frozenset(("a",)))),
        (dependent("a", "b"), [waiting("a"), owner("b")], False, Detach(frozenset(("a",)))),
        (dependent("a"), [waiting("a")], False, Delete("Background")),
        (dependent("a"), [waiting("a")], True, Delete("Foreground")),
        (dependent("a", finalizers=["orphan"]), [], False, Delete("Orphan")),
        (dependent("a", deletionTimestamp=DELETED), [], False, Keep()),
    ],
)
def test_what_becomes_of_a_dependent(
    obj: Object, owners: list[Object], has_dependents: bool, decision: Decision
) -> None:
    by_uid = {each["metadata"]["uid"]: each for each in owners}
    assert decide(obj, by_uid.get, has_dependents) == decision


def test_only_a_reference_that_says_so_blocks() -> None:
    obj = dependent()
    obj["metadata"]["ownerReferences"] = [reference("a", blockOwnerDeletion=True), reference("b")]
    assert [blocks(obj, uid) for uid in ("a", "b", "c")] == [True, False, False]


def test_what_is_left_over_is_left_out() -> None:
    assert without_owners(dependent("a", "b"), ("a",)) == dependent("b")
    assert "ownerReferences" not in without_owners(dependent("a"), ("a",))["metadata"]
    obj = owner("a", finalizers=["x", "y"])
    assert without_finalizer(obj, "x")["metadata"]["finalizers"] == ["y"]
    assert "finalizers" not in without_finalizer(without_finalizer(obj, "x"), "y")["metadata"]
