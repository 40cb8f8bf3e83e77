"""What a pod needs beside processes, and whether this machine can give it.

A pod that needs what cannot be given is refused, never run without it.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from localjobs.api.objects import Object

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


class Demands(Struct, frozen=True):
    """What a pod's spec needs."""

    unsupported: tuple[str, ...] = ()
    """What no machine can give yet, in words: `gRPC probes`."""
    mounts: bool = False
    """A private view of the file system."""
    users: frozenset[int] = frozenset()
    """The users that its processes are to run as."""


NONE = Demands()


def demands_of(spec: Object) -> Demands:
    """Read them from a pod's spec."""
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    security = [spec.get("securityContext"), *(c.get("securityContext") for c in containers)]
    found = Demands(
        tuple(sorted({*_unsupported(containers), *_unsupported_volumes(spec)})),
        any(container.get("volumeMounts") for container in containers),
        frozenset(
            s["runAsUser"] for s in security if s is not None and s.get("runAsUser") is not None
        ),
    )
    return NONE if found == NONE else found


def refusal(demands: Demands, supports_mounts: bool, user: int) -> str:
    """Why a machine cannot run such a pod; "" if it can. `user` is who the daemon runs as."""
    if demands is NONE:
        return ""
    reasons = [f"{what} are not supported yet" for what in demands.unsupported]
    if demands.mounts and not supports_mounts:
        reasons.append("volumes need private mount namespaces, which this machine does not allow")
    others = sorted(demands.users - {user})
    if others and user != 0:
        reasons.append(f"a process can run as user {others[0]} only if localjobs runs as root")
    return "; ".join(reasons)


def _unsupported(containers: Iterable[Object]) -> Iterable[str]:
    for container in containers:
        if any((container.get(probe) or {}).get("grpc") is not None for probe in _PROBES):
            yield "gRPC probes"
        if container.get("volumeDevices"):
            yield "block devices"


def _unsupported_volumes(spec: Object) -> Iterable[str]:
    for volume in spec.get("volumes") or ():
        for kind in volume:
            if kind not in SUPPORTED_VOLUMES:
                yield f"volumes of type {kind}"
        if str((volume.get("emptyDir") or {}).get("medium") or "").startswith("HugePages"):
            yield "volumes of huge pages"
        for part in (volume.get("projected") or {}).get("sources") or ():
            yield from (f"projections of type {k}" for k in part if k not in _PROJECTED)


_PROJECTED = ("configMap", "secret", "downwardAPI")
# A claim is the scheduler's to refuse.
SUPPORTED_VOLUMES = frozenset(
    {"name", "emptyDir", "hostPath", "projected", "persistentVolumeClaim", *_PROJECTED}
)
