"""`spec.topologySpreadConstraints` (core/validation)."""

from __future__ import annotations

from collections.abc import Sequence

from localjobs.admission.validation.affinity import check_label_keys
from localjobs.admission.validation.formats import Errors, check_positive
from localjobs.admission.validation.labels import validate_label_selector
from localjobs.api.field import duplicate, invalid, not_supported, required
from localjobs.api.objects import Object

ACTIONS = ("DoNotSchedule", "ScheduleAnyway")
NODE_POLICIES = ("Honor", "Ignore")


def validate_topology_spread(constraints: Sequence[Object], path: str) -> Errors:
    """One constraint for each topology key and action."""
    for index, constraint in enumerate(constraints):
        here = f"{path}[{index}]"
        yield from check_positive(constraint.get("maxSkew", 0), f"{here}.maxSkew")
        yield from _validate_kind(constraint, constraints[index + 1 :], here)
        yield from _validate_min_domains(constraint, f"{here}.minDomains")
        for key in ("nodeAffinityPolicy", "nodeTaintsPolicy"):
            policy = constraint.get(key)
            if policy is not None and policy not in NODE_POLICIES:
                yield not_supported(f"{here}.{key}", policy, NODE_POLICIES)
        selector = constraint.get("labelSelector")
        yield from check_label_keys(constraint.get("matchLabelKeys") or (), (), selector, here)
        yield from validate_label_selector(selector, f"{here}.labelSelector")


def _kind(constraint: Object) -> tuple[str, str]:
    return constraint.get("topologyKey", ""), constraint.get("whenUnsatisfiable", "")


def _validate_kind(constraint: Object, later: Sequence[Object], path: str) -> Errors:
    key, action = _kind(constraint)
    if not key:
        yield required(f"{path}.topologyKey", "can not be empty")
    if action not in ACTIONS:
        yield not_supported(f"{path}.whenUnsatisfiable", action, ACTIONS)
    if any(_kind(other) == (key, action) for other in later):
        yield duplicate(f"{path}.{{topologyKey, whenUnsatisfiable}}", f"{{{key}, {action}}}")


def _validate_min_domains(constraint: Object, path: str) -> Errors:
    domains, action = constraint.get("minDomains"), constraint.get("whenUnsatisfiable", "")
    if domains is None:
        return
    yield from check_positive(domains, path)
    if action != "DoNotSchedule":
        detail = f"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {action}"
        yield invalid(path, domains, detail)
