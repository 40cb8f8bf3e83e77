from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.index_set import IndexSet
from localjobs.api.job import JobSpec, JobView, OnExitCodes, PodConditionPattern
from localjobs.api.job_status import JobCondition, JobStatus
from localjobs.api.objects import Object

TIME = "2026-01-02T03:04:05Z"


def job(spec: dict[str, Any], **members: Any) -> Object:
    meta = {"name": "j", "namespace": "ns", "uid": "u"}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec, **members}


def test_defaults_are_the_apis() -> None:
    spec = JobSpec.of({})
    assert (spec.parallelism, spec.completions, spec.backoff_limit) == (1, 1, 6)
    assert (spec.completion_mode, spec.suspend, spec.is_indexed) == ("NonIndexed", False, False)
    assert not spec.only_replaces_failed
    assert JobSpec.of({"parallelism": 3}).completions is None
    assert JobSpec.of({"parallelism": 0}).parallelism == 0
    assert JobSpec.of({"backoffLimitPerIndex": 0}).backoff_limit == 2**31 - 1
    assert JobSpec.of({"backoffLimit": 0}).backoff_limit == 0


@pytest.mark.parametrize(
    ("spec", "only_failed"),
    [
        ({"podReplacementPolicy": "Failed"}, True),
        ({"podReplacementPolicy": "TerminatingOrFailed"}, False),
        ({"podFailurePolicy": {"rules": []}}, True),
    ],
)
def test_when_only_failed_pods_are_replaced(spec: dict[str, Any], only_failed: bool) -> None:
    assert JobSpec.of(spec).only_replaces_failed is only_failed


@pytest.mark.parametrize(
    ("managed_by", "elsewhere"),
    [(None, False), ("kubernetes.io/job-controller", False), ("acme.io/x", True)],
)
def test_who_manages_it(managed_by: str | None, elsewhere: bool) -> None:
    assert JobSpec(managed_by=managed_by).is_managed_elsewhere is elsewhere


def test_policies_are_read() -> None:
    codes = {"operator": "In", "values": [1, 2], "containerName": "c"}
    conditions = [{"type": "DisruptionTarget"}, {"type": "X", "status": "False"}]
    spec = JobSpec.of(
        {
            "completions": 4,
            "podFailurePolicy": {
                "rules": [
                    {"action": "FailJob", "onExitCodes": codes},
                    {"action": "Ignore", "onPodConditions": conditions},
                ]
            },
            "successPolicy": {"rules": [{"succeededIndexes": "0-7", "succeededCount": 2}]},
        }
    )
    assert spec.pod_failure_policy is not None
    first, second = spec.pod_failure_policy
    assert first.on_exit_codes == OnExitCodes("In", (1, 2), "c")
    assert second.on_pod_conditions == (
        PodConditionPattern("DisruptionTarget", "True"),
        PodConditionPattern("X", "False"),
    )
    (rule,) = spec.success_policy
    assert rule.succeeded_indexes == IndexSet(range(4)), "those out of range do not count"


def test_a_status_survives_being_read_and_rendered() -> None:
    status = {
        "conditions": [
            {
                "type": "Suspended",
                "status": "False",
                "lastProbeTime": TIME,
                "lastTransitionTime": TIME,
                "reason": "JobResumed",
                "message": "Job resumed",
            },
            {"type": "Custom", "status": "True"},
        ],
        "startTime": TIME,
        "completionTime": TIME,
        "active": 1,
        "succeeded": 2,
        "failed": 3,
        "terminating": 0,
        "completedIndexes": "0,1,4-6",
        "failedIndexes": "",
        "uncountedTerminatedPods": {},
        "ready": 0,
    }
    assert JobStatus.of(status, 100).to_object() == status
    assert list(JobStatus.of(status, 100).to_object()) == list(status)


def test_zero_counts_are_left_out_and_pointers_are_not() -> None:
    assert JobStatus().to_object() == {}
    assert JobStatus(ready=0, terminating=0, tracked=True).to_object() == {
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "ready": 0,
    }


def test_indexes_out_of_range_are_not_on_record() -> None:
    status = JobStatus.of({"completedIndexes": "0,3-5", "failedIndexes": "2"}, 4)
    assert status.completed_indexes == IndexSet([0, 3])
    assert status.failed_indexes == IndexSet([2])
    nothing = JobStatus.of({"completedIndexes": "3-5"}, 1)
    assert nothing.completed_indexes is None


def test_the_end_of_a_job_is_a_condition_that_is_true() -> None:
    failed = JobCondition("Failed", "True")
    assert JobStatus((JobCondition("Complete", "False"), failed)).finish == failed
    assert JobStatus((JobCondition("FailureTarget", "True"),)).finish is None
    assert JobStatus((failed,)).is_true("Failed")
    assert not JobStatus().is_true("Failed")


def test_a_view_takes_over_what_has_not_changed() -> None:
    first = JobView.of(job({"completions": 3}, status={"succeeded": 1}))
    again = JobView.of({**first.object, "metadata": {"name": "j", "uid": "v"}}, first)
    assert again.uid == "v"
    assert again.spec is first.spec
    assert again.status is first.status
    changed = JobView.of({**first.object, "spec": {"completions": 2}}, first)
    assert changed.spec.completions == 2
    assert changed.status == first.status
    assert changed.status is not first.status, "the indexes in range may be others"
    assert JobView.of({**first.object, "status": {"succeeded": 2}}, first).status.succeeded == 2


def test_a_job_without_status_has_an_empty_one() -> None:
    view = JobView.of(job({}))
    assert view.status == JobStatus()
    assert JobView.of(view.object, view).status == JobStatus()
    assert not view.is_finished
    assert (view.name, view.namespace, view.uid, view.is_deleting) == ("j", "ns", "u", False)
