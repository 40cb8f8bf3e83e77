"""Resource requests and limits, of containers and of pods as a whole (core/validation)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from localjobs.admission.validation.formats import NEGATIVE, Errors, check_dns_label
from localjobs.admission.validation.resource_names import (
    HUGE_PAGES,
    POD_RESOURCES,
    container_resource_name_errors,
    is_counted,
    is_divisible,
    is_huge_page,
    is_overcommit_allowed,
    resource_name_errors,
)
from localjobs.api.field import (
    ErrorType,
    FieldError,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    quoted,
    required,
)
from localjobs.api.objects import Object
from localjobs.api.quantity import Quantity, parse

NameCheck: TypeAlias = Callable[[str, str], Errors]
"""Checks the name of a resource; the second argument is the path."""

_POD_NAMES = tuple(sorted((*POD_RESOURCES, HUGE_PAGES)))


def check_container_resource(name: str, path: str) -> Errors:
    """The name of a resource that a container, or a pod's overhead, can have."""
    for problem in container_resource_name_errors(name):
        yield invalid(path, name, problem)


def _check_pod_resource(name: str, path: str) -> Errors:
    problems = resource_name_errors(name)
    for problem in problems:
        yield invalid(path, name, problem)
    if not problems and name not in POD_RESOURCES and not is_huge_page(name):
        yield not_supported(path, name, _POD_NAMES)


def validate_resources(
    requirements: Object,
    claim_names: frozenset[str],
    path: str,
    check_name: NameCheck = check_container_resource,
) -> Errors:
    """Names, amounts, requests within limits, and the claims that are used."""
    limits = _amounts(requirements.get("limits"))
    requests = _amounts(requirements.get("requests"))
    for name, amount in limits.items():
        here = f"{path}.limits[{name}]"
        yield from check_name(name, here)
        yield from check_amount(name, amount, here)
        yield from _check_pages(name, amount, here)
    for name, amount in requests.items():
        here = f"{path}.requests[{name}]"
        yield from check_name(name, here)
        yield from check_amount(name, amount, here)
        yield from _check_within_limit(name, amount, limits.get(name), path)
        yield from _check_pages(name, amount, here)
    used = limits.keys() | requests.keys()
    if used.isdisjoint(POD_RESOURCES) and any(is_huge_page(name) for name in used):
        yield forbidden(path, "HugePages require cpu or memory")
    claims = requirements.get("claims")
    if claims:
        yield from _validate_claims(claims, claim_names, f"{path}.claims")


def _amounts(amounts: Mapping[str, object] | None) -> dict[str, Quantity]:
    return {name: parse(str(amounts[name])) for name in sorted(amounts)} if amounts else {}


def check_amount(name: str, amount: Quantity, path: str) -> Errors:
    """An amount is not negative, and whole if the resource is counted."""
    if amount.nanos < 0:
        yield invalid(path, str(amount), NEGATIVE)
    if is_counted(name) and amount.milli_value % 1000:
        yield invalid(path, str(amount), "must be an integer")


def _check_pages(name: str, amount: Quantity, path: str) -> Errors:
    if is_huge_page(name) and not is_divisible(name, amount):
        detail = f"{amount} is not positive integer multiple of {name}"
        yield invalid(path, str(amount), detail)


def _check_within_limit(name: str, request: Quantity, limit: Quantity | None, path: str) -> Errors:
    is_strict = not is_overcommit_allowed(name)
    if limit is None:
        if is_strict:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    elif is_strict and request != limit:
        detail = f"must be equal to {name} limit of {limit}"
        yield invalid(f"{path}.requests", str(request), detail)
    elif request > limit:
        detail = f"must be less than or equal to {name} limit of {limit}"
        yield invalid(f"{path}.requests", str(request), detail)


def _validate_claims(claims: Iterable[Object], names: frozenset[str], path: str) -> Errors:
    taken: set[str] = set()
    for index, claim in enumerate(claims):
        here = f"{path}[{index}]"
        name, request = claim.get("name", ""), claim.get("request", "")
        if not name:
            yield required(here)
            continue
        if name in taken:
            yield duplicate(here, name)
        else:
            if request:
                yield from check_dns_label(request, f"{here}.request")
            yield from _check_overlap(name, request, taken, here)
            taken.add(f"{name}/{request}" if request else name)
        if name not in names:
            yield _unknown_claim(name, names, here)


def _check_overlap(name: str, request: str, taken: set[str], path: str) -> Errors:
    """A whole claim and a request of it may not both be used, nor one request twice."""
    if request:
        if f"{name}/{request}" in taken:
            yield duplicate(path, f"{name}/{request}")
        return
    for other in sorted(taken):
        if other.startswith(f"{name}/"):
            yield duplicate(path, name)


def _unknown_claim(name: str, names: frozenset[str], path: str) -> FieldError:
    detail = "must be one of the names in pod.spec.resourceClaims"
    detail += f": {', '.join(sorted(names))}" if names else " which is empty"
    return FieldError(ErrorType.NOT_FOUND, path, quoted(name), detail)


def validate_pod_resources(spec: Object, claim_names: frozenset[str], path: str) -> Errors:
    """`spec.resources`: what the pod as a whole may use (KEP-2837). `path` is the spec's."""
    requirements = spec.get("resources")
    if requirements is None:
        return
    here = f"{path}.resources"
    if (spec.get("os") or {}).get("name") == "windows":
        yield forbidden(here, "may not be set for a windows pod")
        return
    if requirements.get("claims") is not None:
        yield forbidden(f"{here}.claims", "claims may not be set for Resources at pod-level")
    yield from validate_resources(requirements, claim_names, here, _check_pod_resource)
    yield from _check_consistency(spec, requirements, here)


def _check_consistency(spec: Object, requirements: Object, path: str) -> Errors:
    requests, limits = _amounts(requirements.get("requests")), _amounts(requirements.get("limits"))
    for name, amount in aggregate(spec, "requests").items():
        if name in requests and amount > requests[name]:
            detail = f"must be greater than or equal to aggregate container requests of {amount}"
            yield invalid(f"{path}.requests[{name}]", str(requests[name]), detail)
    for name, amount in aggregate(spec, "limits").items():
        if is_huge_page(name) and name in limits and amount > limits[name]:
            detail = f"must be greater than or equal to aggregate container limits of {amount}"
            yield invalid(f"{path}.limits[{name}]", str(limits[name]), detail)
    for index, container in enumerate(spec.get("containers") or ()):
        for name, amount in _amounts(_resources(container).get("limits")).items():
            if name in limits and amount > limits[name]:
                detail = f"must be less than or equal to pod limits of {limits[name]}"
                yield invalid(f"{path}.containers[{index}][{name}].limits", str(amount), detail)


def _resources(container: Object) -> Object:
    found: Object = container.get("resources") or {}
    return found


def aggregate(spec: Object, side: str) -> dict[str, Quantity]:
    """What the containers need together, as requests or limits (resource/helpers.go).

    Containers and sidecars run at the same time; each other init container runs beside the
    sidecars before it.
    """
    total: dict[str, Quantity] = {}
    for container in spec.get("containers") or ():
        total = _sum(total, _amounts(_resources(container).get(side)))
    peaks = list(_init_needs(spec, side))
    for container in spec.get("initContainers") or ():
        if container.get("restartPolicy") == "Always":
            total = _sum(total, _amounts(_resources(container).get(side)))
    for peak in peaks:
        total = _largest(total, peak)
    return dict(sorted(total.items()))


def _init_needs(spec: Object, side: str) -> Iterator[dict[str, Quantity]]:
    sidecars: dict[str, Quantity] = {}
    for container in spec.get("initContainers") or ():
        needs = _sum(sidecars, _amounts(_resources(container).get(side)))
        if container.get("restartPolicy") == "Always":
            sidecars = needs
        yield needs


def _sum(one: Mapping[str, Quantity], other: Mapping[str, Quantity]) -> dict[str, Quantity]:
    merged = dict(one)
    for name, amount in other.items():
        merged[name] = merged[name] + amount if name in merged else amount
    return merged


def _largest(one: Mapping[str, Quantity], other: Mapping[str, Quantity]) -> dict[str, Quantity]:
    merged = dict(one)
    for name, amount in other.items():
        if name not in merged or amount > merged[name]:
            merged[name] = amount
    return merged
