from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.pod_level_resources import default_pod_resources


def container(**requests: str) -> dict[str, Any]:
    return {"resources": {"requests": requests}}


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, {}),
        ({"requests": {"cpu": "1"}}, {"requests": {"cpu": "1"}}),
        (
            {"limits": {"cpu": "4", "memory": "1Gi"}},
            {"limits": {"cpu": "4", "memory": "1Gi"}, "requests": {"cpu": "3", "memory": "1Gi"}},
        ),
        (
            {"limits": {"cpu": "4"}, "requests": {"cpu": "1"}},
            {"limits": {"cpu": "4"}, "requests": {"cpu": "1"}},
        ),
    ],
)
def test_requests_come_from_the_containers_or_from_the_limits(stated: Any, expected: Any) -> None:
    spec = {"containers": [container(cpu="1"), container(cpu="2000m")], "resources": stated}
    assert default_pod_resources(spec)["resources"] == expected


def test_init_containers_run_before_the_others_and_sidecars_beside_them() -> None:
    sidecar = {**container(cpu="1"), "restartPolicy": "Always"}
    limits = {"limits": {"cpu": "9"}}

    def cpu(*init: Any) -> str:
        spec = {"initContainers": init, "containers": [container(cpu="2")], "resources": limits}
        return str(default_pod_resources(spec)["resources"]["requests"]["cpu"])

    assert cpu() == "2"
    assert cpu(container(cpu="5")) == "5"
    assert cpu(sidecar) == "3"
    assert cpu(sidecar, container(cpu="5")) == "6"
    assert cpu(container(cpu="5"), sidecar) == "5"


def test_huge_pages_of_the_containers_are_limited_for_the_pod() -> None:
    pages = {"resources": {"limits": {"hugepages-2Mi": "4Mi"}}}
    spec = {"containers": [pages, pages], "resources": {"limits": {"cpu": "1"}}}
    resources = default_pod_resources(spec)["resources"]
    assert resources["limits"] == {"cpu": "1", "hugepages-2Mi": "8Mi"}
    assert resources["requests"] == {"cpu": "1", "hugepages-2Mi": "8Mi"}
