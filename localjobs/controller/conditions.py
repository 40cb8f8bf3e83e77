"""The conditions of a Job's status: what ends it, and whether it is suspended.

An end comes in two steps: an interim condition (SuccessCriteriaMet or FailureTarget) says
that it is decided, the terminal one (Complete or Failed, same reason and message) that nothing
of the Job runs any more. Source: pkg/controller/job/job_controller.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from localjobs.api.job_status import (
    COMPLETE,
    FAILED,
    FAILURE_TARGET,
    SUCCESS_CRITERIA_MET,
    JobCondition,
)

TERMINAL: Final = {SUCCESS_CRITERIA_MET: COMPLETE, FAILURE_TARGET: FAILED}
"""Which terminal condition each interim one announces."""


def condition(
    type_: str, reason: str, message: str, now: float, status: str = "True"
) -> JobCondition:
    """A condition that is new at `now`."""
    second = float(int(now))
    return JobCondition(type_, status, reason, message, second, second)


def failure(reason: str, message: str, now: float) -> JobCondition:
    """The decision that the Job failed."""
    return condition(FAILURE_TARGET, reason, message, now)


def success(reason: str, message: str, now: float) -> JobCondition:
    """The decision that the Job succeeded."""
    return condition(SUCCESS_CRITERIA_MET, reason, message, now)


def terminal(interim: JobCondition, now: float) -> JobCondition:
    """The terminal condition that `interim` announced."""
    return condition(TERMINAL[interim.type], interim.reason, interim.message, now)


def ensured(
    conditions: Sequence[JobCondition], wanted: JobCondition
) -> tuple[JobCondition, ...] | None:
    """The conditions with `wanted` among them; None if that changes nothing.

    One that says False is not added to nothing: only what was True can stop being it.
    """
    for position, present in enumerate(conditions):
        if present.type != wanted.type:
            continue
        if _says(present) == _says(wanted):
            return None
        return (*conditions[:position], wanted, *conditions[position + 1 :])
    return None if wanted.status == "False" else (*conditions, wanted)


def _says(present: JobCondition) -> tuple[str, str, str]:
    return present.status, present.reason, present.message
