"""Fields of a pod spec that upstream knows, and drops while their feature gate is off.

The gates are those of Kubernetes 1.36 with its defaults (pkg/api/pod/util.go,
dropDisabledFields): ContainerStopSignals, ClusterTrustBundleProjection, PodCertificateRequest
and GenericWorkload are off.
"""

from __future__ import annotations

from typing import Any

from localjobs.api.objects import Object

_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_PROJECTIONS = ("clusterTrustBundle", "podCertificate")


def without_disabled_fields(spec: Object) -> Object:
    """The spec as it is stored: the same one if it uses no disabled field."""
    changes: Object = {}
    for name in _CONTAINERS:
        if any("stopSignal" in (one.get("lifecycle") or ()) for one in spec.get(name) or ()):
            changes[name] = [_without_stop_signal(one) for one in spec[name]]
    if any(_uses_projections(volume) for volume in spec.get("volumes") or ()):
        changes["volumes"] = [_without_projections(volume) for volume in spec["volumes"]]
    if "schedulingGroup" in spec:
        spec = _without(spec, "schedulingGroup")
    return {**spec, **changes} if changes else spec


def _without(obj: Object, *names: str) -> Object:
    return {name: value for name, value in obj.items() if name not in names}


def _without_stop_signal(container: Object) -> Object:
    lifecycle = _without(container.get("lifecycle") or {}, "stopSignal")
    if lifecycle:
        return {**container, "lifecycle": lifecycle}
    return _without(container, "lifecycle")


def _sources(volume: Object) -> list[Any]:
    return (volume.get("projected") or {}).get("sources") or []


def _uses_projections(volume: Object) -> bool:
    return any(name in source for source in _sources(volume) for name in _PROJECTIONS)


def _without_projections(volume: Object) -> Object:
    if not _uses_projections(volume):
        return volume
    sources = [_without(source, *_PROJECTIONS) for source in _sources(volume)]
    return {**volume, "projected": {**volume["projected"], "sources": sources}}
