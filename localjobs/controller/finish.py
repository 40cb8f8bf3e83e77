"""Whether a Job's end is decided, and how.

What was decided stays decided; then, in this order: a pod failure policy that fails the Job,
the back-off limit, the active deadline, the limits on failed indexes, a success policy.
Source: pkg/controller/job/job_controller.go, syncJob.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from localjobs.api.job import JobSpec
from localjobs.api.job_status import (
    FAILURE_TARGET,
    SUCCESS_CRITERIA_MET,
    JobCondition,
    JobStatus,
)
from localjobs.controller import conditions
from localjobs.controller.reckoning import Reckoning
from localjobs.controller.success_policy import matched_rule
from localjobs.controller.tally import Tally


class Situation(Struct, frozen=True):
    """What the decision is made of. `start_time` is the status's, or now for a Job that starts."""

    spec: JobSpec
    status: JobStatus
    tally: Tally
    reckoning: Reckoning
    start_time: float | None
    now: float


def decided(situation: Situation) -> JobCondition | None:
    """The interim condition that says how the Job ends; None if it goes on."""
    status = situation.status
    for type_ in (SUCCESS_CRITERIA_MET, FAILURE_TARGET):
        if status.is_true(type_):
            return status.condition(type_)
    for rule in _RULES:
        if (condition := rule(situation)) is not None:
            return condition
    return None


def deadline(spec: JobSpec, start_time: float | None) -> float | None:
    """When the Job has been active for too long; None if it may take its time, or is suspended."""
    if spec.active_deadline_seconds is None or start_time is None or spec.suspend:
        return None
    return start_time + spec.active_deadline_seconds


def completed(spec: JobSpec, succeeded: int, active: int, now: float) -> JobCondition | None:
    """The condition that says that there were enough successes, and nothing runs any more.

    Without `completions` one success is enough: the pods themselves say when the work is done.
    """
    enough = succeeded > 0 if spec.completions is None else succeeded >= spec.completions
    if not enough or active > 0:
        return None
    return conditions.success(
        "CompletionsReached", "Reached expected number of succeeded pods", now
    )


def _pod_failure_policy(situation: Situation) -> JobCondition | None:
    message = situation.reckoning.fail_job_message
    return conditions.failure("PodFailurePolicy", message, situation.now) if message else None


def _backoff_limit(situation: Situation) -> JobCondition | None:
    failures = situation.status.failed + situation.reckoning.counted_failures
    limit = situation.spec.backoff_limit
    if failures <= limit and not _has_restarted_too_often(situation):
        return None
    return conditions.failure(
        "BackoffLimitExceeded", "Job has reached the specified backoff limit", situation.now
    )


def _has_restarted_too_often(situation: Situation) -> bool:
    """Pods that restart their containers fail by their restarts, the limit's last one included."""
    if situation.spec.restart_policy != "OnFailure":
        return False
    return situation.tally.restarts >= max(situation.spec.backoff_limit, 1)


def _active_deadline(situation: Situation) -> JobCondition | None:
    end = deadline(situation.spec, situation.start_time)
    if end is None or situation.now < end:
        return None
    return conditions.failure(
        "DeadlineExceeded", "Job was active longer than specified deadline", situation.now
    )


def _failed_indexes(situation: Situation) -> JobCondition | None:
    failed, completed_indexes = situation.reckoning.failed, situation.reckoning.completed
    if failed is None or completed_indexes is None:
        return None
    limit = situation.spec.max_failed_indexes
    if limit is not None and len(failed) > limit:
        return conditions.failure(
            "MaxFailedIndexesExceeded",
            "Job has exceeded the specified maximal number of failed indexes",
            situation.now,
        )
    done = len(failed) + len(completed_indexes) >= (situation.spec.completions or 0)
    if failed and done:
        return conditions.failure("FailedIndexes", "Job has failed indexes", situation.now)
    return None


def _success_policy(situation: Situation) -> JobCondition | None:
    completed_indexes = situation.reckoning.completed
    if not situation.spec.success_policy or completed_indexes is None:
        return None
    rule = matched_rule(situation.spec.success_policy, completed_indexes)
    if rule is None:
        return None
    return conditions.success("SuccessPolicy", f"Matched rules at index {rule}", situation.now)


_RULES: Final[tuple[Callable[[Situation], JobCondition | None], ...]] = (
    _pod_failure_policy,
    _backoff_limit,
    _active_deadline,
    _failed_indexes,
    _success_policy,
)
