from typing import Any

from localjobs.api import quantity
from localjobs.kubelet.requests import pod_requests


def asks(cpu: str, **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu}}, **more}


def cpu_of(**spec: Any) -> str:
    return str(pod_requests(spec).get("cpu", quantity.ZERO))


def test_containers_add_up() -> None:
    assert cpu_of(containers=[asks("1"), asks("500m"), {}]) == "1500m"


def test_a_limit_stands_in_for_a_request() -> None:
    assert cpu_of(containers=[{"resources": {"limits": {"cpu": "2"}}}]) == "2"


def test_the_init_phase_counts_where_it_is_more() -> None:
    assert cpu_of(containers=[asks("1")], initContainers=[asks("3"), asks("2")]) == "3"
    assert cpu_of(containers=[asks("4")], initContainers=[asks("3")]) == "4"


def test_sidecars_count_beside_all_that_comes_after_them() -> None:
    sidecar = asks("1", restartPolicy="Always")
    assert cpu_of(containers=[asks("1")], initContainers=[sidecar, asks("3")]) == "4"
    assert cpu_of(containers=[asks("1")], initContainers=[asks("3"), sidecar]) == "3"
    assert cpu_of(containers=[asks("5")], initContainers=[asks("3"), sidecar]) == "6"


def test_a_request_of_the_whole_pod_and_the_overhead() -> None:
    whole = {"requests": {"cpu": "2"}}
    assert cpu_of(containers=[asks("1")], resources=whole, overhead={"cpu": "250m"}) == "2250m"
