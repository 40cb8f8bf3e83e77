from typing import Any

import pytest

from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.controller.explanation import explain

NOW = timestamps.parse("2026-01-02T03:05:00Z")
REPLACED_LATER = "1 pod is terminating, replaced only once failed:"


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
    assert explained.failures == "1 failure of 0 that backoffLimit allows"
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


def indexed(status: Object, **spec: Any) -> Object:
    return a_job(status, completions=4, completionMode="Indexed", **spec)


def test_failures_of_indexes_are_counted_by_index() -> None:
    job = indexed({"failed": 5, "failedIndexes": "1,3"}, backoffLimitPerIndex=1, maxFailedIndexes=2)
    explained = explain(job, [], NOW)
    assert explained.failures == (
        "5 failed pods, 2 failed indexes of at most 2; each index is retried 1 time"
    )


def test_the_failure_that_ends_an_index_is_told_from_the_others() -> None:
    job = indexed({}, backoffLimitPerIndex=2)
    pod = a_pod("a", 1)
    pod["metadata"]["annotations"] = {
        "batch.kubernetes.io/job-completion-index": "3",
        "batch.kubernetes.io/job-index-failure-count": "1",
    }
    (account,) = explain(job, [pod], NOW).pods
    assert account.index == 3
    assert account.meaning.endswith("; failure 2 of index 3, which fails at 3")


def test_restarts_count_against_the_limit_and_say_when_the_next_is() -> None:
    job = a_job({"active": 1}, backoffLimit=4)
    job["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    pod = a_pod("a", None)
    ended = {"exitCode": 3, "reason": "Error", "finishedAt": "2026-01-02T03:04:50Z"}
    message = "back-off 1m20s restarting failed container=c pod=a_default(a)"
    waits = {"reason": "CrashLoopBackOff", "message": message}
    pod["status"]["containerStatuses"] = [
        {
            "name": "c",
            "restartCount": 4,
            "state": {"waiting": waits},
            "lastState": {"terminated": ended},
        }
    ]
    explained = explain(job, [pod], NOW)
    assert explained.failures == (
        "0 failures of 4 that backoffLimit allows;"
        " containers restarted: 4 times, at 4 the Job fails"
    )
    assert explained.next_retry == timestamps.parse("2026-01-02T03:06:10Z")
    assert explained.formula == "80 s after container c of pod a ended at 2026-01-02T03:04:50Z"
    (account,) = explained.pods
    assert account.ending == f"CrashLoopBackOff: {message}; it ended with exit code 3 (Error)"
    assert (account.restarts, account.is_stuck) == (4, True)


def test_the_time_to_live_of_a_finished_job_is_told() -> None:
    over = condition("Complete", "CompletionsReached", "Reached")
    explained = explain(a_job({"conditions": [over]}, ttlSecondsAfterFinished=30), [], NOW)
    assert explained.notes == (
        "ttlSecondsAfterFinished deletes it at 2026-01-02T03:05:20Z, in 20 s",
    )


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"succeededCount": 2}, "2 of the indexes any; 0,2 succeeded"),
        ({"succeededIndexes": "0,2"}, "all of the indexes 0,2; 0,2 succeeded"),
        ({"succeededIndexes": "0-2", "succeededCount": 1}, "1 of the indexes 0-2; 0,2 succeeded"),
    ],
)
def test_a_success_policy_names_the_rule_that_was_met(rule: Object, text: str) -> None:
    met = condition("SuccessCriteriaMet", "SuccessPolicy", "Matched rules at index 1")
    rules = [{"succeededIndexes": "1"}, rule]
    job = indexed({"conditions": [met], "completedIndexes": "0,2"}, successPolicy={"rules": rules})
    (note,) = explain(job, [], NOW).notes
    assert note == f"successPolicy rule 1 asks for {text}"


@pytest.mark.parametrize(
    ("spec", "note"),
    [
        ({}, "1 pod is terminating"),
        (
            {"podReplacementPolicy": "Failed"},
            f"{REPLACED_LATER} podReplacementPolicy Failed",
        ),
        (
            {"podFailurePolicy": {"rules": []}},
            f"{REPLACED_LATER} there is a podFailurePolicy",
        ),
    ],
)
def test_terminating_pods_are_told_and_when_they_are_replaced(spec: Object, note: str) -> None:
    pod = a_pod("a", None)
    pod["metadata"]["deletionTimestamp"] = "2026-01-02T03:05:20Z"
    explained = explain(a_job({"terminating": 1}, **spec), [pod], NOW)
    assert explained.notes == (note,)
    assert explained.pods[0].phase == "Terminating"


def test_a_job_that_failed_waits_for_its_last_pods() -> None:
    over = condition("FailureTarget", "DeadlineExceeded", "Job was active longer")
    pod = a_pod("a", None)
    pod["metadata"]["deletionTimestamp"] = "2026-01-02T03:05:20Z"
    explained = explain(a_job({"conditions": [over], "terminating": 1}), [pod], NOW)
    assert explained.notes == ("1 pod is terminating; the Job is finished after that",)


def test_a_deletion_that_waits_names_the_finalizers() -> None:
    job = a_job({})
    job["metadata"] |= {"deletionTimestamp": "2026-01-02T03:04:50Z", "finalizers": ["a.b/c"]}
    explained = explain(job, [], NOW)
    assert explained.notes == ("its deletion waits for the finalizers a.b/c",)
