"""The status of a pod on this node, from what is known of its containers.

Upstream: generateAPIPodStatus in pkg/kubelet/kubelet_pods.go and mergePodStatus in
pkg/kubelet/status/status_manager.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from localjobs.admission.qos import qos_class
from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.kubelet import container_status
from localjobs.kubelet.conditions import (
    DISRUPTION_TARGET,
    OWNED_BY_KUBELET,
    POD_SCHEDULED,
    Condition,
    kubelet_conditions,
    merged,
    with_condition,
)
from localjobs.kubelet.container_status import ContainerRecord
from localjobs.kubelet.lifecycle import PodRecord
from localjobs.kubelet.phase import TERMINAL, Phase, phase_of
from localjobs.kubelet.pod_template import PodTemplate

# What the pod garbage collector says of pods whose node is gone (pkg/controller/podgc).
LOST_NODE = Condition(DISRUPTION_TARGET, True, "DeletionByPodGC", "PodGC: node no longer exists")


class Outlook(Struct, frozen=True):
    """What a status says beside its containers."""

    now: float
    host_ip: str
    is_over: bool = False
    """Nothing of the pod runs, and nothing will."""
    has_sandbox: bool = True
    """What its containers need to start is there."""


def pod_status(template: PodTemplate, pod: Object, record: PodRecord, outlook: Outlook) -> Object:
    """The status to write: the pod's current one, brought up to date."""
    current: Object = pod.get("status") or {}
    phase = _phase(template, current, record, outlook.is_over)
    has_sandbox = outlook.has_sandbox and phase not in TERMINAL
    conditions = current.get("conditions") or []
    others = [c for c in conditions if c["type"] not in OWNED_BY_KUBELET]
    own = kubelet_conditions(template, record.containers, phase, has_sandbox, others)
    generation = pod["metadata"].get("generation")
    listed = merged(own, conditions, outlook.now, generation)
    if record.is_lost:
        listed = _with_loss(listed, outlook.now, generation)
    return {
        **_kept(current, record, phase),
        **_node_part(pod, outlook),
        "phase": phase,
        "conditions": listed,
        **_containers(template, record.containers),
    }


def unscheduled_status(pod: Object, reason: str, message: str, now: float) -> Object:
    """The status of a pod that fits no node, or must not be scheduled yet."""
    return _with_scheduled(pod, Condition(POD_SCHEDULED, False, reason, message), now)


def rejected_status(pod: Object, reason: str, message: str, outlook: Outlook) -> Object:
    """The status of a pod that this node cannot run (rejectPod in pkg/kubelet/kubelet.go)."""
    return {
        **_with_scheduled(pod, Condition(POD_SCHEDULED, True), outlook.now),
        **_node_part(pod, outlook),
        "phase": "Failed",
        "reason": reason,
        "message": f"Pod was rejected: {message}",
    }


def _with_scheduled(pod: Object, condition: Condition, now: float) -> Object:
    current: Object = pod.get("status") or {}
    generation = pod["metadata"].get("generation")
    conditions = with_condition(current.get("conditions") or [], condition, now, generation)
    return {**current, "phase": current.get("phase") or "Pending", "conditions": conditions}


def _phase(template: PodTemplate, current: Object, record: PodRecord, is_over: bool) -> Phase:
    before: Phase | None = current.get("phase")
    if before is not None and before in TERMINAL:
        return before
    phase = phase_of(template, record.containers, is_over)
    failed_by_word = record.is_lost or (record.stop is not None and record.stop.reason)
    if is_over and (failed_by_word or phase not in TERMINAL):
        return "Failed"
    if phase in TERMINAL and not is_over:
        # Something still runs, a sidecar perhaps: the pod holds its place until that ends.
        return before or "Running"
    return phase


def _kept(current: Object, record: PodRecord, phase: Phase) -> Object:
    """What others wrote, and the reason of the phase for as long as the phase lasts."""
    kept = dict(current)
    if phase != current.get("phase"):
        kept.pop("reason", None)
        kept.pop("message", None)
        if phase == "Failed" and record.stop is not None and record.stop.reason:
            kept["reason"], kept["message"] = record.stop.reason, record.stop.message
    return kept


def _node_part(pod: Object, outlook: Outlook) -> Object:
    current: Object = pod.get("status") or {}
    generation, spec = pod["metadata"].get("generation"), pod["spec"]
    part: Object = {} if generation is None else {"observedGeneration": generation}
    if "startTime" not in current:
        part["startTime"] = timestamps.render(outlook.now)
        part["hostIP"] = outlook.host_ip
        part["hostIPs"] = _addresses(outlook.host_ip)
    if "qosClass" not in current:
        part["qosClass"] = qos_class(spec)
    if outlook.has_sandbox and "podIP" not in current:
        part["podIP"] = outlook.host_ip
        part["podIPs"] = _addresses(outlook.host_ip)
    return part


@lru_cache(maxsize=8)
def _addresses(ip: str) -> list[Object]:
    return [{"ip": ip}]  # cached: all pods share it


def _containers(template: PodTemplate, records: Sequence[ContainerRecord]) -> Object:
    rendered = [
        container_status.render(container, record)
        for container, record in zip(template.containers, records, strict=True)
    ]
    count = template.init_count
    if not count:
        return {"containerStatuses": rendered}
    return {"initContainerStatuses": rendered[:count], "containerStatuses": rendered[count:]}


def _with_loss(conditions: list[Object], now: float, generation: int | None) -> list[Object]:
    others = [c for c in conditions if c["type"] not in OWNED_BY_KUBELET]
    own = [c for c in conditions if c["type"] in OWNED_BY_KUBELET]
    return with_condition(others, LOST_NODE, now, generation) + own


def records_of(template: PodTemplate, pod: Object) -> tuple[ContainerRecord, ...]:
    """What a stored pod's status tells of its containers, in the template's order."""
    status = pod.get("status") or {}
    listed = (status.get("initContainerStatuses") or []) + (status.get("containerStatuses") or [])
    by_name = {entry["name"]: entry for entry in listed}
    initial = container_status.initial(template.has_init)
    return tuple(
        container_status.parse(container, by_name[container.name])
        if container.name in by_name
        else initial
        for container in template.containers
    )
