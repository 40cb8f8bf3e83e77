from typing import Any

import pytest

from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.controller.explanation import explain

NOW = timestamps.parse("2026-01-02T03:05:00Z")


def a_job(status: Object | None = None, **spec: Any) -> Object:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c"}]}}
    meta = {"name": "j", "namespace": "default", "uid": "u"}
    return {"metadata": meta, "spec": {"template": template, **spec}, "status": status or {}}


def a_pod(name: str, code: int | None, at: str = "2026-01-02T03:04:50Z") -> Object:
    meta = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "creationTimestamp": "2026-01-02T03:04:00Z",
    }
    if code is None:
        return {"metadata": meta, "spec": {}, "status": {"phase": "Running"}}
    ended = {"exitCode": code, "reason": "Error" if code else "Completed", "finishedAt": at}
    phase = "Failed" if code else "Succeeded"
    containers = [{"name": "c", "state": {"terminated": ended}}]
    return {
        "metadata": meta,
        "spec": {},
        "status": {"phase": phase, "containerStatuses": containers},
    }


def condition(type_: str, reason: str, message: str) -> Object:
    time = "2026-01-02T03:04:50Z"
    return {
        "type": type_,
        "status": "True",
        "reason": reason,
        "message": message,
        "lastTransitionTime": time,
        "lastProbeTime": time,
    }


def test_a_finished_job_says_what_ended_it() -> None:
    over = condition("Failed", "BackoffLimitExceeded", "Job has reached the limit")
    explained = explain(a_job({"conditions": [over], "failed": 1}, backoffLimit=0), [], NOW)
    assert explained.summary == "Failed: BackoffLimitExceeded: Job has reached the limit"
    assert explained.failures == "1 failures of 0 that backoffLimit allows"
    assert explained.next_retry is None


def test_the_next_retry_doubles_with_each_failure() -> None:
    pods = [a_pod("a", 3, "2026-01-02T03:04:00Z"), a_pod("b", 3)]
    explained = explain(a_job({"failed": 2}), pods, NOW)
    assert explained.next_retry == timestamps.parse("2026-01-02T03:05:10Z")
    assert explained.formula.startswith("min(10 s x 2^(2-1), 600 s) = 20 s after")


def test_a_success_forgives_the_failures_before_it() -> None:
    pods = [a_pod("a", 3, "2026-01-02T03:04:00Z"), a_pod("b", 0)]
    assert explain(a_job({"failed": 1}, completions=3), pods, NOW).next_retry is None


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (42, "counted: podFailurePolicy rule 0 says FailJob"),
        (9, "ignored: podFailurePolicy rule 1 says Ignore"),
        (1, "counted: no rule of the podFailurePolicy matches"),
    ],
)
def test_each_failure_names_the_rule_that_decided(code: int, meaning: str) -> None:
    rules = [
        {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}},
        {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [9]}},
    ]
    job = a_job(podFailurePolicy={"rules": rules})
    (account,) = explain(job, [a_pod("a", code)], NOW).pods
    assert (account.meaning, account.ending) == (meaning, f"exit code {code} (Error)")
    assert account.containers == ("c",)


def test_a_waiting_pod_says_what_for() -> None:
    pod = a_pod("a", None)
    pod["status"] = {
        "phase": "Pending",
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/1 nodes are available: 1 Insufficient cpu.",
            }
        ],
    }
    (account,) = explain(a_job({"active": 1}), [pod], NOW).pods
    assert account.ending == "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."


def test_suspension_and_deadlines_are_told() -> None:
    assert explain(a_job(suspend=True), [], NOW).summary.startswith("Suspended: ")
    job = a_job({"startTime": "2026-01-02T03:04:58Z", "active": 1}, activeDeadlineSeconds=5)
    assert explain(job, [], NOW).notes == (
        "activeDeadlineSeconds ends it at 2026-01-02T03:05:03Z, in 3 s",
    )
