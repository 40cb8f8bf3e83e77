from __future__ import annotations

from typing import Any

from localjobs.api.index_set import IndexSet
from localjobs.api.job import COMPLETION_INDEX, TRACKING_FINALIZER
from localjobs.api.pod import PodView
from localjobs.controller.tally import Tally


def pod(name: str, index: int | None = None, phase: str = "Running", **flags: Any) -> PodView:
    meta: dict[str, Any] = {"name": name, "uid": name}
    if index is not None:
        meta["annotations"] = {COMPLETION_INDEX: str(index)}
    if flags.get("tracked", True):
        meta["finalizers"] = [TRACKING_FINALIZER]
    if flags.get("deleting"):
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ready = "True" if flags.get("ready") else "False"
    status = {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]}
    return PodView.of({"metadata": meta, "status": status})


def test_a_pod_is_counted_where_it_is() -> None:
    tally = Tally(
        [pod("a", ready=True), pod("b"), pod("c", deleting=True), pod("d", phase="Failed")]
    )
    assert (set(tally.active), tally.ready) == ({"a", "b"}, 1)
    assert set(tally.terminating) == {"c"}
    assert set(tally.uncounted) == {"c", "d"}


def test_a_counted_pod_leaves_no_trace() -> None:
    tally = Tally([pod("a", 0)])
    assert tally.put(pod("a", 0, "Succeeded"))
    assert tally.put(pod("a", 0, "Succeeded", tracked=False))
    assert tally == Tally()
    assert not tally.put(pod("a", 0, "Succeeded", tracked=False)), "no news"
    assert not tally.drop("a")


def test_the_same_object_again_is_no_news() -> None:
    seen = pod("a")
    tally = Tally([seen])
    assert not tally.put(seen)
    assert tally.put(pod("a", ready=True))


def test_the_free_indexes_are_those_nobody_has_or_had() -> None:
    tally = Tally([pod("a", 0), pod("b", 2), pod("c", 4, "Succeeded"), pod("d", 5, "Failed")])
    tally.record(IndexSet([6]), IndexSet([7]), None)
    assert tally.free_indexes(10, 10, ()) == [1, 3, 5, 8, 9]
    assert tally.free_indexes(2, 10, {1}) == [3, 5]
    assert tally.free_indexes(3, 4, ()) == [1, 3]
    tally.record(IndexSet([6]), IndexSet([1, 7]), fresh=[1])
    assert tally.free_indexes(1, 10, ()) == [3]
    tally.drop("a")
    assert tally.free_indexes(1, 10, ()) == [0]


def test_a_completed_index_stays_taken_when_its_pod_is_let_go_of() -> None:
    tally = Tally([pod("a", 0, "Succeeded")])
    tally.record(IndexSet([0]), None, fresh=())
    tally.put(pod("a", 0, "Succeeded", tracked=False))
    assert tally.free_indexes(1, 2, ()) == [1]


def test_misplaced_pods_are_noticed() -> None:
    assert not Tally([pod("a", 0), pod("b", 1)]).has_misplaced(2)
    assert Tally([pod("a", 0), pod("b", 0)]).has_misplaced(2)
    assert Tally([pod("a")]).has_misplaced(2)
    tally = Tally([pod("a", 0), pod("b", 2)])
    assert tally.has_misplaced(2)
    tally.drop("b")
    assert not tally.has_misplaced(2)


def test_a_pod_to_adopt_is_no_pod_of_the_job_yet() -> None:
    tally = Tally([pod("a")])
    tally.put_unclaimed(pod("a"))
    assert (list(tally.unclaimed), tally.active) == (["a"], {})
    tally.put(pod("a"))
    assert (tally.unclaimed, list(tally.active)) == ({}, ["a"])
