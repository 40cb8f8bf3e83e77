"""What a pod asks of a node: its effective request.

Upstream: PodRequests in staging/src/k8s.io/component-helpers/resource/helpers.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localjobs.api import quantity
from localjobs.api.objects import Object
from localjobs.api.quantity import ZERO, Quantity

Amounts = Mapping[str, Quantity]
"""Amounts by resource name: `cpu`, `memory`, `example.com/gpu`."""

NOTHING: Amounts = {}


def pod_requests(spec: Object) -> Amounts:
    """The sum of the containers and sidecars, or the most that the init phase needs at once.

    A request of the whole pod (spec.resources) takes the place of that for its resources;
    the overhead comes on top.
    """
    containers = spec.get("containers") or ()
    init = spec.get("initContainers") or ()
    total = _sum(_requests(container) for container in containers)
    if init:
        sidecars, peak = _init_phase(init)
        total = _most(_added(total, sidecars), peak)
    whole = _requests(spec)
    if whole:
        total = {**total, **whole}
    overhead = spec.get("overhead")
    return _added(total, _parsed(overhead)) if overhead else total


def _init_phase(init: Iterable[Object]) -> tuple[Amounts, Amounts]:
    """What the sidecars ask together, and the most that is asked before the main containers."""
    sidecars: Amounts = NOTHING
    peak: Amounts = NOTHING
    for container in init:
        own = _requests(container)
        if container.get("restartPolicy") == "Always":
            sidecars = _added(sidecars, own)
            peak = _most(peak, sidecars)
        else:
            peak = _most(peak, _added(own, sidecars))
    return sidecars, peak


def _requests(holder: Object) -> Amounts:
    resources = holder.get("resources")
    if not resources:
        return NOTHING
    # Admission copies limits into absent requests; a spec put in by hand may lack it.
    return _parsed({**(resources.get("limits") or {}), **(resources.get("requests") or {})})


def memory_limit(container: Object) -> int | None:
    """The bytes that a container may hold; None if there is no limit."""
    limit = ((container.get("resources") or {}).get("limits") or {}).get("memory")
    return quantity.parse(str(limit)).value or None if limit is not None else None


def _parsed(amounts: Mapping[str, object]) -> Amounts:
    return {name: quantity.parse(str(text)) for name, text in amounts.items()}


def _sum(parts: Iterable[Amounts]) -> Amounts:
    total: Amounts = NOTHING
    for part in parts:
        if part:
            total = _added(total, part)
    return total


def _added(one: Amounts, other: Amounts) -> Amounts:
    if not other:
        return one
    return {name: one.get(name, ZERO) + other.get(name, ZERO) for name in {**one, **other}}


def _most(one: Amounts, other: Amounts) -> Amounts:
    if not other:
        return one
    return {name: max(one.get(name, ZERO), other.get(name, ZERO)) for name in {**one, **other}}
