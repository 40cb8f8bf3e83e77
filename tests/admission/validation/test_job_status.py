from typing import Any

import pytest

from localjobs.admission.validation.job import validate_job_status_update
from localjobs.api.objects import Object
from tests.admission.validation.written import job, stored, texts

START, END = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"


def conditions(*types: str) -> list[Object]:
    return [{"type": one, "status": "True"} for one in types]


COMPLETE = {
    "startTime": START,
    "completionTime": END,
    "conditions": conditions("SuccessCriteriaMet", "Complete"),
}
FAILED = {"startTime": START, "conditions": conditions("FailureTarget", "Failed")}


def errors_of(new: Object, old: Object | None = None, **spec: Any) -> list[str]:
    built = stored(job(**spec))
    before = {**built, "status": old or {}}
    found = texts(validate_job_status_update({**built, "status": new}, before))
    return [text.removeprefix("status.") for text in found]


@pytest.mark.parametrize(
    "status", [COMPLETE, FAILED, {"active": 2, "ready": 1, "startTime": START}]
)
def test_statuses_that_a_controller_writes(status: Object) -> None:
    assert errors_of(status) == []
    assert errors_of(status, status) == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"active": -1}, ["active: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"terminating": -1},
            ["terminating: Invalid value: -1: must be greater than or equal to 0"],
        ),
        (
            {"uncountedTerminatedPods": {"succeeded": ["", "a"], "failed": ["a"]}},
            [
                'uncountedTerminatedPods.succeeded[0]: Invalid value: "": must not be empty',
                'uncountedTerminatedPods.failed[0]: Duplicate value: "a"',
            ],
        ),
        ({"ready": 1}, ["ready: Invalid value: 1: cannot set more ready pods than active"]),
        (
            {"completionTime": END},
            [
                (
                    f'completionTime: Invalid value: "{END}": cannot set completionTime when there '
                    "is "
                    "no Complete=True condition"
                )
            ],
        ),
        (
            {**COMPLETE, "startTime": "2026-01-01T00:02:00Z"},
            [
                (
                    f'completionTime: Invalid value: "{END}": completionTime cannot be set before '
                    "startTime"
                )
            ],
        ),
        (
            {"startTime": START, "conditions": conditions("Complete")},
            [
                "completionTime: Required value: completionTime is required for Complete jobs",
                (
                    "conditions: Invalid value: cannot set Complete=True condition without the "
                    "SuccessCriteriaMet=true condition"
                ),
            ],
        ),
        (
            {"startTime": START, "conditions": conditions("Failed")},
            [
                (
                    "conditions: Invalid value: cannot set Failed=True condition without the "
                    "FailureTarget=true condition"
                )
            ],
        ),
        (
            {**COMPLETE, "conditions": conditions("SuccessCriteriaMet", "Complete", "Failed")},
            [
                "conditions: Invalid value: cannot set Complete=True and Failed=true conditions",
                (
                    "conditions: Invalid value: cannot set Failed=True condition without the "
                    "FailureTarget=true condition"
                ),
                (
                    "conditions: Invalid value: cannot set SuccessCriteriaMet=True and Failed=true "
                    "conditions"
                ),
            ],
        ),
        (
            {
                **COMPLETE,
                "conditions": conditions("SuccessCriteriaMet", "Complete", "FailureTarget"),
            },
            [
                (
                    "conditions: Invalid value: cannot set Complete=True and FailureTarget=true "
                    "conditions"
                ),
                (
                    "conditions: Invalid value: cannot set SuccessCriteriaMet=True and "
                    "FailureTarget=true conditions"
                ),
            ],
        ),
        (
            {**FAILED, "active": 1, "terminating": 1},
            [
                "active: Invalid value: 1: active>0 is invalid for finished job",
                "terminating: Invalid value: 1: terminating>0 is invalid for finished job",
            ],
        ),
        (
            {"conditions": FAILED["conditions"], "uncountedTerminatedPods": {"failed": ["a"]}},
            [
                "startTime: Required value: startTime is required for finished job",
                (
                    'uncountedTerminatedPods: Invalid value: {"Succeeded":null,"Failed":["a"]}: '
                    "must "
                    "be empty for finished job"
                ),
            ],
        ),
        (
            {"completedIndexes": "0"},
            [
                (
                    'completedIndexes: Invalid value: "0": cannot set non-empty completedIndexes '
                    "when "
                    "non-indexed completion mode"
                )
            ],
        ),
        (
            {"failedIndexes": ""},
            [
                (
                    'failedIndexes: Invalid value: "": cannot set non-null failedIndexes when '
                    "backoffLimitPerIndex is null"
                )
            ],
        ),
    ],
)
def test_a_status_by_itself(status: Object, expected: list[str]) -> None:
    assert errors_of(status) == expected


def test_indexes_are_well_formed_and_do_not_overlap() -> None:
    indexed: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": 5,
        "backoffLimitPerIndex": 1,
    }
    assert errors_of({"completedIndexes": "0-2", "failedIndexes": "3"}, **indexed) == []
    found = errors_of({"completedIndexes": "9,0-2", "failedIndexes": "2-3,x"}, **indexed)
    assert found == [
        (
            'completedIndexes: Invalid value: "9,0-2": error parsing completedIndexes: too large '
            'index: "9"'
        ),
        (
            'failedIndexes: Invalid value: "2-3,x": error parsing failedIndexes: cannot convert '
            'string to integer for index: "x"'
        ),
        (
            'failedIndexes: Invalid value: "2-3,x": failedIndexes and completedIndexes overlap at '
            "index: 2"
        ),
    ]


def test_rules_are_put_to_what_changes() -> None:
    broken = {**FAILED, "active": 1}
    assert errors_of({**broken, "failed": 1}, broken) == []


def test_what_lasts() -> None:
    assert errors_of({}, COMPLETE) == [
        "conditions: Invalid value: cannot disable the terminal Complete=True condition",
        "startTime: Invalid value: null: field is immutable for unsuspended job once set",
        "conditions: Invalid value: cannot disable the SuccessCriteriaMet=True condition",
    ]
    later = "2026-01-01T00:02:00Z"
    assert errors_of({**COMPLETE, "completionTime": later}, COMPLETE) == [
        f'completionTime: Invalid value: "{later}": field is immutable'
    ]
    bare = {**COMPLETE, "conditions": conditions("Complete")}
    assert errors_of(COMPLETE, bare) == [
        (
            "conditions: Invalid value: cannot set SuccessCriteriaMet=True for Job already has "
            "Complete=true conditions"
        )
    ]


def test_counters_grow_unless_the_job_is_elastic() -> None:
    fewer, more = {"failed": 1, "succeeded": 1}, {"failed": 2, "succeeded": 2}
    failed = "failed: Invalid value: 1: cannot decrease the failed counter"
    assert errors_of(fewer, more) == [
        failed,
        "succeeded: Invalid value: 1: cannot decrease the succeeded counter",
    ]
    elastic = {"completionMode": "Indexed", "completions": 2, "parallelism": 2}
    assert errors_of(fewer, more, **elastic) == [failed]


def test_a_job_starts_anew_when_it_is_resumed() -> None:
    old = {"startTime": START, "conditions": conditions("Suspended")}
    resumed = {"startTime": END, "conditions": [{"type": "Suspended", "status": "False"}]}
    assert errors_of(resumed, old) == []
    assert errors_of({}, {"startTime": START}, suspend=True) == []


def test_a_success_policy_is_met_before_the_job_is_complete() -> None:
    spec: Object = {
        "completionMode": "Indexed",
        "completions": 1,
        "successPolicy": {"rules": [{"succeededCount": 1}]},
    }
    found = errors_of({**COMPLETE, "conditions": conditions("Complete")}, **spec)
    assert found[-1] == (
        "conditions: Invalid value: cannot set Complete=True for Job with SuccessPolicy unless "
        "SuccessCriteriaMet=True"
    )


def test_a_suspended_job_without_work_need_not_have_started() -> None:
    status = {"completionTime": END, "conditions": COMPLETE["conditions"]}
    assert errors_of(status, suspend=True, completions=0) == []
