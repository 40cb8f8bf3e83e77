"""Node affinity, pod affinity and anti-affinity (core/validation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localjobs.admission.validation.formats import (
    Errors,
    check_dns_label,
    check_dns_subdomain,
    check_qualified_name,
)
from localjobs.admission.validation.labels import (
    BAD_OPERATOR,
    VALUES_NEEDED,
    VALUES_REFUSED,
    check_label_values,
    validate_label_selector,
)
from localjobs.api.field import forbidden, invalid, required
from localjobs.api.objects import Object

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_WEIGHT = "must be in the range 1-100"


def validate_affinity(affinity: Object, path: str) -> Errors:
    """`spec.affinity`."""
    node = affinity.get("nodeAffinity")
    if node is not None:
        yield from _validate_node_affinity(node, f"{path}.nodeAffinity")
    for key in ("podAffinity", "podAntiAffinity"):
        if affinity.get(key) is not None:
            yield from _validate_pod_affinity(affinity[key], f"{path}.{key}")


def _validate_node_affinity(affinity: Object, path: str) -> Errors:
    needed = affinity.get(REQUIRED)
    if needed is not None:
        here = f"{path}.{REQUIRED}.nodeSelectorTerms"
        terms = needed.get("nodeSelectorTerms")
        if not terms:
            yield required(here, "must have at least one node selector term")
        for index, term in enumerate(terms or ()):
            yield from _validate_node_term(term, f"{here}[{index}]", check_values=True)
    for index, wish in enumerate(affinity.get(PREFERRED) or ()):
        here = f"{path}.{PREFERRED}[{index}]"
        yield from _validate_weight(wish, here)
        preference = wish.get("preference") or {}
        yield from _validate_node_term(preference, f"{here}.preference", check_values=False)


def _validate_weight(wish: Object, path: str) -> Errors:
    weight = wish.get("weight", 0)
    if not 1 <= weight <= 100:
        yield invalid(f"{path}.weight", weight, _WEIGHT)


def _validate_node_term(term: Object, path: str, *, check_values: bool) -> Errors:
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        here = f"{path}.matchExpressions[{index}]"
        yield from _validate_node_requirement(requirement, here)
        if check_values:
            yield from check_label_values(requirement.get("values") or (), f"{here}.values")
    for index, requirement in enumerate(term.get("matchFields") or ()):
        yield from _validate_field_requirement(requirement, f"{path}.matchFields[{index}]")


def _validate_node_requirement(requirement: Object, path: str) -> Errors:
    operator, values = requirement.get("operator", ""), requirement.get("values") or ()
    here = f"{path}.values"
    if operator in {"In", "NotIn"}:
        if not values:
            yield required(here, VALUES_NEEDED)
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            yield forbidden(here, VALUES_REFUSED)
    elif operator in {"Gt", "Lt"}:
        if len(values) != 1:
            yield required(here, "must be specified single value when `operator` is 'Lt' or 'Gt'")
    else:
        yield invalid(f"{path}.operator", operator, BAD_OPERATOR)
    yield from check_qualified_name(requirement.get("key", ""), f"{path}.key")


def _validate_field_requirement(requirement: Object, path: str) -> Errors:
    operator, key = requirement.get("operator", ""), requirement.get("key", "")
    values = requirement.get("values") or ()
    if operator not in {"In", "NotIn"}:
        yield invalid(f"{path}.operator", operator, BAD_OPERATOR)
    elif len(values) != 1:
        detail = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        yield required(f"{path}.values", detail)
    if key != "metadata.name":
        yield invalid(f"{path}.key", key, "not a valid field selector key")
        return
    for index, value in enumerate(values):
        yield from check_dns_subdomain(value, f"{path}.values[{index}]")


def _validate_pod_affinity(affinity: Object, path: str) -> Errors:
    for index, term in enumerate(affinity.get(REQUIRED) or ()):
        yield from _validate_pod_term(term, f"{path}.{REQUIRED}[{index}]")
    for index, wish in enumerate(affinity.get(PREFERRED) or ()):
        here = f"{path}.{PREFERRED}[{index}]"
        yield from _validate_weight(wish, here)
        yield from _validate_pod_term(wish.get("podAffinityTerm") or {}, f"{here}.podAffinityTerm")


def _validate_pod_term(term: Object, path: str) -> Errors:
    selector = term.get("labelSelector")
    yield from validate_label_selector(selector, f"{path}.labelSelector")
    yield from validate_label_selector(term.get("namespaceSelector"), f"{path}.namespaceSelector")
    for namespace in term.get("namespaces") or ():
        yield from check_dns_label(namespace, f"{path}.namespace")
    matched, mismatched = term.get("matchLabelKeys") or (), term.get("mismatchLabelKeys") or ()
    yield from check_label_keys(matched, mismatched, selector, path)
    topology = term.get("topologyKey", "")
    if not topology:
        yield required(f"{path}.topologyKey", "can not be empty")
    yield from check_qualified_name(topology, f"{path}.topologyKey")


def check_label_keys(
    matched: Sequence[str], mismatched: Sequence[str], selector: Object | None, path: str
) -> Errors:
    """`matchLabelKeys` and `mismatchLabelKeys` beside the selector they add to."""
    yield from _check_keys(matched, selector, f"{path}.matchLabelKeys")
    yield from _check_keys(mismatched, selector, f"{path}.mismatchLabelKeys")
    if selector is not None:
        yield from _check_keys_once(matched, selector, path)
    for index, key in enumerate(matched):
        if key in mismatched:
            detail = "exists in both matchLabelKeys and mismatchLabelKeys"
            yield invalid(f"{path}.matchLabelKeys[{index}]", key, detail)


def _check_keys(keys: Iterable[str], selector: Object | None, path: str) -> Errors:
    if keys and selector is None:
        yield forbidden(path, "must not be specified when labelSelector is not set")
        return
    for index, key in enumerate(keys):
        yield from check_qualified_name(key, f"{path}[{index}]")


def _check_keys_once(matched: Sequence[str], selector: Object, path: str) -> Errors:
    """A key of `matchLabelKeys` is in the selector once: where the pod's value was merged in."""
    places = {key: index for index, key in enumerate(matched)}
    seen = set(selector.get("matchLabels") or ())
    for expression in selector.get("matchExpressions") or ():
        key = expression.get("key", "")
        if key in places and key in seen:
            detail = "exists in both matchLabelKeys and labelSelector"
            yield invalid(f"{path}[{places[key]}]", key, detail)
        seen.add(key)
