"""Whether a pod wants this node: node selector, node affinity, taints and tolerations.

Upstream: component-helpers/scheduling/corev1/nodeaffinity and ToleratesTaint in
staging/src/k8s.io/api/core/v1/toleration.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from localjobs.api.objects import Object
from localjobs.api.selectors import Operator, Requirement

_OPERATORS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.NOT_EXISTS,
    "Gt": Operator.GREATER,
    "Lt": Operator.LESS,
}
_FORBIDDING = frozenset({"NoSchedule", "NoExecute"})


def wants_node(spec: Object, labels: Mapping[str, str], name: str) -> bool:
    """Whether nodeSelector and the required node affinity accept a node with these labels."""
    selector: Mapping[str, str] = spec.get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    terms = required.get("nodeSelectorTerms") or ()
    return any(_term_matches(term, labels, name) for term in terms)


def _term_matches(term: Object, labels: Mapping[str, str], name: str) -> bool:
    expressions = term.get("matchExpressions") or ()
    fields = term.get("matchFields") or ()
    if not expressions and not fields:
        return False  # an empty term selects no node
    return _all_match(expressions, labels) and _all_match(fields, {"metadata.name": name})


def _all_match(expressions: Iterable[Object], values: Mapping[str, str]) -> bool:
    return all(
        Requirement(
            expression["key"],
            _OPERATORS[expression["operator"]],
            frozenset(expression.get("values") or ()),
        ).matches(values)
        for expression in expressions
    )


def tolerates_all(spec: Object, taints: Sequence[Object]) -> bool:
    """Whether the pod tolerates every taint that keeps pods away."""
    tolerations: Sequence[Object] = spec.get("tolerations") or ()
    return all(
        any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in taints
        if taint.get("effect") in _FORBIDDING
    )


def _tolerates(toleration: Object, taint: Object) -> bool:
    effect, key = toleration.get("effect"), toleration.get("key")
    if effect and effect != taint.get("effect"):
        return False
    if key and key != taint["key"]:
        return False
    own, value = toleration.get("value") or "", taint.get("value") or ""
    match toleration.get("operator") or "Equal":
        case "Exists":
            return True
        case "Gt":
            return _is_number(own) and _is_number(value) and int(value) > int(own)
        case "Lt":
            return _is_number(own) and _is_number(value) and int(value) < int(own)
    return bool(own == value) if key else False


def _is_number(text: str) -> bool:
    return text.lstrip("-").isdigit()
