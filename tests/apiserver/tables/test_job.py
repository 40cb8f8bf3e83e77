import pytest

from localjobs.api.objects import Object
from localjobs.apiserver.tables import job

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def condition(kind: str, status: str = "True") -> Object:
    return {"type": kind, "status": status}


def a_job(*conditions: Object, **changes: Object) -> Object:
    return {"metadata": {"name": "j"}, "spec": {}, "status": {"conditions": conditions}, **changes}


@pytest.mark.parametrize(
    ("conditions", "status"),
    [
        ([], "Running"),
        ([condition("Suspended")], "Suspended"),
        ([condition("Suspended", "False")], "Running"),
        ([condition("SuccessCriteriaMet")], "SuccessCriteriaMet"),
        ([condition("SuccessCriteriaMet"), condition("Complete")], "Complete"),
        ([condition("FailureTarget"), condition("Failed")], "Failed"),
        ([condition("FailureTarget")], "FailureTarget"),
    ],
)
def test_the_status_is_the_most_telling_condition(conditions: list[Object], status: str) -> None:
    assert job.status_of(a_job(*conditions)) == status


def test_a_deleted_job_terminates_unless_it_is_finished() -> None:
    deleting = {"name": "j", "deletionTimestamp": "2023-11-14T22:13:20Z"}
    assert job.status_of(a_job(metadata=deleting)) == "Terminating"
    assert job.status_of(a_job(condition("Failed"), metadata=deleting)) == "Failed"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"completions": 3}, "2/3"),
        ({"parallelism": 1}, "2/1"),
        ({"parallelism": 3}, "2/1 of 3"),
        ({"completions": 0, "parallelism": 3}, "2/0"),
    ],
)
def test_completions_of_a_work_queue_count_to_one(spec: Object, text: str) -> None:
    assert job.completions_of(a_job(spec=spec, status={"succeeded": 2})) == text


def test_the_duration_ends_with_the_completion() -> None:
    status = {"startTime": "2023-11-14T22:12:20Z"}
    assert job.duration_of(a_job(status=status), NOW) == "60s"
    status["completionTime"] = "2023-11-14T22:12:25Z"
    assert job.duration_of(a_job(status=status), NOW) == "5s"
    assert job.duration_of(a_job(), NOW) == ""


def test_selectors_read_as_on_the_command_line() -> None:
    selector = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["y", "x"]},
            {"key": "d", "operator": "DoesNotExist"},
        ],
    }
    assert job.selector_of(selector) == "a=1,b=2,c in (x,y),!d"
