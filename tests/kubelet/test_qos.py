from typing import Any

import pytest

from localjobs.kubelet.qos import qos_class


def spec(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"containers": [{"resources": r} for r in resources]}


FULL = {"limits": {"cpu": "100m", "memory": "32Mi"}, "requests": {"cpu": "0.1", "memory": "32Mi"}}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (spec({}), "BestEffort"),
        (spec({}, {"limits": {"example.com/gpu": "1"}}), "BestEffort"),
        (spec({"requests": {"cpu": "0"}}), "BestEffort"),
        (spec(FULL), "Guaranteed"),
        (spec({"limits": FULL["limits"]}), "Guaranteed"),
        (spec(FULL, {}), "Burstable"),
        (spec({"limits": {"cpu": "1"}}), "Burstable"),
        (spec({"limits": FULL["limits"], "requests": {"memory": "1Mi"}}), "Burstable"),
        ({**spec({}), "resources": FULL}, "Guaranteed"),
        ({**spec(FULL), "initContainers": [{"resources": {}}]}, "Burstable"),
    ],
)
def test_classes(pod: dict[str, Any], expected: str) -> None:
    assert qos_class(pod) == expected
