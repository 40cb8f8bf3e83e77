"""`matchLabelKeys` and `mismatchLabelKeys`: a new pod's own labels, written into its selectors.

Spread constraints and terms of pod affinity name keys of labels; the pod's values of them become
requirements of the selector beside them (pkg/registry/core/pod/strategy.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localjobs.api.objects import Object

_OPERATORS = (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def with_label_keys(spec: Object, labels: Mapping[str, str]) -> Object:
    """A pod's spec with these requirements; the same one if it names no keys."""
    changes: Object = {}
    constraints = spec.get("topologySpreadConstraints")
    if constraints:
        changes["topologySpreadConstraints"] = [_selecting(one, labels) for one in constraints]
    if spec.get("affinity"):
        changes["affinity"] = _affinity(spec["affinity"], labels)
    return {**spec, **changes} if any(spec[key] != changes[key] for key in changes) else spec


def _affinity(affinity: Object, labels: Mapping[str, str]) -> Object:
    kinds: Object = {
        kind: _terms(affinity[kind], labels)
        for kind in ("podAffinity", "podAntiAffinity")
        if kind in affinity
    }
    return {**affinity, **kinds}


def _terms(rules: Object, labels: Mapping[str, str]) -> Object:
    changes: dict[str, Any] = {}
    if rules.get(_REQUIRED):
        changes[_REQUIRED] = [_selecting(term, labels) for term in rules[_REQUIRED]]
    if rules.get(_PREFERRED):
        changes[_PREFERRED] = [
            {**wish, "podAffinityTerm": _selecting(wish["podAffinityTerm"], labels)}
            for wish in rules[_PREFERRED]
        ]
    return {**rules, **changes}


def _selecting(holder: Object, labels: Mapping[str, str]) -> Object:
    """A holder of a selector, with what its keys ask for; no selector stays none."""
    selector = holder.get("labelSelector")
    added = [
        {"key": key, "operator": operator, "values": [labels[key]]}
        for member, operator in _OPERATORS
        for key in holder.get(member) or ()
        if key in labels
    ]
    if selector is None or not added:
        return holder
    expressions = [*(selector.get("matchExpressions") or ()), *added]
    return {**holder, "labelSelector": {**selector, "matchExpressions": expressions}}
