"""What the Job controller does, as data: a plan is a status, actions and a wake-up.

`loop.JobController` is the one performer of these.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from msgspec import Struct

from localjobs.api.job_status import JobStatus
from localjobs.controller.backoff import NO_BACKOFF, BackoffRecord

NORMAL: Final = "Normal"
WARNING: Final = "Warning"


class CreatePod(Struct, frozen=True):
    """Make a pod from the template; the performer chooses its name and says so in an event.

    `index` is its completion index, None for a Job without indexes. `index_failures` is None
    unless the Job counts failures per index.
    """

    index: int | None = None
    index_failures: int | None = None
    index_ignored_failures: int = 0


class DeletePod(Struct, frozen=True):
    """Take the pod's tracking finalizer, ask it to end within its grace period, say so."""

    name: str
    uid: str


class RemoveFinalizer(Struct, frozen=True):
    """Take the tracking finalizer: this pod is counted, or never will be."""

    name: str
    uid: str


class AdoptPod(Struct, frozen=True):
    """Make the Job the pod's controller and track it."""

    name: str
    uid: str


class ReleasePod(Struct, frozen=True):
    """Give up the pod: no owner reference to the Job, no tracking finalizer."""

    name: str
    uid: str


class RecordEvent(Struct, frozen=True):
    """Record an event about the Job."""

    type: str
    reason: str
    message: str


class DeleteJob(Struct, frozen=True):
    """Delete the Job in the foreground, if it is still this one: its time to live is over."""

    uid: str


Action: TypeAlias = (
    CreatePod | DeletePod | RemoveFinalizer | AdoptPod | ReleasePod | RecordEvent | DeleteJob
)


class Plan(Struct, frozen=True):
    """What to write, what to do, and when to look again whatever happens until then."""

    status: JobStatus
    actions: tuple[Action, ...] = ()
    wake_at: float | None = None
    backoff: BackoffRecord = NO_BACKOFF
    """The Job's back-off record from now on."""
    failed_indexes: tuple[int, ...] = ()
    """The indexes that fail for good with this plan: no pod is made for them any more."""


def earliest(*times: float | None) -> float | None:
    """The first of these times; None if there is none."""
    return min((time for time in times if time is not None), default=None)
