"""A kubelet on a store in memory, a runtime in memory and a virtual clock."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, EVENTS, PODS, Resource
from localjobs.clock import VirtualClock
from localjobs.identities import RandomIdentities
from localjobs.kubelet.image import ImageMeaning
from localjobs.kubelet.node import Machine, NodeSettings
from localjobs.kubelet.runner import Kubelet
from localjobs.kubelet.workshop import World
from localjobs.store.changes import Change
from localjobs.store.event_recorder import EventRecorder
from localjobs.store.registry import Registry
from localjobs.store.store import Store
from tests.kubelet.fake_runtime import Behaviour, FakeRuntime, Script, by_command

MACHINE = Machine("host", cpus=4, memory_bytes=8 * 2**30, disk_bytes=2**40, architecture="x86_64")
CREATED = "2001-09-09T01:46:40Z"


def script_of(behaviours: dict[str, Behaviour]) -> Script:
    return by_command({(name,): behaviour for name, behaviour in behaviours.items()})


class KubeletHarness:
    """`run(seconds)` lets time pass; `pod()` and `events()` say what came of it."""

    def __init__(
        self,
        root: Path,
        behaviours: dict[str, Behaviour] | None = None,
        *,
        store: Store | None = None,
        user: int = 0,
        images: Sequence[ImageMeaning] = (),
        max_pods: int = 110,
    ) -> None:
        self.root, self.user, self.images, self.max_pods = root, user, images, max_pods
        self.clock = VirtualClock()
        self.runtime = FakeRuntime(self.clock, script_of(behaviours or {}))
        self._uids = itertools.count(1)
        self.writes: list[Change] = []
        self.boot(store or Store.open(None, clock=self.clock))

    def boot(self, store: Store) -> None:
        """A daemon comes up over that store; the runtime tells it what it knows."""
        self.store = store
        identities = RandomIdentities(seed=1)
        self.registry = Registry(store, self.clock, identities)
        recorder = EventRecorder(store, self.clock, identities, "n1")
        world = World(self.registry, self.clock, recorder, self.runtime)
        settings = NodeSettings(
            "n1",
            MACHINE,
            "v1.36.0",
            max_pods=self.max_pods,
            environment={"PATH": "/bin", "HOME": "/root"},
            user=self.user,
        )
        self.kubelet = Kubelet(world, settings, self.images, str(self.root))
        self.store.subscribe(self._heard)
        self.runtime.replay()
        self.clock.advance(0)
        self.kubelet.start()

    def restart(self) -> None:
        """The daemon goes, its pods run on, and another takes up the store as it is."""
        asyncio.run(self.kubelet.stop(graceful=False))
        self.boot(self.store)

    def _heard(self, changes: Sequence[Change]) -> None:
        self.writes.extend(change for change in changes if change.resource is PODS)

    def create(self, spec: Object, name: str = "p", **metadata: Any) -> Object:
        """Put a pod in the store, as admission would leave it."""
        meta = {
            "name": name,
            "namespace": "ns",
            "uid": f"uid-{next(self._uids)}",
            "generation": 1,
            "creationTimestamp": CREATED,
            **metadata,
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        return self.store.insert(PODS, {**pod, "status": {"phase": "Pending"}})

    def insert(self, resource: Resource, name: str, **members: Any) -> None:
        meta = {"name": name, "namespace": "ns", "uid": f"uid-{next(self._uids)}"}
        self.store.insert(resource, {"metadata": meta, **members})

    def config_map(self, name: str, **data: str) -> None:
        self.insert(CONFIGMAPS, name, data=data)

    def settle(self) -> None:
        """Commit and deliver until nothing is left to do now."""
        for _ in range(100):
            self.store.flush()
            before = (self.store.resource_version, len(self.runtime.starts))
            self.clock.advance(0)
            self.store.flush()
            if before == (self.store.resource_version, len(self.runtime.starts)):
                return
        raise AssertionError("the kubelet does not come to rest")

    def run(self, seconds: float = 0.0) -> None:
        """Let time pass, a timer at a time."""
        end = self.clock.now() + seconds
        self.settle()
        while (due := self.clock.next_timer()) is not None and due <= end:
            self.clock.advance(max(due - self.clock.now(), 0.0))
            self.settle()
        self.clock.advance(end - self.clock.now())

    def run_until(self, condition: Callable[[], bool], patience: float = 3600.0) -> None:
        end = self.clock.now() + patience
        self.settle()
        while not condition():
            due = self.clock.next_timer()
            assert due is not None, "nothing is left to happen"
            assert due <= end, "it does not happen"
            self.run(max(due - self.clock.now(), 0.0))

    def find(self, name: str = "p") -> Object | None:
        return self.store.get(PODS, "ns", name)

    def pod(self, name: str = "p") -> Object:
        found = self.find(name)
        assert found is not None, f"pod {name} is gone"
        return found

    def phase(self, name: str = "p") -> str:
        return str(self.pod(name)["status"]["phase"])

    def state(self, name: str = "p", container: int = 0) -> Object:
        state: Object = self.pod(name)["status"]["containerStatuses"][container]["state"]
        return state

    def events(self, name: str = "p") -> list[tuple[str, str]]:
        """(reason, message) of the pod's events, in order."""
        return [
            (event["reason"], event["message"])
            for event in sorted(self.store.list(EVENTS), key=lambda e: e["metadata"]["name"])
            if event["involvedObject"]["name"] == name
        ]

    def reasons(self, name: str = "p") -> list[str]:
        return [reason for reason, _ in self.events(name)]

    def started(self) -> list[str]:
        return [start.container_id for start in self.runtime.starts]
