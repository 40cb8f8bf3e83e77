"""`spec.podFailurePolicy` of a Job (batch/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors, check_qualified_name
from localjobs.api.field import (
    ErrorType,
    FieldError,
    duplicate,
    invalid,
    not_supported,
    quoted,
    required,
    too_many,
)
from localjobs.api.objects import Object

ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
OPERATORS = ("In", "NotIn")
CONDITION_STATUSES = ("False", "True", "Unknown")
MOST_RULES = 20
MOST_EXIT_CODES = 255
MOST_PATTERNS = 20


def choices(values: tuple[str, ...]) -> str:
    """The detail of a choice that was not made."""
    return f"valid values: [{' '.join(quoted(value) for value in values)}]"


def validate_pod_failure_policy(spec: Object, path: str) -> Errors:
    """The rules of a Job whose spec is given."""
    rules = spec["podFailurePolicy"].get("rules") or ()
    if len(rules) > MOST_RULES:
        yield too_many(f"{path}.rules", len(rules), MOST_RULES)
    names = _container_names(spec)
    for index, rule in enumerate(rules):
        here = f"{path}.rules[{index}]"
        yield from _validate_action(rule.get("action", ""), spec, f"{here}.action")
        yield from _validate_matchers(rule, names, here)


def _container_names(spec: Object) -> frozenset[str]:
    pod = (spec.get("template") or {}).get("spec") or {}
    return frozenset(
        container.get("name", "")
        for key in ("containers", "initContainers")
        for container in pod.get(key) or ()
    )


def _validate_action(action: str, spec: Object, path: str) -> Errors:
    if not action:
        yield required(path, choices(ACTIONS))
    elif action == "FailIndex":
        if spec.get("backoffLimitPerIndex") is None:
            yield invalid(path, action, "requires the backoffLimitPerIndex to be set")
    elif action not in ACTIONS:
        yield not_supported(path, action, ACTIONS)


def _validate_matchers(rule: Object, names: frozenset[str], path: str) -> Errors:
    exit_codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
    if exit_codes is not None:
        yield from _validate_exit_codes(exit_codes, names, f"{path}.onExitCodes")
    if conditions:
        yield from _validate_conditions(conditions, f"{path}.onPodConditions")
    if exit_codes is not None and conditions:
        detail = "specifying both OnExitCodes and OnPodConditions is not supported"
        yield FieldError(ErrorType.INVALID, path, "", detail)
    if exit_codes is None and not conditions:
        detail = "specifying one of OnExitCodes and OnPodConditions is required"
        yield FieldError(ErrorType.INVALID, path, "", detail)


def _validate_conditions(patterns: list[Object], path: str) -> Errors:
    if len(patterns) > MOST_PATTERNS:
        yield too_many(path, len(patterns), MOST_PATTERNS)
    for index, pattern in enumerate(patterns):
        here, status = f"{path}[{index}]", pattern.get("status", "")
        yield from check_qualified_name(pattern.get("type", ""), f"{here}.type")
        if not status:
            yield required(f"{here}.status", choices(CONDITION_STATUSES))
        elif status not in CONDITION_STATUSES:
            yield not_supported(f"{here}.status", status, CONDITION_STATUSES)


def _validate_exit_codes(requirement: Object, names: frozenset[str], path: str) -> Errors:
    operator, values = requirement.get("operator", ""), requirement.get("values")
    container = requirement.get("containerName")
    if not operator:
        yield required(f"{path}.operator", choices(OPERATORS))
    elif operator not in OPERATORS:
        yield not_supported(f"{path}.operator", operator, OPERATORS)
    if container is not None and container not in names:
        detail = "must be one of the container or initContainer names in the pod template"
        yield invalid(f"{path}.containerName", container, detail)
    if not values:
        yield invalid(f"{path}.values", values, "at least one value is required")
        return
    if len(values) > MOST_EXIT_CODES:
        yield too_many(f"{path}.values", len(values), MOST_EXIT_CODES)
    yield from _validate_values(values, operator, f"{path}.values")


def _validate_values(values: list[int], operator: str, path: str) -> Errors:
    taken: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            yield invalid(f"{path}[{index}]", value, "must not be 0 for the In operator")
        if value in taken:
            yield duplicate(f"{path}[{index}]", value)
        taken.add(value)
    if sorted(values) != values:
        yield invalid(path, values, "must be ordered")
