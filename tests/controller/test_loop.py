"""The controller at work on a store, under a clock that the test moves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from localjobs.admission.deletion import DeleteOptions
from localjobs.api import objects
from localjobs.api.job import TRACKING_FINALIZER
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, NAMESPACES, PODS
from localjobs.clock import SystemClock
from localjobs.controller.loop import JobController
from localjobs.errors import Forbidden
from localjobs.identities import RandomIdentities
from localjobs.store.event_recorder import EventRecorder
from localjobs.store.registry import Registry
from localjobs.store.store import Store
from tests.controller.world import NAMESPACE, World


def job(script: str = "true", spec: dict[str, Any] | None = None, **pod: Any) -> Object:
    container = {"name": "c", "image": "busybox", "command": ["/bin/sh", "-c", script]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container], **pod}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "j"},
        "spec": {"template": template, **(spec or {})},
    }


def bare_pod(name: str, labels: dict[str, str], **meta: Any) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": name,
            "labels": labels,
            "creationTimestamp": "2023-11-14T22:13:20Z",
            **meta,
        },
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "command": ["sleep 5"]}]},
        "status": {"phase": "Pending"},
    }


@pytest.fixture
def world() -> Iterator[World]:
    """A world whose every pod, in the end, is either counted or still the business of a Job."""
    made = World()
    yield made
    made.advance(30)
    for pod in made.pods():
        if TRACKING_FINALIZER in objects.finalizers(pod):
            owner = objects.controller_uid(pod)
            assert owner is not None, "a tracked pod has a Job"
            found = made.store.by_uid(owner)
            assert found is not None, "a tracked pod's Job is there"
            assert not made.is_finished(objects.name(found)), "a finished Job tracks nothing"


def test_pods_exist_as_soon_as_the_job_does(world: World) -> None:
    world.create_job(job(spec={"completions": 3, "parallelism": 2}))
    assert len(world.pods()) == 2
    assert world.status()["active"] == 2
    assert "startTime" in world.status()


def test_the_status_is_written_once_per_turn(world: World) -> None:
    written: list[Object] = []
    world.create_job(job("sleep 5", {"completions": 8, "parallelism": 8}))
    world.advance(2)
    world.store.subscribe(
        lambda changes: written.extend(c.object for c in changes if c.resource is JOBS)
    )
    for pod in world.pods():
        world.registry.put(PODS, objects.with_status(pod, {**pod["status"], "phase": "Succeeded"}))
    world.store.flush()
    assert [each["status"]["succeeded"] for each in written] == [8]
    assert world.is_finished()


def test_a_controller_at_rest_writes_nothing(world: World) -> None:
    world.create_job(job("sleep 60", {"completions": 3, "parallelism": 3}))
    world.advance(2)
    version = world.store.resource_version
    world.advance(20)
    assert world.store.resource_version == version


def test_a_restart_loses_and_repeats_nothing(world: World) -> None:
    spec = {"completionMode": "Indexed", "completions": 12, "parallelism": 3}
    world.create_job(job("sleep 1", spec))
    for _ in range(8):
        world.advance(0.7)
        world.restart_controllers()
    world.run_until(world.is_finished)
    assert len(world.pods_seen) == 12
    assert world.status()["succeeded"] == 12


def test_what_happened_while_no_controller_ran_is_made_up_for(world: World) -> None:
    world.create_job(job("sleep 3", {"completions": 2, "parallelism": 2}))
    world.advance(1)
    world.controller.stop()
    world.collector.stop()
    world.advance(10)
    assert world.status()["active"] == 2
    world.start_controllers()
    assert world.is_finished()


def test_a_backoff_outlives_a_restart(world: World) -> None:
    world.create_job(job("exit 1", {"backoffLimit": 3}))
    world.advance(12)  # the second failure: the next pod comes 20 s after it
    assert len(world.pods_seen) == 2
    world.restart_controllers()
    world.advance(15)
    assert len(world.pods_seen) == 2
    world.advance(6)
    assert len(world.pods_seen) == 3


def test_a_failure_count_per_index_outlives_a_restart(world: World) -> None:
    spec = {
        "completionMode": "Indexed",
        "completions": 1,
        "backoffLimitPerIndex": 1,
    }
    world.create_job(job("exit 1", spec))
    world.advance(2)
    world.restart_controllers()
    world.run_until(world.is_finished, 30)
    assert (len(world.pods_seen), world.status()["failedIndexes"]) == (2, "0")


def test_an_expired_job_goes_with_its_pods(world: World) -> None:
    world.create_job(job(spec={"ttlSecondsAfterFinished": 5}))
    world.run_until(world.is_finished)
    world.restart_controllers()
    world.advance(3.5)
    assert world.job() is not None
    world.advance(2)
    assert (world.job(), world.pods()) == (None, [])


def test_a_time_to_live_may_come_late(world: World) -> None:
    created = world.create_job(job())
    world.run_until(world.is_finished)
    world.advance(30)
    found = world.job()
    assert found is not None
    world.change_spec(ttlSecondsAfterFinished=10)
    world.advance(1)
    assert world.store.by_uid(objects.uid(created)) is None


def test_finished_jobs_leave_nothing_in_memory(world: World) -> None:
    world.create_job(job(spec={"completions": 4, "parallelism": 4}))
    world.run_until(world.is_finished)
    world.advance(1)
    assert not world.controller._records


def test_an_orphan_that_matches_is_adopted() -> None:
    world = World(with_kubelet=False)
    labels = {"app": "x"}
    world.store.insert(PODS, bare_pod("early", labels))
    body = job(
        spec={
            "manualSelector": True,
            "selector": {"matchLabels": labels},
            "completions": 3,
            "parallelism": 3,
        }
    )
    body["spec"]["template"]["metadata"] = {"labels": labels}
    world.create_job(body)
    world.advance(0)
    assert len(world.pods()) == 3
    early = world.store.get(PODS, NAMESPACE, "early")
    assert early is not None
    assert objects.finalizers(early) == [TRACKING_FINALIZER]
    assert objects.controller_uid(early) is not None
    world.change_spec(parallelism=4, completions=4)
    world.store.insert(PODS, bare_pod("late", labels))
    world.advance(0)
    assert world.status()["active"] == 4


def test_a_pod_whose_labels_change_is_released_and_replaced() -> None:
    world = World(with_kubelet=False)
    world.create_job(job())
    (pod,) = world.pods()
    world.store.replace(PODS, objects.with_metadata(pod, labels={"other": "x"}))
    world.advance(0)
    released = world.store.by_uid(objects.uid(pod))
    assert released is not None
    assert "ownerReferences" not in released["metadata"]
    assert "finalizers" not in released["metadata"]
    assert len(world.pods()) == 2
    assert world.status()["active"] == 1


def test_a_pod_with_a_foreign_finalizer_outlives_its_count(world: World) -> None:
    body = job()
    body["spec"]["template"]["metadata"] = {"finalizers": ["acme.io/hold"]}
    world.create_job(body)
    world.run_until(world.is_finished)
    (pod,) = world.pods()
    assert objects.finalizers(pod) == ["acme.io/hold"]


def test_pods_that_are_refused_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(with_kubelet=False)
    create = world.registry.create

    def refuse(resource: Any, *arguments: Any, **options: Any) -> Any:
        if resource is PODS:
            raise Forbidden("pods are not for you")
        return create(resource, *arguments, **options)

    monkeypatch.setattr(world.registry, "create", refuse)
    world.create_job(job())
    (event,) = world.events()
    assert (event["type"], event["reason"]) == ("Warning", "FailedCreate")
    assert event["message"] == "Error creating: pods are not for you"
    assert "active" not in world.status()
    monkeypatch.undo()
    world.advance(1)
    assert world.status()["active"] == 1


def test_nothing_is_told_about_a_namespace_that_ends() -> None:
    world = World(with_kubelet=False)
    world.create_job(job(spec={"suspend": True, "completions": 900, "parallelism": 900}))
    namespace = world.store.get(NAMESPACES, "", NAMESPACE)
    assert namespace is not None
    events = len(world.events())
    ending = objects.with_metadata(namespace, deletionTimestamp="2023-11-14T22:13:20Z")
    world.store.replace(NAMESPACES, ending)
    world.change_spec(suspend=False)
    world.advance(5)
    assert world.pods() == []
    assert len(world.events()) == events


def test_a_tracked_pod_without_a_job_is_let_go_of(world: World) -> None:
    world.store.insert(PODS, bare_pod("stray", {}, finalizers=[TRACKING_FINALIZER]))
    world.store.flush()
    stray = world.store.get(PODS, NAMESPACE, "stray")
    assert stray is not None
    assert "finalizers" not in stray["metadata"]


def test_deleting_a_job_at_once_lets_its_pods_go(world: World) -> None:
    world.create_job(job("sleep 60", {"completions": 2, "parallelism": 2}))
    world.advance(1)
    options = DeleteOptions(propagation_policy="Background")
    world.registry.delete(JOBS, NAMESPACE, "j", options)
    world.advance(5)
    assert world.pods() == []


def test_a_name_that_is_taken_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(with_kubelet=False)
    suffixes = iter(["aaaaa", "aaaaa", "aaaaa", "bbbbb", "ccccc", "ddddd"])
    monkeypatch.setattr(world.identities, "suffix", lambda: next(suffixes))
    world.create_job(job(spec={"completions": 2, "parallelism": 2}))
    assert len({objects.name(pod) for pod in world.pods()}) == 2


async def test_a_job_runs_on_the_systems_clock_and_loop() -> None:
    clock, identities = SystemClock(), RandomIdentities(3)
    store = Store.open(None, clock=clock)
    registry = Registry(store, clock, identities)
    store.insert(NAMESPACES, {"metadata": {"name": NAMESPACE, "uid": "namespace"}, "spec": {}})
    recorder = EventRecorder(store, clock, identities)
    controller = JobController(store, registry, clock, identities, recorder)
    controller.start()
    registry.create(JOBS, NAMESPACE, job(spec={"completions": 3, "parallelism": 2}))
    for _ in range(3):
        await store.durable()
        for pod in store.list(PODS, NAMESPACE):
            registry.put(PODS, objects.with_status(pod, {"phase": "Succeeded"}))
    await store.durable()
    found = store.get(JOBS, NAMESPACE, "j")
    assert found is not None
    assert found["status"]["succeeded"] == 3
    assert found["status"]["conditions"][-1]["type"] == "Complete"
    controller.stop()
