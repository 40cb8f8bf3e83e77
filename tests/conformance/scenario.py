"""One recorded scenario, run on real processes and observed as the recording was."""

import asyncio
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.patching.patch import Patch, PatchKind
from localjobs.api import objects, resources
from localjobs.api.objects import Object
from localjobs.control_plane import ControlPlane
from localjobs.store.changes import Change, ChangeType

LIMIT_SECONDS = 60
_TIMES = ("startTime", "completionTime", "lastTransitionTime", "lastProbeTime")


def masked_name(name: str) -> str:
    """A generated name without its random suffix."""
    return re.sub(r"-[bcdfghjklmnpqrstvwxz2456789]{5}\b", "-#####", name)


def without_times(value: Any) -> Any:
    """A status without what differs at every run."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in _TIMES}
    if isinstance(value, list):
        return [without_times(one) for one in value]
    return masked_name(value) if isinstance(value, str) else value


@dataclass
class Scenario:
    """Creates the Job, does the steps when their moment comes, and sees what there is to see."""

    plane: ControlPlane
    entry: dict[str, Any]
    directory: Path
    namespace: str = ""
    last_job: Object = field(default_factory=dict)
    pods: dict[str, Object] = field(default_factory=dict)
    present: dict[str, None] = field(default_factory=dict)
    events: dict[str, Object] = field(default_factory=dict)
    gone: bool = False
    failure: Exception | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _created_at: float = 0.0

    async def finish(self) -> None:
        """Run to the end; what goes wrong is kept for the one test that asks about it."""
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await self._run()
        except Exception as error:  # noqa: BLE001 - raised again by the scenario's own test
            self.failure = error

    async def _run(self) -> None:
        self.namespace = f"s-{self.entry['name']}"
        registry = self.plane.registry
        registry.create(resources.NAMESPACES, "", _namespace(self.namespace))
        unsubscribe = self.plane.store.subscribe(self._observe)
        try:
            self._created_at = self.plane.clock.now()
            registry.create(resources.JOBS, self.namespace, self._job())
            for step in self.entry["steps"]:
                await self._until(step["when"])
                self._do(step["do"])
            await self._until(self.entry["end"])
            await self._until("settled")
            await self.plane.store.durable()
        finally:
            unsubscribe()

    def _job(self) -> Any:
        job = _replaced(self.entry["job"], "@DIR@", str(self.directory))
        # The recording's node ran commands as they are written, where a kubelet reads `$$` as an
        # escaped `$` (tests/conformance/pods.json has that): escaped, they run as recorded.
        pod = job["spec"]["template"]["spec"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            container["command"] = _replaced(container.get("command", []), "$$", "$$$$")
        return job

    def _observe(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if objects.namespace(change.object) == self.namespace:
                self._see(change)
        self._changed.set()

    def _see(self, change: Change) -> None:
        deleted, obj = change.type is ChangeType.DELETED, change.object
        if change.resource is resources.JOBS:
            self.gone, self.last_job = deleted, obj
        elif change.resource is resources.PODS:
            self.pods[objects.uid(obj)] = obj
            if deleted:
                self.present.pop(objects.uid(obj), None)
            else:
                self.present[objects.uid(obj)] = None
        elif change.resource is resources.EVENTS:
            self.events[objects.name(obj)] = obj

    async def _until(self, condition: str) -> None:
        condition = condition.replace("t=", "t>=") if condition.startswith("t=") else condition
        expression = compile(condition, "condition", "eval")
        while True:
            self._changed.clear()
            if eval(expression, {}, self._observed()):  # the recording's own expressions
                return
            try:
                await asyncio.wait_for(self._changed.wait(), timeout=0.1)
            except TimeoutError:
                continue  # `t` moves on without any change

    def _observed(self) -> dict[str, Any]:
        status = self.last_job.get("status", {})
        true = {c["type"] for c in status.get("conditions", ()) if c["status"] == "True"}
        return {
            "active": status.get("active", 0),
            "ready": status.get("ready", 0),
            "succeeded": status.get("succeeded", 0),
            "failed": status.get("failed", 0),
            "t": self.plane.clock.now() - self._created_at,
            "finished": bool(true & {"Complete", "Failed"}),
            "suspended": "Suspended" in true,
            "gone": self.gone,
            "settled": not any(objects.is_deleting(self.pods[uid]) for uid in self.present),
        }

    def _do(self, action: dict[str, Any]) -> None:
        registry, name = self.plane.registry, objects.name(self.last_job)
        ((verb, argument),) = action.items()
        pod = list(self.present)[argument] if verb in ("delete_pod", "evict_pod") else None
        if verb == "patch":
            patch = Patch(PatchKind.MERGE, argument)
            registry.patch(resources.JOBS, self.namespace, name, patch)
        elif verb == "touch":
            (self.directory / argument).touch()
        elif verb == "delete":
            options = DeleteOptions(propagation_policy=argument)
            registry.delete(resources.JOBS, self.namespace, name, options)
        elif verb == "delete_pod" and pod is not None:
            pod_name = objects.name(self.pods[pod])
            registry.delete(resources.PODS, self.namespace, pod_name, DeleteOptions())
        elif verb == "evict_pod" and pod is not None:
            registry.evict(self.namespace, objects.name(self.pods[pod]), {})
        else:
            raise AssertionError(f"an unknown step: {action}")

    def outcome(self) -> dict[str, Any]:
        """What happened, in the recording's words."""
        status = self.last_job.get("status", {})
        seen: dict[str, Any] = {
            "gone": self.gone,
            "has": {key: key in status for key in ("completionTime", "startTime")},
            "events": self._seen_events(),
            "pods_created": len(self.pods),
            "pods_left": len(self.present),
            "pods": self._seen_pods(),
        }
        seen["status"] = without_times(status)
        return {key: value for key, value in seen.items() if key in self.entry["expect"]}

    def _seen_events(self) -> list[list[Any]]:
        counts: Counter[tuple[str, str, str]] = Counter()
        for event in self.events.values():
            if event["involvedObject"]["kind"] == "Job":
                message = masked_name(event["message"])
                counts[event["type"], event["reason"], message] += event.get("count", 1)
        return sorted([*key, count] for key, count in counts.items())

    def _seen_pods(self) -> list[list[Any]]:
        counts: dict[str, list[Any]] = {}
        for pod in self.pods.values():
            seen = [
                masked_name(objects.name(pod)),
                objects.annotations(pod),
                sorted(objects.labels(pod)),
                bool(objects.metadata(pod).get("ownerReferences")),
            ]
            counts.setdefault(repr(seen), [*seen, 0])[-1] += 1
        return sorted(counts.values(), key=repr)


def _namespace(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {k: _replaced(v, old, new) for k, v in value.items()}
    if isinstance(value, list):
        return [_replaced(one, old, new) for one in value]
    return value.replace(old, new) if isinstance(value, str) else value
