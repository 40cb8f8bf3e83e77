from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from localjobs.api import quantity
from localjobs.api.objects import Object
from localjobs.kubelet.requests import pod_requests
from localjobs.kubelet.scheduler import (
    EMPTY,
    Fits,
    Gated,
    NodeView,
    Occupancy,
    Unschedulable,
    Usage,
    Verdict,
    schedule,
)

ALLOCATABLE = {
    name: quantity.parse(text) for name, text in {"cpu": "4", "memory": "8Gi", "pods": "3"}.items()
}
NODE = NodeView("n1", {"disk": "ssd"}, (), False, ALLOCATABLE)
FINAL = (
    "no new claims to deallocate, preemption: "
    "0/1 nodes are available: 1 Preemption is not helpful for scheduling."
)
NEVER = "no new claims to deallocate, preemption: not eligible due to preemptionPolicy=Never."
LATER = (
    "no new claims to deallocate, preemption: "
    "0/1 nodes are available: 1 No preemption victims found for incoming pod."
)


def pod(cpu: str = "", memory: str = "", **spec: Any) -> Object:
    requests = {k: v for k, v in (("cpu", cpu), ("memory", memory)) if v}
    return {"containers": [{"name": "c", "resources": {"requests": requests}}], **spec}


def verdict(spec: Object, node: NodeView = NODE, usage: Usage = EMPTY) -> Verdict:
    return schedule(spec, pod_requests(spec), node, usage)


def used(cpu: str = "0", pods: int = 1) -> Usage:
    return Usage({"cpu": quantity.parse(cpu)}, pods)


def refused(text: str) -> Unschedulable:
    return Unschedulable(f"0/1 nodes are available: {text}")


def test_what_fits_fits_to_the_last_bit() -> None:
    assert verdict(pod(cpu="4", memory="8Gi")) == Fits()
    assert verdict(pod(cpu="1500m"), usage=used("2500m", pods=2)) == Fits()
    assert verdict(pod(cpu="1500m"), usage=used("2501m")) == refused(f"1 Insufficient cpu. {LATER}")


def test_more_than_the_machine_has_never_fits() -> None:
    assert verdict(pod(cpu="999", memory="9Gi")) == refused(
        f"1 Insufficient cpu, 1 Insufficient memory. {FINAL}"
    )


def test_the_number_of_pods_is_limited() -> None:
    assert verdict(pod(), usage=used(pods=3)) == refused(f"1 Too many pods. {LATER}")


def test_gates_come_before_all_else() -> None:
    assert verdict(pod(cpu="999", schedulingGates=[{"name": "a.b/c"}])) == Gated()


@pytest.mark.parametrize(
    ("spec", "node", "text"),
    [
        (
            pod(cpu="999", nodeSelector={"disk": "hdd"}),
            NODE,
            f"1 node(s) didn't match Pod's node affinity/selector. {FINAL}",
        ),
        (
            pod(),
            replace(NODE, taints=({"key": "k", "effect": "NoSchedule"},)),
            f"1 node(s) had untolerated taint(s). {FINAL}",
        ),
        (pod(), replace(NODE, unschedulable=True), f"1 node(s) were unschedulable. {FINAL}"),
        (
            pod(preemptionPolicy="Never", cpu="5"),
            NODE,
            f"1 Insufficient cpu. {NEVER}",
        ),
    ],
)
def test_the_first_filter_that_refuses_says_why(spec: Object, node: NodeView, text: str) -> None:
    assert verdict(spec, node) == refused(text)


def test_a_port_of_the_machine_is_given_once() -> None:
    spec = pod()
    spec["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 80}]
    occupancy = Occupancy()
    occupancy.add("a", spec)
    assert verdict(spec, usage=occupancy.usage) == refused(
        f"1 node(s) didn't have free ports for the requested pod ports. {LATER}"
    )
    occupancy.remove("a")
    assert verdict(spec, usage=occupancy.usage) == Fits()


def test_a_claim_is_never_found() -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    found = verdict(pod(volumes=volumes))
    assert isinstance(found, Unschedulable)
    assert 'persistentvolumeclaim "data" not found' in found.message


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.booleans()), max_size=30))
def test_occupancy_is_the_sum_of_the_pods_that_are_there(steps: list[tuple[str, bool]]) -> None:
    occupancy, present = Occupancy(), set[str]()
    for uid, comes in steps:
        if comes:
            occupancy.add(uid, pod(cpu="500m"))
            present.add(uid)
        else:
            assert occupancy.remove(uid) is (uid in present)
            present.discard(uid)
        assert occupancy.usage.pods == len(present)
        total = occupancy.usage.amounts.get("cpu", quantity.ZERO)
        assert total.milli_value == 500 * len(present)
