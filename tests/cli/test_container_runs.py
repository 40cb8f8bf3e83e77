from typing import Any

import pytest

from localjobs.api.index_set import IndexSet
from localjobs.api.objects import Object
from localjobs.cli.container_runs import Run, RunCatalog, last_numbers
from localjobs.cli.log_choice import LogChoice


def a_job(restart: str = "Never", *, indexed: bool = False) -> Object:
    mode = "Indexed" if indexed else "NonIndexed"
    template = {"spec": {"restartPolicy": restart, "containers": [{"name": "c"}]}}
    return {
        "metadata": {"name": "j"},
        "spec": {"completions": 9, "completionMode": mode, "template": template},
    }


def a_pod(name: str, phase: str, *statuses: Object, index: int | None = None) -> Object:
    notes = {} if index is None else {"batch.kubernetes.io/job-completion-index": str(index)}
    return {
        "metadata": {"name": name, "annotations": notes},
        "status": {"phase": phase, "containerStatuses": list(statuses)},
    }


def status(restarts: int = 0, last: int | None = None, **state: Any) -> Object:
    before = {} if last is None else {"terminated": {"exitCode": last}}
    return {"name": "c", "restartCount": restarts, "state": state, "lastState": before}


def ended(code: int) -> Object:
    return status(terminated={"exitCode": code})


def shown(run: Run) -> tuple[str, int, int, bool, bool]:
    return run.pod, run.restart, run.number, run.is_over, run.has_failed


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        (status(waiting={"reason": "ContainerCreating"}), []),
        (status(running={}), [(0, False, False)]),
        (status(2, 1, running={}), [(0, True, True), (1, True, True), (2, False, False)]),
        (
            # While a restart is waited for, the count is that of the run that ended.
            status(1, 3, waiting={"reason": "CrashLoopBackOff"}),
            [(0, True, True), (1, True, True)],
        ),
        (ended(0), [(0, True, False)]),
        (ended(1), [(0, True, True)]),
    ],
)
def test_the_runs_of_one_container(
    container: Object, expected: list[tuple[int, bool, bool]]
) -> None:
    runs = RunCatalog(a_job("OnFailure")).see(a_pod("p", "Running", container))
    assert [(run.restart, run.is_over, run.has_failed) for run in runs] == expected


def test_the_pods_of_an_index_are_numbered_together() -> None:
    catalog = RunCatalog(a_job(indexed=True))
    pods = [
        a_pod("a", "Failed", ended(1), index=0),
        a_pod("b", "Failed", ended(1), index=1),
        a_pod("c", "Succeeded", ended(0), index=0),
    ]
    assert [shown(run) for pod in pods for run in catalog.see(pod)] == [
        ("a", 0, 0, True, True),
        ("b", 0, 0, True, True),
        ("c", 0, 1, True, False),
    ]


def test_restarts_count_before_the_next_pod_of_the_index() -> None:
    catalog = RunCatalog(a_job("OnFailure", indexed=True))
    assert len(list(catalog.see(a_pod("a", "Failed", status(2, terminated={}), index=0)))) == 3
    (run,) = catalog.see(a_pod("b", "Running", status(running={}), index=0))
    assert run.number == 3


def test_pods_without_an_index_are_numbered_as_made_if_they_never_restart() -> None:
    never, on_failure = RunCatalog(a_job()), RunCatalog(a_job("OnFailure"))
    pods = [a_pod("a", "Failed", ended(1)), a_pod("b", "Succeeded", ended(0))]
    assert [run.number for pod in pods for run in never.see(pod)] == [0, 1]
    assert [run.number for pod in pods for run in on_failure.see(pod)] == [0, 0]


def test_seeing_a_pod_again_keeps_its_numbers() -> None:
    catalog = RunCatalog(a_job())
    for name in ("a", "b"):
        list(catalog.see(a_pod(name, "Running", status(running={}))))
    (run,) = catalog.see(a_pod("a", "Succeeded", ended(0)))
    assert shown(run) == ("a", 0, 0, True, False)


def test_pods_that_are_gone_are_known_by_their_logs() -> None:
    catalog = RunCatalog(a_job(indexed=True))
    runs = [*catalog.see_logs("j-12-abcde", {"c": 1})]
    runs += catalog.see(a_pod("j-12-xyzzy", "Running", status(running={}), index=12))
    assert [(run.index, run.number, run.is_over) for run in runs] == [
        (12, 0, True),
        (12, 1, True),
        (12, 2, False),
    ]


@pytest.mark.parametrize(
    ("choice", "numbers"),
    [
        (LogChoice(), [0, 1, 2]),
        (LogChoice(attempt="1"), [1]),
        (LogChoice(attempt="last"), [2]),
        (LogChoice(failed=True), [0, 1]),
        (LogChoice(failed=True, attempt="last"), []),
        (LogChoice(container="d"), []),
        (LogChoice(indexes=IndexSet([3])), [0, 1, 2]),
        (LogChoice(indexes=IndexSet([4])), []),
    ],
)
def test_choices(choice: LogChoice, numbers: list[int]) -> None:
    pod = a_pod("p", "Succeeded", status(2, terminated={"exitCode": 0}), index=3)
    runs = list(RunCatalog(a_job("OnFailure", indexed=True)).see(pod))
    last = last_numbers(runs)
    assert [run.number for run in runs if choice.wants(run, last)] == numbers
