from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api import timestamps
from localjobs.api.job import TRACKING_FINALIZER, JobView
from localjobs.api.objects import Object
from localjobs.api.pod import PodView
from localjobs.controller.reconcile import reconcile
from localjobs.controller.retries import Retry, is_short_of_pods, retries
from localjobs.controller.tally import Tally

START = timestamps.parse("2026-01-02T03:04:00Z")
NOW = START + 60


def a_job(status: Object | None = None, **spec: Any) -> JobView:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "c"}]}}
    meta = {"name": "j", "namespace": "default", "uid": "u"}
    started = {"startTime": timestamps.render(START), **(status or {})}
    return JobView.of({"metadata": meta, "spec": {"template": template, **spec}, "status": started})


def a_pod(
    name: str,
    code: int | None,
    seconds: float = 0,
    *,
    index: int | None = None,
    failures: int = 0,
    ignored: int = 0,
) -> PodView:
    annotations = {"batch.kubernetes.io/job-index-failure-count": str(failures)}
    if index is not None:
        annotations["batch.kubernetes.io/job-completion-index"] = str(index)
    if ignored:
        annotations["batch.kubernetes.io/job-index-ignored-failure-count"] = str(ignored)
    meta = {
        "name": name,
        "namespace": "default",
        "uid": name,
        "creationTimestamp": timestamps.render(START),
        "annotations": annotations,
        "finalizers": [TRACKING_FINALIZER],
    }
    status: Object = {"phase": "Running"}
    if code is not None:
        end = {"exitCode": code, "finishedAt": timestamps.render(START + seconds)}
        status = {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [{"name": "c", "state": {"terminated": end}}],
        }
    return PodView.of({"metadata": meta, "spec": {}, "status": status})


def test_an_ignored_failure_delays_the_next_pod_too() -> None:
    rule = {"action": "Ignore", "onExitCodes": {"operator": "In", "values": [9]}}
    job = a_job(podFailurePolicy={"rules": [rule]})
    (retry,) = retries(job, [a_pod("a", 9, 55)], NOW)
    assert retry.at == START + 65


def test_what_is_over_is_not_waited_for() -> None:
    assert retries(a_job(), [a_pod("a", 1, 49)], NOW) == ()
    assert retries(a_job(), [a_pod("a", 1, 50)], NOW) == ()
    assert len(retries(a_job(), [a_pod("a", 1, 51)], NOW)) == 1


def test_a_pod_that_runs_beside_the_failed_one_ends_no_back_off() -> None:
    job = a_job({"active": 1}, completions=2, parallelism=2)
    pods = [a_pod("a", 1, 55), a_pod("b", None)]
    assert [retry.at for retry in retries(job, pods, NOW)] == [START + 65]


@pytest.mark.parametrize(
    ("status", "spec"),
    [
        ({}, {"suspend": True}),
        ({}, {"managedBy": "example.com/other"}),
        ({"conditions": [{"type": "FailureTarget", "status": "True"}]}, {}),
        ({"conditions": [{"type": "Failed", "status": "True"}]}, {}),
        ({"active": 1}, {}),
        ({"succeeded": 1}, {}),
        ({"terminating": 1}, {"podReplacementPolicy": "Failed"}),
    ],
)
def test_a_job_that_makes_no_pod_waits_for_no_back_off(status: Object, spec: Object) -> None:
    job = a_job(status, **spec)
    assert not is_short_of_pods(job)
    assert retries(job, [a_pod("a", 1, 55)], NOW) == ()


def test_each_index_waits_for_itself() -> None:
    spec = {"completions": 9, "parallelism": 9, "completionMode": "Indexed"}
    job = a_job({"failedIndexes": "7"}, backoffLimitPerIndex=5, **spec)
    pods = [
        a_pod("a", 1, 50, index=0, failures=1, ignored=1),
        a_pod("b", 1, 55, index=3),
        a_pod("c", 1, 55, index=7),  # failed for good
        a_pod("d", 1, 55, index=4, failures=1),
        a_pod("e", None, index=4, failures=2),  # runs again
    ]
    found = retries(job, pods, NOW)
    assert found == (
        Retry(
            START + 65,
            "min(10 s x 2^(1-1), 600 s) = 10 s after the last failure at 2026-01-02T03:04:55Z",
            3,
        ),
        Retry(
            START + 90,
            "min(10 s x 2^(3-1), 600 s) = 40 s after the last failure at 2026-01-02T03:04:50Z",
            0,
        ),
    )


@given(
    st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(0, 60)), max_size=6),
    st.integers(1, 3),
)
@settings(max_examples=100)
def test_what_is_told_is_when_the_controller_looks_again(
    ends: list[tuple[int, int]], parallelism: int
) -> None:
    job = a_job({"startTime": None}, completions=10, parallelism=parallelism, backoffLimit=99)
    pods = [a_pod(f"p{at}", code, seconds) for at, (code, seconds) in enumerate(ends)]
    plan = reconcile(job, Tally(pods), NOW)
    told = retries(job, pods, NOW)
    assert [retry.at for retry in told] == ([] if plan.wake_at is None else [plan.wake_at])


@given(
    st.dictionaries(st.integers(0, 4), st.tuples(st.integers(0, 60), st.integers(0, 3)), max_size=5)
)
@settings(max_examples=100)
def test_what_is_told_of_indexes_is_when_the_controller_looks_again(
    ends: dict[int, tuple[int, int]],
) -> None:
    job = a_job(completions=5, parallelism=5, completionMode="Indexed", backoffLimitPerIndex=9)
    pods = [
        a_pod(f"p{index}", 1, seconds, index=index, failures=failures)
        for index, (seconds, failures) in ends.items()
    ]
    plan = reconcile(job, Tally(pods), NOW)
    told = retries(job, pods, NOW)
    assert (told[0].at if told else None) == plan.wake_at
