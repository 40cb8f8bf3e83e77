"""The order of evaluation, rule by rule."""

from __future__ import annotations

from typing import Any

from localjobs.api.pod import PodView
from localjobs.controller.actions import (
    CreatePod,
    DeleteJob,
    DeletePod,
    RecordEvent,
    RemoveFinalizer,
)
from localjobs.controller.reconcile import reconcile
from localjobs.controller.tally import Tally
from tests.controller.simulator import START, Simulation, job_view

INDEXED = {"completionMode": "Indexed"}
COMPLETED = [("SuccessCriteriaMet", "True", "CompletionsReached")]


def started(spec: dict[str, Any] | None = None) -> Simulation:
    simulation = Simulation(spec)
    simulation.settle()
    for name in simulation.names():
        simulation.start_pod(name)
    simulation.settle()
    return simulation


def test_a_new_job_starts_and_makes_its_pods() -> None:
    plan = reconcile(job_view({"completions": 3, "parallelism": 2}), Tally(), START + 0.7)
    assert plan.actions == (CreatePod(), CreatePod())
    assert plan.status.to_object() == {
        "startTime": "2023-11-14T22:13:20Z",
        "active": 2,
        "terminating": 0,
        "ready": 0,
        "uncountedTerminatedPods": {},
    }
    assert plan.wake_at is None


def test_indexed_pods_take_the_lowest_free_indexes() -> None:
    simulation = started({**INDEXED, "completions": 5, "parallelism": 3})
    assert sorted(simulation.names()) == ["j-0-00000", "j-1-00001", "j-2-00002"]
    simulation.end_pod("j-1-00001", 0)
    simulation.settle()
    assert sorted(simulation.names(active=True)) == ["j-0-00000", "j-2-00002", "j-3-00003"]
    assert simulation.view.object["status"]["completedIndexes"] == "1"


def test_a_job_is_complete_once_its_last_pod_succeeded() -> None:
    simulation = started()
    simulation.end_pod("j-00000", 0)
    plan = simulation.step()
    assert plan is not None
    assert plan.actions == (
        RemoveFinalizer("j-00000", "uid-0"),
        RecordEvent("Normal", "Completed", "Job completed"),
    )
    assert simulation.conditions() == [*COMPLETED, ("Complete", "True", "CompletionsReached")]
    status = simulation.view.object["status"]
    assert status["completionTime"] == status["conditions"][1]["lastTransitionTime"]
    assert status["succeeded"] == 1
    assert "active" not in status


def test_completions_zero_is_complete_at_once() -> None:
    simulation = Simulation({"completions": 0})
    simulation.settle()
    assert simulation.created == 0
    assert simulation.conditions()[-1] == ("Complete", "True", "CompletionsReached")


def test_without_completions_the_first_success_stops_new_pods() -> None:
    simulation = started({"parallelism": 3})
    simulation.end_pod("j-00000", 0)
    simulation.settle()
    assert not simulation.view.is_finished
    simulation.end_pod("j-00001", 1)
    simulation.end_pod("j-00002", 0)
    simulation.settle()
    assert simulation.created == 3
    assert simulation.view.status.succeeded == 2
    assert simulation.conditions()[-1][0] == "Complete"


def test_a_failed_job_deletes_its_pods_and_counts_them() -> None:
    simulation = started({"completions": 3, "parallelism": 3, "backoffLimit": 0})
    simulation.end_pod("j-00001", 1)
    plan = simulation.step()
    assert plan is not None
    assert plan.actions == (
        RemoveFinalizer("j-00001", "uid-1"),
        DeletePod("j-00000", "uid-0"),
        DeletePod("j-00002", "uid-2"),
    )
    assert simulation.conditions() == [("FailureTarget", "True", "BackoffLimitExceeded")]
    assert simulation.view.status.failed == 3
    assert simulation.view.status.terminating == 2
    simulation.settle()
    assert not simulation.view.is_finished, "pods are terminating"
    simulation.end_pod("j-00000", 143)
    simulation.end_pod("j-00002", 143)
    simulation.settle()
    assert simulation.conditions()[1:] == [("Failed", "True", "BackoffLimitExceeded")]
    assert simulation.view.status.failed == 3
    assert simulation.view.status.completion_time is None
    assert simulation.reasons() == ["BackoffLimitExceeded"]
    assert simulation.names() == ["j-00001"]


def test_a_finished_job_changes_no_more() -> None:
    simulation = started()
    simulation.end_pod("j-00000", 0)
    simulation.settle()
    before = simulation.view.status
    simulation.change_spec(parallelism=5, completions=9, suspend=True)
    simulation.settle()
    assert simulation.view.status == before
    assert simulation.created == 1


def test_a_job_that_is_managed_elsewhere_is_left_alone() -> None:
    plan = reconcile(job_view({"managedBy": "acme.io/foo"}), Tally(), START)
    assert (plan.actions, plan.wake_at, plan.status.to_object()) == ((), None, {})
    ours = reconcile(job_view({"managedBy": "kubernetes.io/job-controller"}), Tally(), START)
    assert ours.actions == (CreatePod(),)


def test_an_unknown_completion_mode_is_reported() -> None:
    plan = reconcile(job_view({"completionMode": "Sideways"}), Tally(), START)
    assert [type(action) for action in plan.actions] == [RecordEvent]
    assert plan.status.to_object() == {}


def test_a_deadline_ends_the_job_and_is_waited_for() -> None:
    simulation = started({"activeDeadlineSeconds": 10})
    assert simulation.wake_at == START + 10
    simulation.now = START + 10
    simulation.settle()
    assert simulation.conditions() == [("FailureTarget", "True", "DeadlineExceeded")]
    simulation.end_pod("j-00000", 143)
    simulation.settle()
    assert simulation.conditions()[-1] == ("Failed", "True", "DeadlineExceeded")


def test_a_suspended_job_has_no_pods_no_start_time_and_no_deadline() -> None:
    simulation = started({"parallelism": 2, "completions": 2, "activeDeadlineSeconds": 10})
    simulation.now = START + 5
    simulation.change_spec(suspend=True)
    simulation.settle()
    assert simulation.names(active=True) == []
    assert "startTime" not in simulation.view.object["status"]
    assert not simulation.wake_at
    for name in simulation.names():
        simulation.end_pod(name, 143)
    simulation.settle()
    assert simulation.view.status.failed == 0, "suspending is no failure"
    assert simulation.pods == {}
    simulation.now = START + 100
    simulation.change_spec(suspend=False)
    simulation.settle()
    assert simulation.conditions() == [("Suspended", "False", "JobResumed")]
    assert simulation.view.status.start_time == START + 100
    assert simulation.wake_at == START + 110
    assert simulation.reasons() == ["Suspended", "Resumed"]


def test_restarts_count_against_the_backoff_limit() -> None:
    template = job_view().object["spec"]["template"]
    template = {**template, "spec": {**template["spec"], "restartPolicy": "OnFailure"}}
    for limit, enough in ((0, 1), (1, 1), (3, 3)):
        simulation = started({"backoffLimit": limit, "template": template})
        simulation.restart_container("j-00000", enough - 1)
        simulation.settle()
        assert simulation.conditions() == []
        simulation.restart_container("j-00000", enough)
        simulation.settle()
        assert simulation.conditions() == [("FailureTarget", "True", "BackoffLimitExceeded")]
        assert simulation.view.status.failed == 1


def test_scaling_down_deletes_without_counting() -> None:
    simulation = started({"parallelism": 4, "completions": 4})
    simulation.change_spec(parallelism=1)
    simulation.settle()
    assert len(simulation.names(active=True)) == 1
    assert simulation.view.status.terminating == 3
    for name in simulation.names(active=False):
        simulation.end_pod(name, 143)
    simulation.settle()
    assert simulation.view.status.failed == 0
    assert simulation.created == 4


def test_an_elastic_job_forgets_the_indexes_that_are_out_of_range() -> None:
    simulation = started({**INDEXED, "parallelism": 4, "completions": 4})
    simulation.end_pod("j-3-00003", 0)
    simulation.end_pod("j-0-00000", 0)
    simulation.settle()
    assert simulation.view.object["status"]["completedIndexes"] == "0,3"
    simulation.change_spec(parallelism=2, completions=2)
    simulation.settle()
    assert simulation.view.object["status"]["completedIndexes"] == "0"
    assert simulation.view.status.succeeded == 1
    assert simulation.names(active=True) == ["j-1-00001"]
    simulation.change_spec(parallelism=5, completions=5)
    simulation.settle()
    indexes = sorted(name.split("-")[1] for name in simulation.names(active=True))
    assert indexes == ["1", "2", "3", "4"]


def test_a_deleted_pod_is_a_failure_that_is_replaced_after_the_backoff() -> None:
    simulation = started()
    simulation.delete_pod("j-00000")
    simulation.settle()
    assert (simulation.view.status.failed, simulation.view.status.active) == (1, 0)
    assert simulation.wake_at == START + 10
    simulation.now = START + 10
    simulation.settle()
    assert simulation.names(active=True) == ["j-00001"]


def test_with_the_replacement_policy_failed_a_deleted_pod_is_waited_for() -> None:
    simulation = started({"podReplacementPolicy": "Failed"})
    simulation.delete_pod("j-00000")
    simulation.settle()
    simulation.now = START + 60
    simulation.settle()
    assert (simulation.view.status.failed, simulation.created) == (0, 1)
    assert simulation.view.status.terminating == 1
    simulation.end_pod("j-00000", 143)
    simulation.settle()
    assert simulation.view.status.failed == 1
    simulation.now = START + 70
    simulation.settle()
    assert simulation.created == 2


def test_the_counts_of_an_index_pass_from_pod_to_pod() -> None:
    simulation = started({**INDEXED, "completions": 1, "backoffLimitPerIndex": 1, "parallelism": 1})
    first = simulation.names()[0]
    simulation.end_pod(first, 1)
    simulation.settle()
    assert simulation.pods[first]["metadata"]["finalizers"], "kept until it is replaced"
    assert simulation.view.status.failed == 0
    assert simulation.wake_at == START + 10
    simulation.now = START + 10
    simulation.settle()
    assert "finalizers" not in simulation.pods[first]["metadata"]
    assert simulation.view.status.failed == 1
    second = simulation.names(active=True)[0]
    assert PodView.of(simulation.pods[second]).index_failures == 1
    simulation.end_pod(second, 1)
    simulation.settle()
    assert simulation.view.object["status"]["failedIndexes"] == "0"
    assert simulation.conditions()[-1] == ("Failed", "True", "FailedIndexes")
    assert simulation.view.status.failed == 2


def test_a_job_outlives_its_time_to_live_by_nothing() -> None:
    simulation = started({"ttlSecondsAfterFinished": 30})
    simulation.end_pod("j-00000", 0)
    simulation.settle()
    assert simulation.wake_at == START + 30
    simulation.now = START + 29.9
    assert reconcile(simulation.view, simulation.tally, simulation.now).actions == ()
    plan = reconcile(simulation.view, simulation.tally, START + 30)
    assert plan.actions == (DeleteJob("job-uid"),)


def test_a_job_being_deleted_makes_no_pods_and_lets_go_of_those_it_has() -> None:
    simulation = started({"completions": 3, "parallelism": 2})
    meta = {**simulation.view.object["metadata"], "deletionTimestamp": "2023-11-14T22:13:20Z"}
    simulation.change_job(metadata=meta)
    simulation.end_pod("j-00000", 0)
    plan = simulation.step()
    assert plan is not None
    assert plan.actions == (
        RemoveFinalizer("j-00000", "uid-0"),
        RemoveFinalizer("j-00001", "uid-1"),
    )
    assert simulation.view.status.succeeded == 1
    assert simulation.view.status.failed == 0
