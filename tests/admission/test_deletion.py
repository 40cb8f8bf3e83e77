from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localjobs.admission.deletion import (
    ORPHAN_WARNING,
    DeleteOptions,
    check_preconditions,
    decide_deletion,
    deletion_warnings,
    is_finished_deletion,
    validate_delete_options,
)
from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, EVENTS, JOBS, NAMESPACES, PODS, Resource
from localjobs.errors import Conflict

NOW = 1_700_000_000.0
AT_NOW = timestamps.render(NOW)
BACKGROUND = DeleteOptions(propagation_policy="Background")


def job(**metadata: Any) -> Object:
    return {"kind": "Job", "metadata": {"name": "j", "uid": "u", "generation": 1, **metadata}}


def pod(phase: str = "Running", node: str = "n", grace: int | None = 30, **meta: Any) -> Object:
    spec: Object = {"nodeName": node} if node else {}
    if grace is not None:
        spec["terminationGracePeriodSeconds"] = grace
    return {"metadata": {"name": "p", "uid": "u", **meta}, "spec": spec, "status": {"phase": phase}}


def deletion_members(obj: Object) -> tuple[Any, Any, list[str]]:
    meta = objects.metadata(obj)
    return (
        meta.get("deletionTimestamp"),
        meta.get("deletionGracePeriodSeconds"),
        objects.finalizers(obj),
    )


def test_an_object_without_finalizers_goes_at_once() -> None:
    decided = decide_deletion(JOBS, job(), BACKGROUND, NOW)
    assert (decided.marked, decided.gone) == (None, True)


@pytest.mark.parametrize(
    ("options", "old", "expected"),
    [
        (DeleteOptions(), [], ["orphan"]),
        (DeleteOptions(propagation_policy="Orphan"), ["a/b"], ["a/b", "orphan"]),
        (DeleteOptions(propagation_policy="Foreground"), [], ["foregroundDeletion"]),
        (DeleteOptions(propagation_policy="Foreground"), ["orphan"], ["foregroundDeletion"]),
        (DeleteOptions(orphan_dependents=True), [], ["orphan"]),
        (DeleteOptions(), ["foregroundDeletion"], ["foregroundDeletion"]),
        (BACKGROUND, ["a/b"], ["a/b"]),
    ],
)
def test_a_job_waits_for_its_finalizers(
    options: DeleteOptions, old: list[str], expected: list[str]
) -> None:
    decided = decide_deletion(JOBS, job(finalizers=old), options, NOW)
    assert not decided.gone
    assert decided.marked is not None
    assert deletion_members(decided.marked) == (AT_NOW, 0, expected)
    assert objects.metadata(decided.marked)["generation"] == 2


@pytest.mark.parametrize("options", [BACKGROUND, DeleteOptions(orphan_dependents=False)])
def test_background_deletion_takes_a_leftover_finalizer_away(options: DeleteOptions) -> None:
    decided = decide_deletion(JOBS, job(finalizers=["orphan"]), options, NOW)
    assert decided.gone
    assert decided.marked is not None
    assert objects.finalizers(decided.marked) == []


@pytest.mark.parametrize("resource", [CONFIGMAPS, EVENTS])
def test_other_kinds_do_not_orphan_by_default(resource: Resource) -> None:
    assert decide_deletion(resource, job(), DeleteOptions(), NOW).gone


def test_an_event_owns_nothing() -> None:
    assert decide_deletion(EVENTS, job(), DeleteOptions(propagation_policy="Orphan"), NOW).gone


def test_asking_again_changes_the_finalizers_alone() -> None:
    first = decide_deletion(JOBS, job(), DeleteOptions(), NOW).marked
    assert first is not None
    again = decide_deletion(JOBS, first, DeleteOptions(), NOW + 9)
    assert (again.marked, again.gone) == (first, False)
    foreground = DeleteOptions(propagation_policy="Foreground")
    other = decide_deletion(JOBS, first, foreground, NOW + 9).marked
    assert other is not None
    assert deletion_members(other) == (AT_NOW, 0, ["foregroundDeletion"])
    assert objects.metadata(other)["generation"] == 2


@pytest.mark.parametrize(
    ("subject", "options", "seconds"),
    [
        (pod(), DeleteOptions(), 30),
        (pod(grace=None), DeleteOptions(), 0),
        (pod(), DeleteOptions(grace_period_seconds=5), 5),
        (pod(), DeleteOptions(grace_period_seconds=0), 0),
        (pod(), DeleteOptions(grace_period_seconds=-7), 1),
        (pod(grace=-1), DeleteOptions(), 1),
        (pod(node=""), DeleteOptions(grace_period_seconds=5), 0),
        (pod("Succeeded"), DeleteOptions(), 0),
        (pod("Failed"), DeleteOptions(grace_period_seconds=5), 0),
    ],
)
def test_a_pod_has_its_grace_period(subject: Object, options: DeleteOptions, seconds: int) -> None:
    decided = decide_deletion(PODS, subject, options, NOW)
    assert decided.marked is not None
    assert deletion_members(decided.marked) == (timestamps.render(NOW + seconds), seconds, [])
    assert decided.gone is (seconds == 0)


def test_a_pod_with_finalizers_is_marked_only() -> None:
    subject = pod("Succeeded", finalizers=["batch.kubernetes.io/job-tracking"])
    decided = decide_deletion(PODS, subject, DeleteOptions(), NOW)
    assert not decided.gone
    assert decided.marked is not None


def marked_pod(seconds: int, **meta: Any) -> Object:
    marked = decide_deletion(PODS, pod(grace=seconds, **meta), DeleteOptions(), NOW).marked
    assert marked is not None
    return marked


@given(seconds=st.integers(1, 100), wanted=st.none() | st.integers(-5, 200), later=st.floats(0, 50))
def test_a_grace_period_only_gets_shorter(seconds: int, wanted: int | None, later: float) -> None:
    before = marked_pod(seconds)
    options = DeleteOptions(grace_period_seconds=wanted)
    decided = decide_deletion(PODS, before, options, NOW + later)
    effective = 1 if wanted is not None and wanted < 0 else wanted
    if effective is None or effective >= seconds:
        assert (decided.marked, decided.gone) == (None, False)
    else:
        assert decided.marked is not None
        until = timestamps.render(NOW + effective)
        assert deletion_members(decided.marked) == (until, effective, [])
        assert decided.gone is (effective == 0)


def test_a_pod_past_its_grace_period_goes_once_its_finalizers_do() -> None:
    held = marked_pod(0, finalizers=["a/b"])
    again = decide_deletion(PODS, held, DeleteOptions(), NOW)
    assert (again.marked, again.gone) == (held, False)
    released = objects.with_metadata(held, finalizers=None)
    assert decide_deletion(PODS, released, DeleteOptions(), NOW).gone


@pytest.mark.parametrize(
    ("deleting", "finalizers", "period", "expected"),
    [
        (True, [], 0, True),
        (True, [], None, True),
        (True, [], 3, False),
        (True, ["a/b"], 0, False),
        (False, [], 0, False),
    ],
)
def test_a_write_finishes_a_deletion_that_waits_for_nothing(
    deleting: bool, finalizers: list[str], period: int | None, expected: bool
) -> None:
    obj = job(finalizers=finalizers, **({"deletionTimestamp": AT_NOW} if deleting else {}))
    assert is_finished_deletion(obj, period) is expected


def test_a_namespace_is_emptied_first() -> None:
    namespace: Object = {"metadata": {"name": "n"}, "spec": {"finalizers": ["kubernetes"]}}
    marked = decide_deletion(NAMESPACES, namespace, DeleteOptions(), NOW).marked
    assert marked is not None
    assert marked["status"] == {"phase": "Terminating"}
    assert objects.metadata(marked) == {"name": "n", "deletionTimestamp": AT_NOW}
    assert not decide_deletion(NAMESPACES, marked, DeleteOptions(), NOW).gone
    assert decide_deletion(NAMESPACES, {**marked, "spec": {}}, DeleteOptions(), NOW).gone


def test_preconditions_name_what_differs() -> None:
    subject = job(resourceVersion="5")
    check_preconditions(JOBS, subject, DeleteOptions(uid="u", resource_version="5"))
    with pytest.raises(Conflict) as caught:
        check_preconditions(JOBS, subject, DeleteOptions(uid="x"))
    assert str(caught.value) == (
        'Operation cannot be fulfilled on Job.batch "j": the UID in the precondition (x) does not'
        " match the UID in record (u). The object might have been deleted and then recreated"
    )
    with pytest.raises(Conflict, match=r"precondition \(4\) does not match the ResourceVersion"):
        check_preconditions(JOBS, subject, DeleteOptions(resource_version="4"))


@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ({}, []),
        ({"propagationPolicy": "Orphan", "dryRun": ["All"]}, []),
        (
            {"propagationPolicy": "Bogus"},
            [
                (
                    'propagationPolicy: Unsupported value: "Bogus": supported values:'
                    ' "Foreground", "Background", "Orphan", "nil"'
                )
            ],
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": True},
            [
                (
                    'propagationPolicy: Invalid value: "Orphan":'
                    " orphanDependents and deletionPropagation cannot be both set"
                )
            ],
        ),
        ({"dryRun": ["No"]}, ['dryRun: Unsupported value: ["No"]: supported values: "All"']),
    ],
)
def test_options_are_checked(options: Object, messages: list[str]) -> None:
    found = validate_delete_options(DeleteOptions.of(options))
    assert [str(error) for error in found] == messages


def test_options_are_read_whole() -> None:
    body = {
        "gracePeriodSeconds": 3,
        "propagationPolicy": "Orphan",
        "orphanDependents": False,
        "preconditions": {"uid": "u", "resourceVersion": "1"},
        "dryRun": ["All"],
    }
    assert DeleteOptions.of(body) == DeleteOptions(3, "Orphan", False, "u", "1", ("All",))


def test_only_the_silent_deletion_of_a_job_is_warned_of() -> None:
    assert deletion_warnings(JOBS, DeleteOptions()) == [ORPHAN_WARNING]
    assert deletion_warnings(JOBS, DeleteOptions(orphan_dependents=True)) == []
    assert deletion_warnings(JOBS, BACKGROUND) == []
    assert deletion_warnings(PODS, DeleteOptions()) == []
