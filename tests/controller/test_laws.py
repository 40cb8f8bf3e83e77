"""What holds of every Job, whatever its spec and whatever happens to its pods."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api import objects
from localjobs.api.pod import PodView
from localjobs.controller.actions import CreatePod, DeleteJob, DeletePod
from localjobs.controller.reconcile import reconcile
from localjobs.controller.tally import Tally
from tests.controller.simulator import Simulation
from tests.controller.strategies import STEPS, specs

Step = tuple[str, int, int]
Spec = dict[str, Any]

laws = settings(max_examples=100, deadline=None)


def take(simulation: Simulation, step: Step) -> None:
    """One thing that happens to the Job or one of its pods."""
    verb, number, exit_code = step
    if verb == "wait":
        simulation.now += number * 7 + 0.5
    elif verb == "suspend":
        simulation.change_spec(suspend=number % 2 == 0)
    elif verb == "scale":
        simulation.change_spec(parallelism=number % 5)
    elif names := sorted(simulation.names()):
        _happen(simulation, names[number % len(names)], verb, exit_code)


def _happen(simulation: Simulation, name: str, verb: str, exit_code: int) -> None:
    pod = simulation.pods[name]
    view = PodView.of(pod)
    if verb == "start" and view.phase == "Pending" and not view.is_deleting:
        simulation.start_pod(name)
    elif verb == "end" and not view.is_terminal:
        simulation.end_pod(name, exit_code)
    elif verb == "delete":
        simulation.delete_pod(name)
    elif verb == "vanish" and view.is_terminal and not objects.finalizers(pod):
        del simulation.pods[name]
        simulation.tally.drop(view.uid)


def recount(simulation: Simulation) -> Tally:
    """The tally as it comes out of looking at every pod there is, in another order."""
    pods = [PodView.of(pod) for pod in simulation.pods.values()]
    random.Random(4).shuffle(pods)
    tally = Tally(pods)
    status = simulation.view.status
    tally.record(status.completed_indexes, status.failed_indexes, None)
    tally.backoff = simulation.tally.backoff
    return tally


def settled_history(spec: Spec, steps: list[Step]) -> Simulation:
    simulation = Simulation(spec)
    simulation.settle()
    for step in steps:
        take(simulation, step)
        simulation.settle()
    return simulation


@laws
@given(specs(), STEPS)
def test_the_fold_of_the_events_is_the_count_of_the_pods(spec: Spec, steps: list[Step]) -> None:
    simulation = Simulation(spec)
    simulation.settle()
    for step in steps:
        take(simulation, step)
        assert simulation.tally == recount(simulation)
        simulation.settle()
        assert simulation.tally == recount(simulation)


@laws
@given(specs(), STEPS)
def test_the_order_of_pods_is_irrelevant(spec: Spec, steps: list[Step]) -> None:
    simulation = Simulation(spec)
    simulation.settle()
    for step in steps:
        take(simulation, step)
        one = reconcile(simulation.view, simulation.tally, simulation.now)
        other = reconcile(simulation.view, recount(simulation), simulation.now)
        assert one.status == other.status
        assert set(one.actions) == set(other.actions)
        assert (one.wake_at, one.backoff) == (other.wake_at, other.backoff)
        simulation.settle()


@laws
@given(specs(), STEPS)
def test_a_plan_that_was_applied_leaves_nothing_to_do(spec: Spec, steps: list[Step]) -> None:
    simulation = settled_history(spec, steps)
    plan = reconcile(simulation.view, simulation.tally, simulation.now)
    if not simulation.is_job_gone:
        assert plan.actions == ()
        assert plan.status == simulation.view.status


@laws
@given(specs(), STEPS)
def test_one_plan_is_enough_unless_it_deletes(spec: Spec, steps: list[Step]) -> None:
    """The loop relies on it: what it wrote itself is no reason to look again."""
    simulation = Simulation(spec)
    for step in steps:
        take(simulation, step)
        plan = simulation.step()
        if plan is None or simulation.is_job_gone:
            return
        if not any(isinstance(action, DeletePod) for action in plan.actions):
            again = reconcile(simulation.view, simulation.tally, simulation.now)
            ttl_is_over = any(isinstance(action, DeleteJob) for action in again.actions)
            assert again.actions == () or (ttl_is_over and plan.wake_at is not None)
            assert again.status == simulation.view.status


@laws
@given(specs(), STEPS)
def test_active_never_exceeds_parallelism(spec: Spec, steps: list[Step]) -> None:
    simulation = Simulation(spec)
    simulation.settle()
    for step in [("start", 0, 0), *steps]:
        take(simulation, step)
        simulation.settle()
        status, limit = simulation.view.status, simulation.view.spec.parallelism
        assert status.active == len(simulation.names(active=True))
        if simulation.view.spec.completions is None and status.succeeded:
            continue  # what runs may finish by itself
        assert status.active <= limit


@laws
@given(specs(), STEPS)
def test_nothing_is_created_when_suspended_finished_or_deleting(
    spec: Spec, steps: list[Step]
) -> None:
    simulation = Simulation(spec)
    simulation.settle()
    for step in steps:
        take(simulation, step)
        view, tally, now = simulation.view, simulation.tally, simulation.now
        plan = reconcile(view, tally, now)
        creates = any(isinstance(action, CreatePod) for action in plan.actions)
        assert not (creates and (view.spec.suspend or view.is_finished))
        assert not (creates and plan.status.is_true("FailureTarget"))
        assert not (creates and plan.status.is_true("SuccessCriteriaMet"))
        meta = {**view.object["metadata"], "deletionTimestamp": "2023-11-14T22:13:20Z"}
        deleting = type(view).of({**view.object, "metadata": meta}, view)
        actions = reconcile(deleting, tally, now).actions
        assert not any(isinstance(action, CreatePod) for action in actions)
        simulation.settle()


@laws
@given(specs(), STEPS, STEPS)
def test_finished_is_absorbing(spec: Spec, steps: list[Step], later: list[Step]) -> None:
    simulation = settled_history(spec, steps)
    if simulation.view.is_finished:
        status, created = simulation.view.status, simulation.created
        for step in later:
            take(simulation, step)
            simulation.settle()
        assert simulation.view.status == status
        assert simulation.created == created


@laws
@given(specs(), STEPS)
def test_what_is_waited_for_schedules_a_wake_up(spec: Spec, steps: list[Step]) -> None:
    """A Job that lacks pods, has a deadline or a time to live wakes in time by itself."""
    simulation = settled_history(spec, steps)
    view, status = simulation.view, simulation.view.status
    if simulation.is_job_gone:
        return
    wake_at = simulation.wake_at
    assert wake_at is None or wake_at > simulation.now
    if view.is_finished:
        assert (wake_at is None) == (view.spec.ttl_seconds_after_finished is None)
    elif status.is_true("FailureTarget") or status.is_true("SuccessCriteriaMet"):
        assert status.terminating, "or it would have finished"
    elif view.spec.active_deadline_seconds is not None and not view.spec.suspend:
        assert status.start_time is not None
        assert wake_at is not None
        assert wake_at <= status.start_time + view.spec.active_deadline_seconds
    elif not (view.spec.suspend or view.spec.parallelism == 0 or simulation.names(active=True)):
        assert wake_at is not None or status.terminating


@laws
@given(specs(), STEPS, st.integers(0, 2**32))
def test_a_simulated_run_always_ends(spec: Spec, steps: list[Step], seed: int) -> None:
    simulation = settled_history(spec, steps)
    simulation.change_spec(suspend=False, parallelism=max(1, simulation.view.spec.parallelism))
    choose = random.Random(seed)
    for _ in range(200):
        simulation.settle()
        if simulation.view.is_finished or simulation.is_job_gone:
            return
        running = [n for n in sorted(simulation.names()) if _runs(simulation, n)]
        if running:
            simulation.now += 1
            simulation.end_pod(choose.choice(running), choose.choice([0, 0, 1, 42]))
        else:
            assert simulation.wake_at is not None, "nothing runs, and nobody will look again"
            simulation.now = simulation.wake_at
    raise AssertionError(f"the Job does not end: {simulation.view.status}")


def _runs(simulation: Simulation, name: str) -> bool:
    return not PodView.of(simulation.pods[name]).is_terminal


@laws
@given(specs(), STEPS)
def test_the_terminal_condition_follows_the_interim_one(spec: Spec, steps: list[Step]) -> None:
    simulation = settled_history(spec, steps)
    types = [condition.type for condition in simulation.view.status.conditions]
    for interim, terminal in (("SuccessCriteriaMet", "Complete"), ("FailureTarget", "Failed")):
        if terminal in types:
            assert types.index(interim) < types.index(terminal)
            status = simulation.view.status
            assert (status.active, status.terminating) == (0, 0)
    assert len(set(types)) == len(types)
    assert not {"Complete", "Failed"} <= set(types)
