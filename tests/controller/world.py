"""Store, registry, controllers and a fake kubelet under a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localjobs.admission.options import WriteOptions
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, NAMESPACES, PODS
from localjobs.clock import VirtualClock
from localjobs.controller.garbage_collector import GarbageCollector
from localjobs.controller.loop import JobController
from localjobs.identities import RandomIdentities
from localjobs.store.changes import Change, ChangeType
from localjobs.store.event_recorder import EventRecorder
from localjobs.store.registry import Registry
from localjobs.store.store import Store
from tests.controller.fake_kubelet import FakeKubelet

NAMESPACE = "ns"
STEP_SECONDS = 0.1


class World:
    """Everything but processes. `pods_seen` holds each pod as it was created."""

    def __init__(self, *, with_kubelet: bool = True, history: int = 4096) -> None:
        self.clock = VirtualClock(start=1_700_000_000.25)
        self.store = Store.open(None, history=history, clock=self.clock)
        self.identities = RandomIdentities(seed=7)
        self.registry = Registry(self.store, self.clock, self.identities)
        self.store.insert(
            NAMESPACES, {"metadata": {"name": NAMESPACE, "uid": "namespace"}, "spec": {}}
        )
        self.kubelet = FakeKubelet(self.store, self.registry, self.clock) if with_kubelet else None
        self.pods_seen: list[Object] = []
        self.store.subscribe(self._on_changes)
        self.start_controllers()

    def start_controllers(self) -> None:
        store, clock = self.store, self.clock
        recorder = EventRecorder(store, clock, self.identities)
        self.controller = JobController(store, self.registry, clock, self.identities, recorder)
        self.collector = GarbageCollector(store, self.registry, clock)
        self.controller.start()
        self.collector.start()
        self.store.flush()

    def restart_controllers(self) -> None:
        self.controller.stop()
        self.collector.stop()
        self.start_controllers()

    def _on_changes(self, changes: Any) -> None:
        change: Change
        for change in changes:
            if change.resource is PODS and change.type is ChangeType.ADDED:
                self.pods_seen.append(change.object)

    def create_job(self, body: Object) -> Object:
        answer = self.registry.create(JOBS, NAMESPACE, body, WriteOptions(field_manager="test"))
        self.store.flush()
        return answer.object

    def job(self, name: str = "j") -> Object | None:
        return self.store.get(JOBS, NAMESPACE, name)

    def status(self, name: str = "j") -> Object:
        job = self.job(name)
        assert job is not None, "the Job is there"
        return job.get("status") or {}

    def pods(self) -> list[Object]:
        return self.store.list(PODS, NAMESPACE)

    def events(self) -> list[Object]:
        return [
            e for e in self.store.list(EVENTS, NAMESPACE) if e["involvedObject"]["kind"] == "Job"
        ]

    def change_spec(self, **members: Any) -> None:
        job = self.job()
        assert job is not None, "the Job is there"
        self.store.replace(JOBS, {**job, "spec": {**job["spec"], **members}})
        self.store.flush()

    def run_until(self, holds: Callable[[], bool], most_seconds: float = 100.0) -> None:
        """Let time pass until `holds`."""
        end = self.clock.now() + most_seconds
        self.store.flush()
        while not holds():
            if self.clock.now() >= end:
                raise AssertionError(f"not within {most_seconds} s: {self.job()}")
            self.advance(STEP_SECONDS)

    def advance(self, seconds: float) -> None:
        """Let time pass, with a turn of the loop after every timer."""
        end = self.clock.now() + seconds
        while True:
            self.store.flush()
            due = self.clock.next_timer()
            if due is None or due > end:
                break
            self.clock.advance(max(0.0, due - self.clock.now()))
        self.clock.advance(max(0.0, end - self.clock.now()))
        self.store.flush()

    def is_finished(self, name: str = "j") -> bool:
        return any(
            condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
            for condition in self.status(name).get("conditions", [])
        )

    def names(self) -> list[str]:
        return [objects.name(pod) for pod in self.pods()]
