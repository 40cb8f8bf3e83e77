"""The quality of service class of a pod (pkg/apis/core/helper/qos/qos.go)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localjobs.api import quantity
from localjobs.api.objects import Object
from localjobs.api.quantity import ZERO, Quantity

_COUNTED = ("cpu", "memory")


def qos_class(spec: Object) -> str:
    """`Guaranteed`, `Burstable` or `BestEffort`, by what the containers request and may use."""
    resources = _resources(spec)
    requests, limits = (_sum(one.get(kind) for one in resources) for kind in ("requests", "limits"))
    if not requests and not limits:
        return "BestEffort"
    all_limited = all(len(_amounts(one.get("limits"))) == len(_COUNTED) for one in resources)
    return "Guaranteed" if all_limited and requests == limits else "Burstable"


def _resources(spec: Object) -> list[Object]:
    """The pod's own resources if it has any, else those of each container."""
    if pod_level := spec.get("resources"):
        return [pod_level]
    containers = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    return [container.get("resources") or {} for container in containers]


def _amounts(amounts: Mapping[str, str] | None) -> dict[str, Quantity]:
    parsed = {name: quantity.parse(text) for name, text in (amounts or {}).items()}
    return {name: amount for name, amount in parsed.items() if name in _COUNTED and amount > ZERO}


def _sum(lists: Iterable[Mapping[str, str] | None]) -> dict[str, Quantity]:
    total: dict[str, Quantity] = {}
    for amounts in lists:
        for name, amount in _amounts(amounts).items():
            total[name] = total.get(name, ZERO) + amount
    return total
