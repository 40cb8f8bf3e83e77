"""The conditions of a pod that the kubelet keeps, in its order.

Upstream: pkg/kubelet/status/generate.go and generateAPIPodStatus in pkg/kubelet/kubelet_pods.go.
Conditions that others set (DisruptionTarget, readiness gates) stay in front of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.kubelet.container_status import ContainerRecord, is_ready, is_started
from localjobs.kubelet.phase import Phase, any_main_ran
from localjobs.kubelet.pod_template import PodTemplate, Role

POD_SCHEDULED = "PodScheduled"
DISRUPTION_TARGET = "DisruptionTarget"
OWNED_BY_KUBELET = frozenset(
    {"PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", POD_SCHEDULED}
)


class Condition(NamedTuple):
    """One condition without its times. (A named tuple: it is a key, and made for every pod.)"""

    type: str
    is_true: bool
    reason: str = ""
    message: str = ""


def kubelet_conditions(
    template: PodTemplate,
    records: Sequence[ContainerRecord],
    phase: Phase,
    has_sandbox: bool,
    others: Sequence[Object],
) -> tuple[Condition, ...]:
    """The five conditions of a pod on a node; `others` are those that others have set.

    `has_sandbox`: what containers need to start is there (volumes above all), and the pod is
    not over.
    """
    containers_ready = _containers_ready(template, records, phase)
    return (
        Condition("PodReadyToStartContainers", has_sandbox),
        _initialized(template, records, phase),
        _ready(template, containers_ready, others),
        containers_ready,
        _SCHEDULED,
    )


_SCHEDULED = Condition(POD_SCHEDULED, True)
_INITIALIZED = Condition("Initialized", True)
_INITIALIZED_COMPLETED = Condition("Initialized", True, "PodCompleted")
_CONTAINERS_READY = Condition("ContainersReady", True)
_CONTAINERS_COMPLETED = Condition("ContainersReady", False, "PodCompleted")
_CONTAINERS_FAILED = Condition("ContainersReady", False, "PodFailed")


def _initialized(
    template: PodTemplate, records: Sequence[ContainerRecord], phase: Phase
) -> Condition:
    if phase == "Succeeded":
        return _INITIALIZED_COMPLETED
    if not template.has_init or any_main_ran(template, records):
        return _INITIALIZED
    incomplete = [
        container.name
        for container, record in zip(template.containers, records, strict=True)
        if (container.role is Role.INIT and not is_ready(container, record))
        or (container.role is Role.SIDECAR and not is_started(container, record))
    ]
    if not incomplete:
        return _INITIALIZED
    message = f"containers with incomplete status: [{' '.join(incomplete)}]"
    return Condition("Initialized", False, "ContainersNotInitialized", message)


def _containers_ready(
    template: PodTemplate, records: Sequence[ContainerRecord], phase: Phase
) -> Condition:
    if phase == "Succeeded":
        return _CONTAINERS_COMPLETED
    if phase == "Failed":
        return _CONTAINERS_FAILED
    unready = [
        container.name
        for container, record in zip(template.containers, records, strict=True)
        if container.role is not Role.INIT and not is_ready(container, record)
    ]
    if not unready:
        return _CONTAINERS_READY
    message = f"containers with unready status: [{' '.join(unready)}]"
    return Condition("ContainersReady", False, "ContainersNotReady", message)


def _ready(template: PodTemplate, containers: Condition, others: Sequence[Object]) -> Condition:
    if not containers.is_true:
        return Condition("Ready", False, containers.reason, containers.message)
    status = {other["type"]: other.get("status") for other in others}
    unmet = [
        f'the status of pod readiness gate "{gate}" is not "True", but {status[gate]}'
        if gate in status
        else f'corresponding condition of pod readiness gate "{gate}" does not exist.'
        for gate in template.readiness_gates
        if status.get(gate) != "True"
    ]
    if unmet:
        return Condition("Ready", False, "ReadinessGatesNotReady", ", ".join(unmet))
    return Condition("Ready", True)


# -- the API's form


def merged(
    conditions: tuple[Condition, ...],
    current: Sequence[Object],
    now: float,
    generation: int | None,
) -> list[Object]:
    """The list for the status: others' conditions, then these; a time changes with its status."""
    times = {c["type"]: (c.get("status"), c.get("lastTransitionTime")) for c in current}
    stamp = timestamps.render(now)
    since = tuple([_since(condition, times, stamp) for condition in conditions])
    own = _rendered_list(conditions, since, generation)
    kept = [c for c in current if c["type"] not in OWNED_BY_KUBELET]
    return kept + own if kept else own


def with_condition(
    current: Sequence[Object], condition: Condition, now: float, generation: int | None
) -> list[Object]:
    """The list with this condition in the place of the one of its type, or at the end."""
    times = {c["type"]: (c.get("status"), c.get("lastTransitionTime")) for c in current}
    since = _since(condition, times, timestamps.render(now))
    rendered = _rendered(condition, since, generation)
    if condition.type not in times:
        return [*current, rendered]
    return [rendered if c["type"] == condition.type else c for c in current]


def _since(
    condition: Condition, times: dict[str, tuple[str | None, str | None]], stamp: str
) -> str:
    status, since = times.get(condition.type, (None, None))
    return since if since and status == _status(condition) else stamp


def _status(condition: Condition) -> str:
    return "True" if condition.is_true else "False"


@lru_cache(maxsize=4096)
def _rendered_list(
    conditions: tuple[Condition, ...], since: tuple[str, ...], generation: int | None
) -> list[Object]:
    # Cached, so that pods which change in the same second share their conditions' memory.
    return [
        _rendered(condition, at, generation)
        for condition, at in zip(conditions, since, strict=True)
    ]


def _rendered(condition: Condition, since: str, generation: int | None) -> Object:
    rendered: Object = {"type": condition.type}
    if generation is not None:
        rendered["observedGeneration"] = generation
    rendered |= {
        "status": _status(condition),
        "lastProbeTime": None,
        "lastTransitionTime": since,
    }
    if condition.reason:
        rendered["reason"] = condition.reason
    if condition.message:
        rendered["message"] = condition.message
    return rendered
