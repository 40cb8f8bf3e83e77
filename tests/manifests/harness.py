"""A served directory under a clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import yaml

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS, Resource
from localjobs.clock import VirtualClock
from localjobs.identities import RandomIdentities
from localjobs.manifests.directory import ManifestDirectory
from localjobs.store.registry import Registry
from localjobs.store.store import Store

COMPLETE = {"type": "Complete", "status": "True", "lastTransitionTime": "2001-09-09T01:46:40Z"}


def job(name: str = "pi", **spec: Any) -> Object:
    """A Job as a manifest has it."""
    metadata: Object = {"name": name, **spec.pop("metadata", {})}
    container = {"name": "a", "image": spec.pop("image", "perl")}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {**spec, "template": template},
    }


class Served:
    """A directory, the store behind it, and what serves it."""

    def __init__(self, path: Path, store: Store | None = None) -> None:
        self.path = path
        self.clock = VirtualClock()
        self.store = store or Store.open(None, clock=self.clock)
        self.registry = Registry(self.store, self.clock, RandomIdentities(1))
        self.directory = self._new_directory()

    def _new_directory(self) -> ManifestDirectory:
        return ManifestDirectory(self.registry, self.clock, self.path, lambda pod: "the.log")

    async def start(self) -> None:
        self.directory.start()
        await self.pass_time(1)

    async def restart(self) -> None:
        """Stop, and start anew over the same store."""
        await self.directory.stop()
        self.directory = self._new_directory()
        await self.start()

    async def pass_time(self, seconds: float = 6) -> None:
        """Let time pass, in small steps so that what is done meanwhile is committed."""
        end = self.clock.now() + seconds
        while self.clock.now() < end:
            self.clock.advance(min(0.05, end - self.clock.now()))
            self.store.flush()
            self.clock.advance(0)
            await self.directory.written()
        await asyncio.sleep(0)
        self.store.flush()

    def write(self, name: str, *documents: Object | str) -> None:
        """Put a manifest there, whole, as an editor does."""
        texts = [one if isinstance(one, str) else yaml.safe_dump(one) for one in documents]
        temporary = self.path / ".new"
        temporary.write_text("---\n".join(texts))
        temporary.rename(self.path / name)

    async def put(self, name: str, *documents: Object | str) -> None:
        self.write(name, *documents)
        await self.pass_time()

    def status(self, name: str = "pi.status.yaml") -> Any:
        return yaml.safe_load((self.path / name).read_text())

    def errors(self, name: str = "pi.status.yaml") -> list[str]:
        return [error["message"] for error in self.status(name)["errors"]]

    def get(self, name: str = "pi", namespace: str = "default") -> Object | None:
        return self.store.get(JOBS, namespace, name)

    def found(self, resource: Resource, namespace: str, name: str) -> Object:
        obj = self.store.get(resource, namespace, name)
        assert obj is not None
        return obj

    def uid(self, name: str = "pi") -> str:
        return objects.uid(self.found(JOBS, "default", name))

    def set_status(self, name: str = "pi", **status: Any) -> None:
        found = self.found(JOBS, "default", name)
        self.registry.put(JOBS, objects.with_status(found, {**found["status"], **status}))

    def finish(self, name: str = "pi") -> None:
        self.set_status(name, succeeded=1, conditions=[COMPLETE])

    def remove_job(self, name: str = "pi") -> None:
        """Take a Job out, as the end of its time to live does."""
        self.store.remove(JOBS, "default", name)

    def add_pod(self, index: int, phase: str = "Running", exit_code: int | None = None) -> None:
        """Give the Job a pod, as the controller does."""
        owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "pi", "uid": self.uid()}
        status: Object = {"phase": phase, "startTime": "2001-09-09T01:46:41Z"}
        if exit_code is not None:
            ended = {
                "exitCode": exit_code,
                "reason": "Error" if exit_code else "Completed",
                "finishedAt": "2001-09-09T01:46:42Z",
            }
            status["containerStatuses"] = [{"name": "a", "state": {"terminated": ended}}]
        metadata = {
            "name": f"pi-{index}",
            "namespace": "default",
            "uid": f"pod-{index}",
            "annotations": {"batch.kubernetes.io/job-completion-index": str(index)},
            "ownerReferences": [{**owner, "controller": True}],
        }
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}
        if self.store.get(PODS, "default", f"pi-{index}") is None:
            self.store.insert(PODS, pod)
        else:
            self.store.replace(PODS, pod)
