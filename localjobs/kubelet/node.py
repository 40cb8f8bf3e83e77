"""The one Node: this machine, as the API shows it.

What the machine has is given as values; nothing here looks at it.
Upstream: pkg/kubelet/nodestatus/setters.go, pkg/kubelet/kubelet_node_status.go.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from localjobs.api import quantity, timestamps
from localjobs.api.objects import Object
from localjobs.api.quantity import Notation, Quantity
from localjobs.kubelet.downward import NodeFacts
from localjobs.kubelet.scheduler import NodeView

DEFAULT_PODS = 110

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}


class Machine(Struct, frozen=True):
    """What the machine is and has."""

    hostname: str
    cpus: int
    memory_bytes: int
    disk_bytes: int
    architecture: str
    """As uname says it: `x86_64`."""
    operating_system: str = "linux"
    kernel_version: str = ""
    os_image: str = ""
    machine_id: str = ""
    boot_id: str = ""


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What the configuration says of the node."""

    name: str
    machine: Machine
    version: str
    """The version that the node reports as its kubelet's: `v1.36.0`."""
    max_pods: int = DEFAULT_PODS
    host_ip: str = "127.0.0.1"
    labels: Mapping[str, str] = field(default_factory=dict)
    capacity: Mapping[str, str] = field(default_factory=dict)
    """Amounts that take the machine's place, or extended resources: `{"cpu": "2"}`."""
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The base of every container's environment (environment.base_environment)."""
    working_directory: str = "/"
    user: int = 0
    """The numeric user that the daemon, and so its containers, run as."""


def capacity(settings: NodeSettings) -> dict[str, Quantity]:
    """What the node has, all of it allocatable."""
    machine = settings.machine
    amounts = {
        "cpu": Quantity.of(machine.cpus),
        "ephemeral-storage": Quantity.of(machine.disk_bytes // 1024 * 1024, Notation.BINARY),
        "memory": Quantity.of(machine.memory_bytes // 1024 * 1024, Notation.BINARY),
        "pods": Quantity.of(settings.max_pods),
    }
    return amounts | {name: quantity.parse(text) for name, text in settings.capacity.items()}


def node_facts(settings: NodeSettings) -> NodeFacts:
    """The node as the downward API tells of it."""
    return NodeFacts(settings.name, settings.host_ip, capacity(settings))


def node_view(settings: NodeSettings, node: Object | None) -> NodeView:
    """The node as the scheduler sees it: the Node object, where there is one."""
    obj = node if node is not None else node_object(settings, 0.0)
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    allocatable = status.get("allocatable") or {}
    return NodeView(
        settings.name,
        obj["metadata"].get("labels") or {},
        tuple(spec.get("taints") or ()),
        bool(spec.get("unschedulable")),
        {name: quantity.parse(str(text)) for name, text in allocatable.items()},
    )


def node_object(settings: NodeSettings, now: float, existing: Object | None = None) -> Object:
    """The Node to have in the store: a new one, or the existing one brought up to date.

    What users put on it (labels, annotations, taints, unschedulable) stays.
    """
    meta: Object = dict(existing["metadata"]) if existing else _new_metadata(settings, now)
    meta["labels"] = {**(meta.get("labels") or {}), **_labels(settings)}
    status = (existing or {}).get("status") or {}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": meta,
        "spec": (existing or {}).get("spec") or {},
        "status": {**status, **_status(settings, now, status.get("conditions") or [])},
    }


def _new_metadata(settings: NodeSettings, now: float) -> Object:
    # The same uid whenever the node is made anew: it is the same machine.
    uid = uuid.uuid5(uuid.NAMESPACE_URL, f"localjobs://nodes/{settings.name}")
    return {
        "name": settings.name,
        "uid": str(uid),
        "creationTimestamp": timestamps.render(now),
    }


def _labels(settings: NodeSettings) -> dict[str, str]:
    machine = settings.machine
    architecture = _ARCHITECTURES.get(machine.architecture, machine.architecture)
    return {
        "beta.kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": machine.operating_system,
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": settings.name,
        "kubernetes.io/os": machine.operating_system,
        **settings.labels,
    }


def _status(settings: NodeSettings, now: float, conditions: list[Object]) -> Object:
    amounts = {name: str(amount) for name, amount in capacity(settings).items()}
    machine = settings.machine
    return {
        "addresses": [
            {"type": "InternalIP", "address": settings.host_ip},
            {"type": "Hostname", "address": settings.name},
        ],
        "allocatable": amounts,
        "capacity": amounts,
        "conditions": _conditions(now, conditions),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
        "nodeInfo": {
            "architecture": _ARCHITECTURES.get(machine.architecture, machine.architecture),
            "bootID": machine.boot_id,
            "containerRuntimeVersion": f"localjobs://{settings.version.removeprefix('v')}",
            "kernelVersion": machine.kernel_version,
            "kubeProxyVersion": "",
            "kubeletVersion": settings.version,
            "machineID": machine.machine_id,
            "operatingSystem": machine.operating_system,
            "osImage": machine.os_image,
            "systemUUID": machine.machine_id,
        },
    }


_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "is posting ready status"),
)


def _conditions(now: float, existing: list[Object]) -> list[Object]:
    since = {c["type"]: c["lastTransitionTime"] for c in existing if "lastTransitionTime" in c}
    stamp = timestamps.render(now)
    return [
        {
            "type": type_,
            "status": status,
            "lastHeartbeatTime": stamp,
            "lastTransitionTime": since.get(type_, stamp),
            "reason": reason,
            "message": f"kubelet {message}",
        }
        for type_, status, reason, message in _CONDITIONS
    ]
