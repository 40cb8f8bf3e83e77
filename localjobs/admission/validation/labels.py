"""Labels, annotations and label selectors (apimachinery/pkg/apis/meta/v1/validation)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localjobs.admission.validation.formats import Errors, check_qualified_name, malformed
from localjobs.api import names
from localjobs.api.field import forbidden, invalid, required, too_long
from localjobs.api.objects import Object
from localjobs.api.selectors import label_selector_of

ANNOTATIONS_LIMIT = 256 * 1024
"""The most bytes that an object's annotations may have, keys and values together."""

BAD_OPERATOR = "not a valid selector operator"
VALUES_NEEDED = "must be specified when `operator` is 'In' or 'NotIn'"
VALUES_REFUSED = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"


def validate_labels(labels: Mapping[str, str] | None, path: str) -> Errors:
    """Keys are qualified names, values are label values. The path names the whole map."""
    for key in sorted(labels or ()):
        assert labels is not None
        yield from check_qualified_name(key, path)
        value = labels[key]
        yield from malformed(path, value, names.label_value_errors(value))


def validate_annotations(annotations: Mapping[str, str] | None, path: str) -> Errors:
    """Keys are qualified names whatever their case; the whole has a size limit."""
    if not annotations:
        return
    for key in sorted(annotations):
        yield from malformed(path, key, names.qualified_name_errors(key.lower()))
    size = sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items())
    if size > ANNOTATIONS_LIMIT:
        yield too_long(path, ANNOTATIONS_LIMIT)


def validate_label_selector(selector: Object | None, path: str) -> Errors:
    """The selector's labels and expressions; no selector breaks no rule."""
    if not selector:
        return
    yield from validate_labels(selector.get("matchLabels"), f"{path}.matchLabels")
    for index, expression in enumerate(selector.get("matchExpressions") or ()):
        yield from _validate_expression(expression, f"{path}.matchExpressions[{index}]")


def _validate_expression(expression: Object, path: str) -> Errors:
    operator = expression.get("operator", "")
    values = expression.get("values") or ()
    if operator in {"In", "NotIn"}:
        if not values:
            yield required(f"{path}.values", VALUES_NEEDED)
    elif operator in {"Exists", "DoesNotExist"}:
        if values:
            yield forbidden(f"{path}.values", VALUES_REFUSED)
    else:
        yield invalid(f"{path}.operator", operator, BAD_OPERATOR)
    yield from check_qualified_name(expression.get("key", ""), f"{path}.key")
    yield from check_label_values(values, f"{path}.values")


def check_label_values(values: Any, path: str) -> Errors:
    """Every one of the values of a requirement is a label value."""
    for index, value in enumerate(values):
        yield from malformed(f"{path}[{index}]", value, names.label_value_errors(value))


def selector_form(selector: Object | None) -> Object | None:
    """The selector as upstream prints it: members in the type's order, labels sorted."""
    if selector is None:
        return None
    form: Object = {}
    if selector.get("matchLabels"):
        form["matchLabels"] = dict(sorted(selector["matchLabels"].items()))
    if selector.get("matchExpressions"):
        form["matchExpressions"] = [
            {key: one[key] for key in ("key", "operator", "values") if key in one}
            for one in selector["matchExpressions"]
        ]
    return form


def selects(selector: Object | None, labels: Mapping[str, str]) -> bool | None:
    """Whether the selector matches the labels; None if the selector itself is malformed.

    No selector matches nothing, an empty one everything (meta/v1/helpers.go).
    """
    if any(True for _ in validate_label_selector(selector, "")):
        return None
    return label_selector_of(selector).matches(labels)
