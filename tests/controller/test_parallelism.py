from __future__ import annotations

from typing import Any

import pytest

from localjobs.api import timestamps
from localjobs.api.index_set import IndexSet
from localjobs.api.job import COMPLETION_INDEX, INDEX_FAILURE_COUNT, TRACKING_FINALIZER, JobSpec
from localjobs.api.pod import PodView
from localjobs.controller.actions import CreatePod
from localjobs.controller.backoff import NO_BACKOFF, BackoffRecord
from localjobs.controller.parallelism import MAX_PER_SYNC, Adjustment, adjust, wanted_active
from localjobs.controller.reckoning import Reckoning
from localjobs.controller.tally import Tally

NOW = 1_700_000_000.0


def pod(name: str, index: int | None = None, **flags: Any) -> PodView:
    meta: dict[str, Any] = {
        "name": name,
        "uid": name,
        "finalizers": [TRACKING_FINALIZER],
        "creationTimestamp": timestamps.render(NOW + flags.get("created", 0)),
    }
    if index is not None:
        failures = str(flags.get("failures", 0))
        meta["annotations"] = {COMPLETION_INDEX: str(index), INDEX_FAILURE_COUNT: failures}
    since = timestamps.render(NOW + flags.get("ready_since", 0))
    ready = "True" if "ready_since" in flags else "False"
    return PodView.of(
        {
            "metadata": meta,
            "spec": {"nodeName": "n"} if flags.get("bound", True) else {},
            "status": {
                "phase": flags.get("phase", "Running"),
                "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": since}],
                "containerStatuses": [{"name": "c", "restartCount": flags.get("restarts", 0)}],
            },
        }
    )


def adjusted(spec: JobSpec, tally: Tally, reckoning: Reckoning | None = None) -> Adjustment:
    return adjust(spec, tally, reckoning or Reckoning(), 0, NO_BACKOFF, NOW)


@pytest.mark.parametrize(
    ("completions", "parallelism", "succeeded", "active", "wanted"),
    [
        (5, 2, 0, 0, 2),
        (5, 2, 4, 1, 1),
        (5, 2, 6, 1, 0),
        (None, 3, 0, 1, 3),
        (None, 3, 1, 2, 2),
    ],
)
def test_how_many_there_should_be(
    completions: int | None, parallelism: int, succeeded: int, active: int, wanted: int
) -> None:
    spec = JobSpec(completions=completions, parallelism=parallelism)
    assert wanted_active(spec, succeeded, active) == wanted


def test_the_pods_that_got_least_far_go_first() -> None:
    order = [
        pod("unbound", bound=False, phase="Pending"),
        pod("pending", phase="Pending"),
        pod("unready"),
        pod("ready-lately", ready_since=50),
        pod("restarted", ready_since=10, restarts=2),
        pod("young", ready_since=10, created=5),
        pod("old", ready_since=10),
    ]
    tally = Tally(reversed(order))
    for wanted in range(len(order) + 1):
        spec = JobSpec(parallelism=len(order) - wanted, completions=100)
        assert list(adjusted(spec, tally).delete) == order[:wanted]


def test_of_pods_that_got_equally_far_those_with_the_lowest_indexes_go_first() -> None:
    pods = [pod(f"j-{index}", index) for index in (10, 2, 0, 1)]
    spec = JobSpec(parallelism=1, completions=11, completion_mode="Indexed")
    deleted = adjusted(spec, Tally(pods)).delete
    assert [each.completion_index for each in deleted] == [0, 1, 2]


def test_misplaced_pods_are_deleted_whatever_their_number() -> None:
    spec = JobSpec(completion_mode="Indexed", completions=3, parallelism=3)
    tally = Tally([pod("a", 0), pod("b", 0, ready_since=1), pod("c", 3), pod("d"), pod("e", 1)])
    adjustment = adjusted(spec, tally)
    assert {each.name for each in adjustment.delete} == {"a", "c", "d"}
    assert adjustment.create == (), "either deleted or created, never both"


def test_at_most_so_many_at_once_and_the_rest_at_once_after() -> None:
    spec = JobSpec(parallelism=MAX_PER_SYNC + 1, completions=10_000)
    adjustment = adjusted(spec, Tally())
    assert (len(adjustment.create), adjustment.wake_at) == (MAX_PER_SYNC, NOW)
    many = Tally(pod(f"p{number}") for number in range(MAX_PER_SYNC + 3))
    adjustment = adjusted(JobSpec(parallelism=1, completions=9), many)
    assert (len(adjustment.delete), adjustment.wake_at) == (MAX_PER_SYNC, NOW)


def test_terminating_pods_keep_their_place_only_if_failed_ones_are_replaced() -> None:
    leaving = PodView.of(
        {
            "metadata": {
                **pod("a", 0).object["metadata"],
                "deletionTimestamp": timestamps.render(NOW),
            },
            "status": {"phase": "Running"},
        }
    )
    both = JobSpec(completion_mode="Indexed", completions=3, parallelism=2)
    assert adjusted(both, Tally([leaving])).create == (CreatePod(0), CreatePod(1))
    failed = JobSpec(
        completion_mode="Indexed", completions=3, parallelism=2, pod_replacement_policy="Failed"
    )
    assert adjusted(failed, Tally([leaving])).create == (CreatePod(1),)


def test_the_backoff_is_waited_for() -> None:
    backoff, spec = BackoffRecord(1, NOW), JobSpec()
    assert adjust(spec, Tally(), Reckoning(), 0, backoff, NOW + 9.9) == Adjustment(wake_at=NOW + 10)
    assert adjust(spec, Tally(), Reckoning(), 0, backoff, NOW + 10).create == (CreatePod(),)


def test_an_index_that_backs_off_waits_alone_and_keeps_its_place() -> None:
    spec = JobSpec(
        completion_mode="Indexed", completions=4, parallelism=2, backoff_limit_per_index=3
    )
    failed = pod("a", 0, phase="Failed", ready_since=0, failures=1)
    reckoning = Reckoning(completed=IndexSet(), failed=IndexSet(), held={0: failed})
    adjustment = adjusted(spec, Tally([failed]), reckoning)
    assert adjustment == Adjustment((), (CreatePod(1, 0),), NOW + 20)
    later = adjust(spec, Tally([failed]), reckoning, 0, NO_BACKOFF, NOW + 20)
    assert later.create == (CreatePod(0, 2), CreatePod(1, 0))
