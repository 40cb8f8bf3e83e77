"""What suspending and resuming a Job writes.

A suspended Job has no start time: the clock of its deadline starts anew when it is resumed.
Source: pkg/controller/job/job_controller.go, syncJob (and the gate
MutableSchedulingDirectivesForSuspendedJobs, on by default since 1.36).
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from localjobs.api.job_status import SUSPENDED, JobCondition
from localjobs.controller import conditions
from localjobs.controller.actions import NORMAL, RecordEvent


class Turn(Struct, frozen=True):
    """A Job that is suspended now and was not, or the other way round."""

    conditions: tuple[JobCondition, ...]
    start_time: float | None
    event: RecordEvent


def turn(suspend: bool, present: Sequence[JobCondition], now: float) -> Turn | None:
    """What changes if the Job is to be suspended, or not; None if it is as it should be."""
    if not suspend and not any(condition.type == SUSPENDED for condition in present):
        return None  # what was never suspended need not be resumed
    status, verb = ("True", "Suspended") if suspend else ("False", "Resumed")
    message = f"Job {verb.lower()}"
    wanted = conditions.condition(SUSPENDED, f"Job{verb}", message, now, status)
    changed = conditions.ensured(present, wanted)
    if changed is None:
        return None
    event = RecordEvent(NORMAL, verb, message)
    return Turn(changed, None if suspend else wanted.last_transition_time, event)
