"""Metrics, driven by what they count."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from localjobs.api import resources
from localjobs.api.objects import Object
from localjobs.apiserver.metrics import Metrics
from localjobs.store.store import Store
from tests.apiserver.samples import JOBS, job
from tests.apiserver.serving import Client, Served, serve

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def read(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Counted:
    """A store, and what is counted over it."""

    def __init__(self) -> None:
        self.store = Store.open(None)
        self.metrics = Metrics(self.store)

    def put(self, resource: Any, obj: Object) -> Object:
        meta = obj["metadata"]
        there = self.store.get(resource, meta.get("namespace", ""), meta["name"])
        found = (self.store.insert if there is None else self.store.replace)(resource, obj)
        self.store.flush()
        return found

    def value(self, name: str, **labels: str) -> float:
        samples = read(self.metrics.exposition().decode())
        return samples.get((name, frozenset(labels.items())), 0.0)


@pytest.fixture
def counted() -> Iterator[Counted]:
    counted = Counted()
    yield counted
    counted.store.close()


def some_job(status: Object | None = None, **spec: Any) -> Object:
    return {
        "metadata": {"name": "j", "namespace": "n", "uid": "job-uid"},
        "spec": {"completionMode": "NonIndexed", **spec},
        "status": status or {},
    }


def some_pod(name: str, phase: str, **status: Any) -> Object:
    owner = {"kind": "Job", "uid": "job-uid", "controller": True, "name": "j"}
    meta = {"name": name, "namespace": "n", "uid": f"uid-{name}", "ownerReferences": [owner]}
    return {"metadata": meta, "status": {"phase": phase, **status}}


FINISHED = "job_controller_jobs_finished_total"


@pytest.mark.parametrize(
    ("type_", "result", "reason"),
    [("Complete", "succeeded", "CompletionsReached"), ("Failed", "failed", "DeadlineExceeded")],
)
def test_a_job_finishes_once(counted: Counted, type_: str, result: str, reason: str) -> None:
    labels = {"completion_mode": "Indexed", "result": result, "reason": reason}
    counted.put(resources.JOBS, some_job(completionMode="Indexed", completions=1))
    interim = {"type": "FailureTarget", "status": "True", "reason": reason}
    counted.put(resources.JOBS, some_job({"conditions": [interim]}, completionMode="Indexed"))
    assert counted.value(FINISHED, **labels) == 0
    end = {"type": type_, "status": "True", "reason": reason}
    for ready in (0, 1):
        status = {"conditions": [interim, end], "ready": ready}
        counted.put(resources.JOBS, some_job(status, completionMode="Indexed"))
    assert counted.value(FINISHED, **labels) == 1


def test_pods_count_when_the_job_counts_them(counted: Counted) -> None:
    name = "job_controller_job_pods_finished_total"
    for succeeded, failed in ((0, 0), (2, 0), (2, 1), (5, 1)):
        counted.put(resources.JOBS, some_job({"succeeded": succeeded, "failed": failed}))
    for result, expected in (("succeeded", 5), ("failed", 1)):
        assert counted.value(name, completion_mode="NonIndexed", result=result) == expected


def test_indexes_finish(counted: Counted) -> None:
    name = "job_controller_job_finished_indexes_total"
    spec = {"completionMode": "Indexed", "completions": 20, "backoffLimitPerIndex": 1}
    for succeeded, completed, failed in ((0, "", ""), (3, "0-2", "7"), (4, "0-3", "5,7,9")):
        status = {
            "succeeded": succeeded,
            "completedIndexes": completed,
            "failedIndexes": failed,
        }
        counted.put(resources.JOBS, some_job(status, **spec))
    assert counted.value(name, status="succeeded", backoffLimit="perIndex") == 4
    assert counted.value(name, status="failed", backoffLimit="perIndex") == 3


@pytest.mark.parametrize(
    ("spec", "status", "reason"),
    [
        ({}, {}, "new"),
        ({}, {"failed": 1}, "recreate_terminating_or_failed"),
        ({}, {"terminating": 1}, "recreate_terminating_or_failed"),
        ({"podReplacementPolicy": "Failed"}, {"failed": 1}, "recreate_failed"),
        ({"podReplacementPolicy": "Failed"}, {}, "new"),
    ],
)
def test_pods_are_created_for_a_reason(
    counted: Counted, spec: Object, status: Object, reason: str
) -> None:
    name = "job_controller_job_pods_creation_total"
    counted.put(resources.JOBS, some_job(status, **spec))
    counted.put(resources.PODS, some_pod("p", "Pending"))
    counted.put(resources.PODS, some_pod("p", "Running"))
    stranger = {**some_pod("q", "Pending"), "metadata": {"name": "q", "namespace": "n", "uid": "q"}}
    counted.put(resources.PODS, stranger)
    assert counted.value(name, reason=reason, status="succeeded") == 1


def test_pods_that_cannot_be_created_are_told_by_events(counted: Counted) -> None:
    name = "job_controller_job_pods_creation_total"
    counted.put(resources.JOBS, some_job())
    event = {
        "metadata": {"name": "e", "namespace": "n", "uid": "e"},
        "reason": "FailedCreate",
        "involvedObject": {"kind": "Job", "uid": "job-uid"},
    }
    for count in (1, 4):
        counted.put(resources.EVENTS, {**event, "count": count})
    assert counted.value(name, reason="new", status="failed") == 4


def test_running_pods_are_followed(counted: Counted) -> None:
    for name, phase in (("a", "Pending"), ("b", "Running"), ("a", "Running"), ("b", "Succeeded")):
        started = {"startTime": "2026-01-01T00:00:00Z"} if phase != "Pending" else {}
        counted.put(resources.PODS, some_pod(name, phase, **started))
    assert counted.value("kubelet_running_pods") == 1
    assert counted.value("kubelet_started_pods_total") == 2
    again = Metrics(counted.store)  # as after a restart
    assert read(again.exposition().decode())["kubelet_running_pods", frozenset()] == 1
    counted.store.remove(resources.PODS, "n", "a")
    counted.store.flush()
    assert counted.value("kubelet_running_pods") == 0


def test_objects_are_counted(counted: Counted) -> None:
    counted.put(resources.JOBS, some_job())
    assert counted.value("apiserver_storage_objects", resource="jobs.batch") == 1
    assert counted.value("process_resident_memory_bytes") > 1_000_000


# Requests


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[tuple[Served, Client]]:
    with serve(tmp_path) as served, served.client() as client:
        yield served, client


PLACE = {"group": "batch", "version": "v1", "resource": "jobs", "component": "apiserver"}


def test_requests_are_counted_by_what_they_ask(alone: tuple[Served, Client]) -> None:
    _, client = alone
    client.send("POST", JOBS, job("a"))
    client.send("POST", JOBS, job("a"))
    client.send("POST", JOBS, job("b"), query={"dryRun": "All"})
    client.get(JOBS)
    client.get("/apis/batch/v1/jobs")
    client.get(f"{JOBS}/a")
    client.get(f"{JOBS}/a/status")
    patch = {"metadata": {"labels": {"x": "y"}}}
    client.send("PATCH", f"{JOBS}/a", patch, content_type="application/merge-patch+json")
    apply = {"fieldManager": "me"}
    applied = job("a")
    client.send(
        "PATCH", f"{JOBS}/a", applied, content_type="application/apply-patch+yaml", query=apply
    )
    client.send("DELETE", JOBS, {"propagationPolicy": "Background"})
    client.get(JOBS, query={"watch": "true", "timeoutSeconds": 1})
    reply = client.get("/metrics")
    assert reply.type == "text/plain; version=0.0.4; charset=utf-8"
    samples = read(reply.text)
    expected = [
        ("POST", "", "resource", "", "201", 1),
        ("POST", "", "resource", "", "409", 1),
        ("POST", "All", "resource", "", "201", 1),
        ("LIST", "", "namespace", "", "200", 1),
        ("LIST", "", "cluster", "", "200", 1),
        ("GET", "", "resource", "", "200", 1),
        ("GET", "", "resource", "status", "200", 1),
        ("PATCH", "", "resource", "", "200", 1),
        ("APPLY", "", "resource", "", "200", 1),
        ("DELETECOLLECTION", "", "namespace", "", "200", 1),
        ("WATCH", "", "namespace", "", "200", 1),
    ]
    for verb, dry_run, scope, subresource, code, count in expected:
        place = {**PLACE, "verb": verb, "dry_run": dry_run, "scope": scope}
        place["subresource"] = subresource
        key = frozenset({**place, "code": code}.items())
        assert samples.get(("apiserver_request_total", key)) == count, (verb, samples)
        buckets = frozenset({**place, "le": "+Inf"}.items())
        assert samples["apiserver_request_duration_seconds_bucket", buckets] >= count
    told = {labels for name, labels in samples if name == "apiserver_longrunning_requests"}
    assert all(samples["apiserver_longrunning_requests", labels] == 0 for labels in told)


def test_help_and_type_stand_before_each_metric(alone: tuple[Served, Client]) -> None:
    _, client = alone
    client.get(JOBS)
    text = client.get("/metrics").text
    for name, type_ in (
        ("apiserver_request_total", "counter"),
        ("apiserver_request_duration_seconds", "histogram"),
        (FINISHED, "counter"),
        ("kubelet_running_pods", "gauge"),
    ):
        assert f"# HELP {name} " in text
        assert f"# TYPE {name} {type_}\n" in text
    assert "_created" not in text
