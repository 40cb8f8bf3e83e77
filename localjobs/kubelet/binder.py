"""Gives pods their node, one after the other, and keeps those that do not fit waiting.

A pod that fits nowhere is looked at again when a pod ends, when it changes, or when the node does.
Waiting pods of the same shape (what they ask for, and of which node) fit or do not fit together:
only the first of a shape is looked at until it fits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, assert_never

from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from localjobs.clock import Clock
from localjobs.errors import NotFound
from localjobs.kubelet.instructions import RecordEvent
from localjobs.kubelet.pod_status import unscheduled_status
from localjobs.kubelet.pod_template import PodTemplate, TemplateCache
from localjobs.kubelet.scheduler import (
    GATED_MESSAGE,
    GATED_REASON,
    UNSCHEDULABLE_REASON,
    Fits,
    Gated,
    NodeView,
    Occupancy,
    Unschedulable,
    Verdict,
    host_ports,
    schedule,
)
from localjobs.store.registry import Registry

Shape: TypeAlias = tuple[object, ...]
_Key: TypeAlias = tuple[str, str]

_RESTRICTIONS = ("nodeSelector", "affinity", "tolerations", "preemptionPolicy", "volumes")


class Binder:
    """Decides where pods go and says so; `bind` is called with each pod that fits."""

    def __init__(
        self,
        registry: Registry,
        clock: Clock,
        templates: TemplateCache,
        record: Callable[[Object, RecordEvent], None],
        bind: Callable[[Object], None],
    ) -> None:
        self._registry, self._clock, self._templates = registry, clock, templates
        self._record, self._bind = record, bind
        self._occupancy = Occupancy()
        self._waiting: dict[Shape, dict[str, _Key]] = {}
        self._shapes: dict[str, Shape] = {}
        self.node: NodeView | None = None
        """The node as it is now; without one, nothing is given a node."""

    def occupy(self, pod: Object) -> None:
        """The pod is on the node, whoever put it there."""
        uid, template = pod["metadata"]["uid"], self._templates.of(pod["spec"])
        self._occupancy.add(uid, pod["spec"], template.requests)

    def release(self, uid: str) -> bool:
        """The pod is over or gone; whether others may fit now."""
        self._forget(uid)
        return self._occupancy.remove(uid) and bool(self._waiting)

    def consider(self, pod: Object) -> None:
        """Give a pod without a node its node, or say why not."""
        uid = pod["metadata"]["uid"]
        self._forget(uid)
        if uid in self._occupancy:
            return  # bound already; that its change is still to come in is no news
        template = self._templates.of(pod["spec"])
        verdict = self._verdict(pod, template)
        match verdict:
            case Fits():
                self._occupancy.add(uid, pod["spec"], template.requests)
                self._bind(pod)
            case Gated():
                self._say(pod, GATED_REASON, GATED_MESSAGE)
            case Unschedulable():
                self._wait(pod, template)
                if self._say(pod, UNSCHEDULABLE_REASON, verdict.message):
                    event = RecordEvent("Warning", "FailedScheduling", verdict.message)
                    self._record(pod, event)
            case None:
                self._wait(pod, template)
            case _:
                assert_never(verdict)

    def retry(self) -> None:
        """Look again at the pods that wait, longest waiting first, shape by shape."""
        for shape in list(self._waiting):
            while waiting := self._waiting.get(shape):
                uid, (namespace, name) = next(iter(waiting.items()))
                pod = self._registry.store.get(PODS, namespace, name)
                if pod is None or pod["metadata"]["uid"] != uid:
                    self._forget(uid)
                    continue
                template = self._templates.of(pod["spec"])
                if not isinstance(self._verdict(pod, template), Fits):
                    break
                self.consider(pod)

    def _verdict(self, pod: Object, template: PodTemplate) -> Verdict | None:
        if self.node is None:
            return None
        return schedule(pod["spec"], template.requests, self.node, self._occupancy.usage)

    def _say(self, pod: Object, reason: str, message: str) -> bool:
        """Set the condition PodScheduled to False; whether it says something new."""
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if condition["type"] == "PodScheduled" and condition.get("message") == message:
                return False
        status = unscheduled_status(pod, reason, message, self._clock.now())
        try:
            self._registry.put(PODS, {**pod, "status": status})
        except NotFound:
            return False  # deleted in this very turn
        return True

    def _wait(self, pod: Object, template: PodTemplate) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        restrictions = repr([spec.get(field) for field in _RESTRICTIONS])
        asked = frozenset((name, amount.nanos) for name, amount in template.requests.items())
        shape = (asked, host_ports(spec), restrictions)
        self._shapes[meta["uid"]] = shape
        self._waiting.setdefault(shape, {})[meta["uid"]] = (meta["namespace"], meta["name"])

    def _forget(self, uid: str) -> None:
        shape = self._shapes.pop(uid, None)
        if shape is not None:
            del self._waiting[shape][uid]
            if not self._waiting[shape]:
                del self._waiting[shape]
