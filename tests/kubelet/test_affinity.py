from typing import Any

import pytest

from localjobs.kubelet.affinity import tolerates_all, wants_node

LABELS = {"kubernetes.io/os": "linux", "cores": "8"}


def affinity(*terms: dict[str, Any]) -> dict[str, Any]:
    required = {"nodeSelectorTerms": list(terms)}
    node = {"requiredDuringSchedulingIgnoredDuringExecution": required}
    return {"affinity": {"nodeAffinity": node}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({}, True),
        ({"nodeSelector": {"kubernetes.io/os": "linux"}}, True),
        ({"nodeSelector": {"disk": "ssd"}}, False),
        (affinity({"matchExpressions": [expression("cores", "Gt", "4")]}), True),
        (affinity({"matchExpressions": [expression("cores", "Lt", "4")]}), False),
        (affinity({"matchExpressions": [expression("disk", "NotIn", "hdd")]}), True),
        (affinity({"matchExpressions": [expression("disk", "Exists")]}), False),
        (affinity({"matchExpressions": [expression("disk", "DoesNotExist")]}), True),
        (affinity({}), False),
        (affinity({}, {"matchFields": [expression("metadata.name", "In", "n1")]}), True),
        (affinity({"matchFields": [expression("metadata.name", "In", "n2")]}), False),
    ],
)
def test_selectors_and_affinity(spec: dict[str, Any], wanted: bool) -> None:
    assert wants_node(spec, LABELS, "n1") is wanted


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        (None, False),
        ({"operator": "Exists"}, True),
        ({"key": "k", "operator": "Exists"}, True),
        ({"key": "k", "value": "v"}, True),
        ({"key": "k", "value": "other"}, False),
        ({"key": "other", "operator": "Exists"}, False),
        ({"key": "k", "value": "v", "effect": "NoExecute"}, False),
        ({"key": "k", "value": "v", "effect": "NoSchedule"}, True),
    ],
)
def test_taints(toleration: dict[str, Any] | None, tolerated: bool) -> None:
    taints = [
        {"key": "k", "value": "v", "effect": "NoSchedule"},
        {"key": "soft", "effect": "PreferNoSchedule"},
    ]
    spec = {"tolerations": [toleration]} if toleration else {}
    assert tolerates_all(spec, taints) is tolerated
