"""`spec.tolerations` (core/validation)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localjobs.admission.validation.formats import Errors, check_qualified_name
from localjobs.api import names
from localjobs.api.field import forbidden, invalid, not_supported
from localjobs.api.objects import Object

OPERATORS = ("Equal", "Exists")
_COMPARISONS = ("Lt", "Gt")
"""Operators behind a feature gate that is off (KEP-5471)."""
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def validate_tolerations(tolerations: Iterable[Object], path: str) -> Errors:
    """Keys, operators, values and effects."""
    for index, toleration in enumerate(tolerations):
        here = f"{path}[{index}]"
        key, operator = toleration.get("key", ""), toleration.get("operator", "")
        effect = toleration.get("effect", "")
        if key:
            yield from check_qualified_name(key, f"{here}.key")
        elif operator != "Exists":
            detail = (
                "operator must be Exists when `key` is empty, "
                'which means "match all values and all keys"'
            )
            yield invalid(f"{here}.operator", operator, detail)
        if toleration.get("tolerationSeconds") is not None and effect != "NoExecute":
            detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
            yield invalid(f"{here}.effect", effect, detail)
        yield from _validate_value(operator, toleration.get("value", ""), f"{here}.operator")
        if effect and effect not in EFFECTS:
            yield not_supported(f"{here}.effect", effect, EFFECTS)


def _validate_value(operator: str, value: str, path: str) -> Errors:
    """Errors about the value name the operator, as upstream's do."""
    if operator in {"", "Equal"}:
        problems = names.label_value_errors(value)
        if problems:
            yield invalid(path, value, ";".join(problems))
    elif operator == "Exists":
        if value:
            yield invalid(path, value, "value must be empty when `operator` is 'Exists'")
    elif operator in _COMPARISONS:
        yield not_supported(path, operator, OPERATORS + _COMPARISONS)
    else:
        yield not_supported(path, operator, OPERATORS)


def check_only_additions(new: Sequence[Object], old: Iterable[Object], path: str) -> Errors:
    """An update keeps every toleration; only its seconds may change."""
    kept = [_without_seconds(toleration) for toleration in new]
    if any(_without_seconds(toleration) not in kept for toleration in old):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden(path, detail)
        return
    yield from validate_tolerations(new, path)


def _without_seconds(toleration: Object) -> Object:
    return {key: value for key, value in toleration.items() if key != "tolerationSeconds"}
