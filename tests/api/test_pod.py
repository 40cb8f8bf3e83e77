from __future__ import annotations

from typing import Any

import pytest

from localjobs.api import timestamps
from localjobs.api.pod import PodView, is_counted

FINALIZER = "batch.kubernetes.io/job-tracking"
PREFIX = "batch.kubernetes.io/job"
T = [f"2026-01-01T00:00:{second:02}Z" for second in range(60)]


def pod(status: dict[str, Any] | None = None, **meta: Any) -> PodView:
    metadata = {"name": "p", "namespace": "ns", "uid": "u", "creationTimestamp": T[0], **meta}
    return PodView.of({"metadata": metadata, "status": status or {}})


def ended(name: str, at: str | None) -> dict[str, Any]:
    state = {"running": {}} if at is None else {"terminated": {"exitCode": 0, "finishedAt": at}}
    return {"name": name, "state": state, "restartCount": 2}


@pytest.mark.parametrize(
    ("phase", "deleting", "active", "terminating", "terminal"),
    [
        ("", False, True, False, False),
        ("Pending", False, True, False, False),
        ("Running", True, False, True, False),
        ("Succeeded", False, False, False, True),
        ("Failed", True, False, False, True),
    ],
)
def test_the_states_of_a_pod(
    phase: str, deleting: bool, active: bool, terminating: bool, terminal: bool
) -> None:
    view = pod({"phase": phase}, **({"deletionTimestamp": T[9]} if deleting else {}))
    assert (view.is_active, view.is_terminating) == (active, terminating)
    assert view.is_terminal is terminal


@pytest.mark.parametrize(
    ("text", "index"), [("7", 7), ("0", 0), ("-1", None), ("x", None), ("", None), ("\u0663", None)]
)
def test_the_completion_index(text: str, index: int | None) -> None:
    assert pod(annotations={f"{PREFIX}-completion-index": text}).completion_index == index
    assert pod().completion_index is None


def test_failure_counts_that_make_no_sense_are_zero() -> None:
    def counts(failures: str, ignored: str) -> tuple[int, int]:
        view = pod(
            annotations={
                f"{PREFIX}-index-failure-count": failures,
                f"{PREFIX}-index-ignored-failure-count": ignored,
            }
        )
        return view.index_failures, view.index_ignored_failures

    assert counts("3", "2") == (3, 2)
    assert counts("-3", "two") == (0, 0)
    assert counts(str(2**31), str(2**31 - 1)) == (0, 2**31 - 1)
    assert (pod().index_failures, pod().index_ignored_failures) == (0, 0)


def test_readiness_and_restarts() -> None:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": T[7]}
    status = {
        "phase": "Running",
        "conditions": [{"type": "Initialized", "status": "True"}, ready],
        "containerStatuses": [ended("c", None), ended("d", T[1])],
        "initContainerStatuses": [ended("i", T[1])],
    }
    view = pod(status)
    assert (view.is_ready, view.restarts, view.most_restarts) == (True, 6, 2)
    assert view.ready_since == timestamps.parse(T[7])
    assert pod({**status, "phase": "Failed"}).restarts == 0
    assert pod().ready_since == timestamps.parse(T[0])


def test_when_a_pod_ended() -> None:
    both = {"containerStatuses": [ended("a", T[5]), ended("b", T[9])]}
    unready = {"conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": T[20]}]}
    deleted = {"deletionTimestamp": T[40], "deletionGracePeriodSeconds": 10}
    one_runs = {"containerStatuses": [ended("a", T[5]), ended("b", None)]}
    for view, at in (
        (pod({**both, **unready}, **deleted), T[9]),
        (pod({**one_runs, **unready}, **deleted), T[20]),
        (pod(unready, **deleted), T[20]),
        (pod(one_runs, **deleted), T[30]),
        (pod(one_runs), T[0]),
    ):
        assert view.finished_at == timestamps.parse(at)


def test_a_sidecar_ends_after_the_containers() -> None:
    obj = pod(
        {
            "containerStatuses": [ended("a", T[5])],
            "initContainerStatuses": [ended("once", T[50]), ended("sidecar", T[8])],
        }
    ).object
    spec = {"initContainers": [{"name": "once"}, {"name": "sidecar", "restartPolicy": "Always"}]}
    assert PodView.of({**obj, "spec": spec}).finished_at == timestamps.parse(T[8])


def test_when_a_pod_is_counted() -> None:
    def counted(phase: str, *finalizers: str) -> bool:
        return is_counted(pod({"phase": phase}, finalizers=list(finalizers)).object)

    assert counted("Succeeded")
    assert counted("Failed", "acme.io/other")
    assert not counted("Failed", FINALIZER)
    assert not counted("Running")
    assert pod(finalizers=[FINALIZER]).is_tracked
