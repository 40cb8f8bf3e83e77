from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.qos import qos_class

FULL = {"cpu": "1", "memory": "1Gi"}


def spec(*resources: Any, **more: Any) -> dict[str, Any]:
    return {"containers": [{"resources": one} for one in resources], **more}


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (spec({}), "BestEffort"),
        (spec({"requests": {"cpu": "0"}}), "BestEffort"),
        (spec({"requests": {"acme.io/gpu": "1"}}), "BestEffort"),
        (spec({"requests": {"cpu": "1"}}), "Burstable"),
        (spec({"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}), "Burstable"),
        (spec({"limits": FULL, "requests": FULL}), "Guaranteed"),
        (spec({"limits": FULL, "requests": {"cpu": "1000m", "memory": "1024Mi"}}), "Guaranteed"),
        (spec({"limits": FULL, "requests": {**FULL, "cpu": "500m"}}), "Burstable"),
        (spec({"limits": FULL, "requests": FULL}, {}), "Burstable"),
        (
            spec({"limits": FULL, "requests": FULL}, initContainers=[{"resources": {}}]),
            "Burstable",
        ),
        (spec({}, resources={"limits": FULL, "requests": FULL}), "Guaranteed"),
    ],
)
def test_the_class_follows_from_requests_and_limits(pod: Any, expected: str) -> None:
    assert qos_class(pod) == expected
