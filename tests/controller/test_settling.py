"""Pods that end together are counted together wherever it makes a difference."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from localjobs.api import objects, timestamps
from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.api.pod import PodView
from localjobs.api.resources import PODS
from localjobs.controller.settling import (
    LONGEST_SECONDS,
    QUIET_SECONDS,
    counted_at,
    is_end_within_reach,
)
from localjobs.controller.tally import Tally
from tests.controller.simulator import Simulation
from tests.controller.strategies import EXIT_CODES, specs
from tests.controller.test_loop import job
from tests.controller.world import World

INDEXED = {"completionMode": "Indexed", "completions": 5, "parallelism": 5}
FAIL_JOB = {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}]}
IGNORE = {"rules": [{"action": "Ignore", "onExitCodes": {"operator": "In", "values": [42]}}]}
FEW = {"successPolicy": {"rules": [{"succeededCount": 2}]}}


def started(spec: dict[str, Any]) -> Simulation:
    """A Job of which every pod runs."""
    simulation = Simulation(spec)
    simulation.settle()
    for name in simulation.names():
        simulation.start_pod(name)
    simulation.settle()
    return simulation


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (INDEXED, False),
        (INDEXED | FEW, True),
        (INDEXED | FEW | {"suspend": True}, False),
        (INDEXED | {"podFailurePolicy": FAIL_JOB}, True),
        (INDEXED | {"podFailurePolicy": IGNORE}, False),
        (INDEXED | {"backoffLimitPerIndex": 0}, False),
        (INDEXED | {"backoffLimitPerIndex": 0, "maxFailedIndexes": 4}, True),
        (INDEXED | {"backoffLimitPerIndex": 0, "maxFailedIndexes": 5}, False),
        (INDEXED | {"backoffLimit": 4}, True),
        (INDEXED | {"backoffLimit": 5}, False),
        ({"completions": 9, "parallelism": 8}, False),
        ({"completions": 1, "backoffLimit": 0}, False),
    ],
)
def test_pods_wait_for_each_other_only_if_they_could_end_the_job_early(
    spec: dict[str, Any], expected: bool
) -> None:
    simulation = started(spec)
    if names := simulation.names():
        simulation.end_pod(names[0], 0)
    assert is_end_within_reach(simulation.view, simulation.tally) is expected


def test_at_the_default_limit_only_failures_wait() -> None:
    simulation = started({"completions": 20, "parallelism": 8})
    one, other, *_ = simulation.names()
    simulation.end_pod(one, 0)
    assert not is_end_within_reach(simulation.view, simulation.tally)
    simulation.end_pod(other, 1)
    assert is_end_within_reach(simulation.view, simulation.tally)


def test_nothing_waits_once_the_end_is_decided() -> None:
    simulation = started(INDEXED | FEW)
    for name in simulation.names()[:2]:
        simulation.end_pod(name, 0)
    simulation.step()
    assert simulation.view.status.is_true("SuccessCriteriaMet")
    tally = Tally([PodView.of(pod) for pod in started(INDEXED).pods.values()])
    assert not is_end_within_reach(simulation.view, tally)


def test_what_is_counted_waits_for_quiet_but_no_longer_than_upstream() -> None:
    assert counted_at(10.0, 10.0) == 10.0 + QUIET_SECONDS
    assert counted_at(10.0, 10.5) == 10.5 + QUIET_SECONDS
    assert counted_at(10.0, 10.99) == 10.0 + LONGEST_SECONDS


# The loop


def end(world: World, pod: Object, exit_code: int) -> None:
    """Let a pod end; the turn goes on."""
    at = timestamps.render(world.clock.now())
    state = {"terminated": {"exitCode": exit_code, "finishedAt": at}}
    phase = "Failed" if exit_code else "Succeeded"
    statuses = [{"name": "c", "restartCount": 0, "state": state}]
    status = {**pod["status"], "phase": phase, "containerStatuses": statuses}
    world.registry.put(PODS, objects.with_status(pod, status))


def outcome(world: World) -> Any:
    """What became of a Job, without times and random names."""
    status = {key: value for key, value in world.status().items() if not key.endswith("Time")}
    types = [(each["type"], each["reason"]) for each in status.pop("conditions", [])]
    events = sorted((event["reason"], event.get("count", 1)) for event in world.events())
    return status, types, events, len(world.pods_seen)


def test_pods_that_succeed_together_are_all_counted() -> None:
    world = World(with_kubelet=False)
    world.create_job(job(spec=INDEXED | FEW))
    for pod in world.pods()[:4]:
        end(world, pod, 0)
        world.advance(0.05)
    assert "succeeded" not in world.status()
    world.advance(QUIET_SECONDS)
    assert world.status()["succeeded"] == 4
    assert world.is_finished()


def test_the_last_end_is_counted_at_once() -> None:
    world = World(with_kubelet=False)
    world.create_job(job(spec=INDEXED | FEW))
    for pod in world.pods():
        end(world, pod, 0)
        world.advance(0)
    assert world.status()["succeeded"] == 5
    assert world.is_finished()


def test_a_job_that_is_never_quiet_is_counted_as_upstream_counts() -> None:
    world = World(with_kubelet=False)
    world.create_job(job(spec=INDEXED | {"podFailurePolicy": FAIL_JOB}))
    pods = world.pods()
    end(world, pods[0], 0)
    for turn in range(19):
        pod = world.store.by_uid(objects.uid(pods[1]))
        assert pod is not None
        world.registry.put(PODS, objects.with_metadata(pod, annotations={"turn": str(turn)}))
        world.advance(0.05)
    assert "succeeded" not in world.status()
    world.advance(0.05)
    assert world.status()["succeeded"] == 1


def test_a_change_of_the_job_does_not_wait() -> None:
    world = World(with_kubelet=False)
    world.create_job(job(spec=INDEXED | {"podFailurePolicy": FAIL_JOB}))
    end(world, world.pods()[0], 0)
    world.change_spec(suspend=True)
    assert (world.status()["succeeded"], world.status().get("active", 0)) == (1, 0)


def test_a_deadline_does_not_wait() -> None:
    world = World(with_kubelet=False)
    world.create_job(job(spec=INDEXED | FEW | {"activeDeadlineSeconds": 1}))
    due = max(each.when for each in world.clock._timers if not each.cancelled)
    world.advance(due - world.clock.now() - 0.05)
    end(world, world.pods()[0], 0)
    world.advance(0.06)
    assert world.status()["conditions"][0]["reason"] == "DeadlineExceeded"
    assert world.status()["succeeded"] == 1


@settings(max_examples=60, deadline=None)
@given(specs(), st.lists(EXIT_CODES, min_size=4, max_size=4), st.permutations(range(4)))
def test_in_which_order_pods_end_together_makes_no_difference(
    spec: dict[str, Any], codes: list[int], order: list[int]
) -> None:
    """The law: one by one within the window is as all in one turn."""
    together, apart = World(with_kubelet=False), World(with_kubelet=False)
    left_out = ("template", "selector", "suspend", "ttlSecondsAfterFinished")
    plain = {key: value for key, value in spec.items() if key not in left_out}
    for world in (together, apart):
        world.create_job(job(spec=plain))
    created = together.job()
    assert created is not None
    active = Tally([PodView.of(pod) for pod in together.pods()])
    assume(is_end_within_reach(JobView.of(created), active))
    for world, gap in ((together, 0.0), (apart, 0.02)):
        pods = world.pods()
        assert len(pods) <= len(order)
        for position in order if gap else range(4):
            if position < len(pods):
                end(world, pods[position], codes[position])
                if gap:
                    world.advance(gap)
        world.advance(QUIET_SECONDS)
    assert outcome(apart) == outcome(together)
