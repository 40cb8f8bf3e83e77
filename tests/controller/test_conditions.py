from __future__ import annotations

from localjobs.api.job_status import JobCondition
from localjobs.controller import conditions, suspension
from localjobs.controller.actions import RecordEvent

OTHER = JobCondition("Custom", "True")


def test_a_condition_is_of_the_second_it_is_made_in() -> None:
    made = conditions.failure("R", "m", 12.9)
    assert made == JobCondition("FailureTarget", "True", "R", "m", 12.0, 12.0)
    assert conditions.terminal(made, 20.5) == JobCondition("Failed", "True", "R", "m", 20.0, 20.0)
    assert conditions.terminal(conditions.success("R", "m", 1), 2).type == "Complete"


def test_a_condition_is_added_replaced_or_left() -> None:
    made = conditions.success("R", "m", 1)
    assert conditions.ensured((OTHER,), made) == (OTHER, made)
    assert conditions.ensured((made,), conditions.success("R", "m", 99)) is None
    changed = conditions.success("S", "m", 99)
    assert conditions.ensured((made, OTHER), changed) == (changed, OTHER)


def test_false_is_not_added_to_nothing() -> None:
    assert conditions.ensured((), conditions.condition("Suspended", "R", "m", 1, "False")) is None


def test_suspending_and_resuming() -> None:
    suspended = suspension.turn(True, (OTHER,), 5.5)
    assert suspended is not None
    assert suspended.start_time is None
    assert suspended.event == RecordEvent("Normal", "Suspended", "Job suspended")
    assert suspended.conditions[1] == JobCondition(
        "Suspended", "True", "JobSuspended", "Job suspended", 5.0, 5.0
    )
    assert suspension.turn(True, suspended.conditions, 6) is None
    resumed = suspension.turn(False, suspended.conditions, 9.5)
    assert resumed is not None
    assert (resumed.start_time, resumed.conditions[1].status) == (9.0, "False")
    assert suspension.turn(False, resumed.conditions, 10) is None
    assert suspension.turn(False, (OTHER,), 10) is None
