"""Which pods this one node takes: kube-scheduler's filters and its words, for a single node.

The filters are asked in upstream's order and the first that refuses says why
(pkg/scheduler/framework/plugins, the default profile); preemption never helps, for there are no
priorities here, and says so in upstream's words (pkg/scheduler/framework/preemption).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.quantity import ZERO, Quantity
from localjobs.kubelet import affinity
from localjobs.kubelet.requests import Amounts, pod_requests

SCHEDULER_NAME = "default-scheduler"
GATED_REASON = "SchedulingGated"
GATED_MESSAGE = "Scheduling is blocked due to non-empty scheduling gates"
UNSCHEDULABLE_REASON = "Unschedulable"

_NOT_HELPFUL = "Preemption is not helpful for scheduling"
_NO_VICTIMS = "No preemption victims found for incoming pod"


class NodeView(Struct, frozen=True):
    """The node as the scheduler sees it."""

    name: str
    labels: Mapping[str, str]
    taints: tuple[Object, ...]
    unschedulable: bool
    allocatable: Amounts
    """With `pods`: how many may be there at once."""


class Usage(Struct, frozen=True):
    """What the pods on the node have asked for, and how many they are."""

    amounts: Amounts
    pods: int
    ports: frozenset[tuple[str, int]] = frozenset()
    """The host ports in use: (protocol, port)."""


EMPTY = Usage({}, 0)


class Fits(Struct, frozen=True):
    """The pod may go to the node."""


class Gated(Struct, frozen=True):
    """The pod has scheduling gates; it is not looked at."""


class Unschedulable(Struct, frozen=True):
    """The pod fits nowhere now; `message` is what the condition and the event say."""

    message: str


Verdict: TypeAlias = Fits | Gated | Unschedulable


class _Refusal(Struct, frozen=True):
    reasons: tuple[str, ...]
    is_final: bool
    """Whether the node would refuse it also if it were empty."""


_FITS = Fits()
_GATED = Gated()


def schedule(spec: Object, requests: Amounts, node: NodeView, usage: Usage) -> Verdict:
    """Decide about a pod with that spec (whose effective requests are given)."""
    if spec.get("schedulingGates"):
        return _GATED
    for claim in _claims(spec):
        missing = f'persistentvolumeclaim "{claim}" not found'
        return Unschedulable(_message([missing], _preemption(spec, True)))
    for filter_ in _FILTERS:
        refusal = filter_(spec, requests, node, usage)
        if refusal is not None:
            reasons = [f"1 {reason}" for reason in refusal.reasons]
            return Unschedulable(_message(reasons, _preemption(spec, refusal.is_final)))
    return _FITS


def _message(reasons: Iterable[str], preemption: str) -> str:
    said = ", ".join(sorted(reasons))
    return f"0/1 nodes are available: {said}. {preemption}"


def _preemption(spec: Object, is_final: bool) -> str:
    if spec.get("preemptionPolicy") == "Never":
        said = "not eligible due to preemptionPolicy=Never."
    else:
        said = f"0/1 nodes are available: 1 {_NOT_HELPFUL if is_final else _NO_VICTIMS}."
    return f"no new claims to deallocate, preemption: {said}"


def _claims(spec: Object) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in spec.get("volumes") or ()
        if volume.get("persistentVolumeClaim")
    ]


# -- the filters, in upstream's order

_UNSCHEDULABLE_TAINT: Object = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


def _node_unschedulable(
    spec: Object, requests: Amounts, node: NodeView, usage: Usage
) -> _Refusal | None:
    if not node.unschedulable or affinity.tolerates_all(spec, (_UNSCHEDULABLE_TAINT,)):
        return None
    return _Refusal(("node(s) were unschedulable",), True)


def _taint_toleration(
    spec: Object, requests: Amounts, node: NodeView, usage: Usage
) -> _Refusal | None:
    if affinity.tolerates_all(spec, node.taints):
        return None
    return _Refusal(("node(s) had untolerated taint(s)",), True)


def _node_affinity(
    spec: Object, requests: Amounts, node: NodeView, usage: Usage
) -> _Refusal | None:
    if affinity.wants_node(spec, node.labels, node.name):
        return None
    return _Refusal(("node(s) didn't match Pod's node affinity/selector",), True)


def _node_ports(spec: Object, requests: Amounts, node: NodeView, usage: Usage) -> _Refusal | None:
    if usage.ports.isdisjoint(host_ports(spec)):
        return None
    return _Refusal(("node(s) didn't have free ports for the requested pod ports",), False)


def _resources_fit(
    spec: Object, requests: Amounts, node: NodeView, usage: Usage
) -> _Refusal | None:
    reasons = []
    is_final = False
    if usage.pods + 1 > node.allocatable.get("pods", ZERO).value:
        reasons.append("Too many pods")
    for name, asked in requests.items():
        has = node.allocatable.get(name, ZERO)
        if asked and asked > has - usage.amounts.get(name, ZERO):
            reasons.append(f"Insufficient {name}")
            is_final = is_final or asked > has
    return _Refusal(tuple(reasons), is_final) if reasons else None


_Filter: TypeAlias = Callable[[Object, Amounts, NodeView, Usage], _Refusal | None]
_FILTERS: tuple[_Filter, ...] = (
    _node_unschedulable,
    _taint_toleration,
    _node_affinity,
    _node_ports,
    _resources_fit,
)


def host_ports(spec: Object) -> frozenset[tuple[str, int]]:
    """The ports of the machine that the pod's containers claim: (protocol, port)."""
    containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    return frozenset(
        (port.get("protocol") or "TCP", port["hostPort"])
        for container in containers
        for port in container.get("ports") or ()
        if port.get("hostPort")
    )


class Occupancy:
    """The pods on the node and the sum of their requests, kept as they come and go."""

    def __init__(self) -> None:
        self._pods: dict[str, tuple[Amounts, frozenset[tuple[str, int]]]] = {}
        self._amounts: dict[str, Quantity] = {}
        self._ports: frozenset[tuple[str, int]] = frozenset()

    def __contains__(self, uid: str) -> bool:
        return uid in self._pods

    def __len__(self) -> int:
        return len(self._pods)

    @property
    def usage(self) -> Usage:
        """What is taken now."""
        return Usage(self._amounts, len(self._pods), self._ports)

    def add(self, uid: str, spec: Object, requests: Amounts | None = None) -> None:
        """The pod is on the node; adding it twice changes nothing."""
        if uid in self._pods:
            return
        asked = pod_requests(spec) if requests is None else requests
        ports = host_ports(spec)
        self._pods[uid] = (asked, ports)
        for name, amount in asked.items():
            self._amounts[name] = self._amounts.get(name, ZERO) + amount
        if ports:
            self._ports |= ports

    def remove(self, uid: str) -> bool:
        """The pod is gone, or over; whether it was there."""
        found = self._pods.pop(uid, None)
        if found is None:
            return False
        for name, amount in found[0].items():
            self._amounts[name] = self._amounts[name] - amount
        if found[1]:
            self._ports = frozenset().union(*(ports for _, ports in self._pods.values()))
        return True
