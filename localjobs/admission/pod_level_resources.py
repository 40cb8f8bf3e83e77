"""A Pod's own resources, where it states some but not all (KEP-2837, SetDefaults_Pod)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from localjobs.api import quantity
from localjobs.api.objects import Object
from localjobs.api.quantity import ZERO, Quantity

_HUGE_PAGES = "hugepages-"
_OVERCOMMITTED = ("cpu", "memory")


def default_pod_resources(spec: Object) -> Object:
    """The spec with requests for what the Pod limits, and limits for its containers' huge pages.

    A resource that containers request is requested in their sum; any other in its limit.
    """
    resources = spec.get("resources") or {}
    requests, limits = (dict(resources.get(kind) or {}) for kind in ("requests", "limits"))
    if not requests and not limits:
        return spec
    for name, amount in _total(spec, "limits").items():
        if name.startswith(_HUGE_PAGES) and name not in requests:
            limits.setdefault(name, str(amount))
    if limits:
        for name, amount in _total(spec, "requests").items():
            if name in _OVERCOMMITTED:
                requests.setdefault(name, str(amount))
        for name, text in limits.items():
            if name in _OVERCOMMITTED or name.startswith(_HUGE_PAGES):
                requests.setdefault(name, text)
    stated = {"requests": requests, "limits": limits}
    stated = {kind: amounts for kind, amounts in stated.items() if amounts}
    return {**spec, "resources": {**resources, **stated}}


def _total(spec: Object, kind: str) -> dict[str, Quantity]:
    """What the containers need together (component-helpers/resource, PodRequests).

    Sidecars run beside the containers; another init container beside the sidecars before it.
    """
    sidecars: dict[str, Quantity] = {}
    starting: dict[str, Quantity] = {}
    for container in spec.get("initContainers") or ():
        amounts = _amounts(container, kind)
        if container.get("restartPolicy") == "Always":
            sidecars = _joined((sidecars, amounts), lambda left, right: left + right)
            amounts = {}
        needed = _joined((sidecars, amounts), lambda left, right: left + right)
        starting = _joined((starting, needed), max)
    running = [_amounts(container, kind) for container in spec.get("containers") or ()]
    together = _joined((*running, sidecars), lambda left, right: left + right)
    return _joined((together, starting), max)


def _amounts(container: Object, kind: str) -> dict[str, Quantity]:
    amounts = (container.get("resources") or {}).get(kind) or {}
    return {name: quantity.parse(text) for name, text in amounts.items()}


def _joined(
    lists: Iterable[dict[str, Quantity]], join: Callable[[Quantity, Quantity], Quantity]
) -> dict[str, Quantity]:
    joined: dict[str, Quantity] = {}
    for amounts in lists:
        for name, amount in amounts.items():
            joined[name] = join(joined.get(name, ZERO), amount)
    return joined
