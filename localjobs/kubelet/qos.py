"""The quality-of-service class of a pod (pkg/apis/core/v1/helper/qos/qos.go)."""

from __future__ import annotations

from typing import Literal

from localjobs.api import quantity
from localjobs.api.objects import Object

_COMPUTE = ("cpu", "memory")


def qos_class(spec: Object) -> Literal["Guaranteed", "Burstable", "BestEffort"]:
    """The class of a pod with this spec.

    Guaranteed: every container has limits of cpu and memory, equal to its requests. BestEffort:
    none says anything of either.
    """
    pod_level: Object = spec.get("resources") or {}
    if pod_level:
        holders = [pod_level]
    else:
        containers = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
        holders = [container.get("resources") or {} for container in containers]
    if all(not _amounts(h, "requests") and not _amounts(h, "limits") for h in holders):
        return "BestEffort"
    if all(_is_guaranteed(holder) for holder in holders):
        return "Guaranteed"
    return "Burstable"


def _is_guaranteed(resources: Object) -> bool:
    limits = _amounts(resources, "limits")
    # Admission sets a request that is not there to its limit; a pod put in by hand may lack it.
    requests = {**limits, **_amounts(resources, "requests")}
    return set(limits) == set(_COMPUTE) and requests == limits


def _amounts(resources: Object, which: str) -> dict[str, quantity.Quantity]:
    declared = resources.get(which) or {}
    amounts = {name: quantity.parse(str(declared[name])) for name in _COMPUTE if name in declared}
    return {name: amount for name, amount in amounts.items() if amount}
