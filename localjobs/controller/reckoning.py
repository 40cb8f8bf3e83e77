"""What the pods that ended since the last sync amount to.

A pod counts once: while it carries the tracking finalizer it is not counted yet. For an Indexed
Job it counts only with an index in range. A pod that is asked to end counts as failed at that
moment, unless the Job replaces failed pods only: then once it has failed.
Source: pkg/controller/job/job_controller.go (getNewFinishedPods, isPodFailed),
indexed_job_utils.go (calculateSucceededIndexes, calculateFailedIndexes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from localjobs.api.index_set import IndexSet
from localjobs.api.job import JobSpec
from localjobs.api.job_status import JobStatus
from localjobs.api.pod import FAILED, SUCCEEDED, PodView
from localjobs.controller import pod_failure_policy
from localjobs.controller.pod_failure_policy import FAIL_INDEX, Verdict
from localjobs.controller.tally import Tally

_NONE: Final = IndexSet()


class Failure(Struct, frozen=True):
    """A pod that failed, and what the pod failure policy says about it."""

    pod: PodView
    verdict: Verdict


class Reckoning(Struct, frozen=True):
    """The pods that ended and are not counted yet, and the indexes as they are with them."""

    succeeded: tuple[PodView, ...] = ()
    failures: tuple[Failure, ...] = ()
    fail_job_message: str = ""
    """Why the pod failure policy fails the whole Job; "" if it does not."""
    completed: IndexSet | None = None
    failed: IndexSet | None = None
    newly_failed: tuple[int, ...] = ()
    held: Mapping[int, PodView] | None = None
    """Per index that may be tried again: the failed pod that stays uncounted until it is.

    The counts of the index's failures live on it. None without `backoffLimitPerIndex`.
    """

    @property
    def counted_failures(self) -> int:
        """How many of the failures count towards the back-off limit."""
        return sum(failure.verdict.counts for failure in self.failures)

    def held_at(self, index: int | None) -> PodView | None:
        """The failed pod that is kept for that index."""
        return None if self.held is None or index is None else self.held.get(index)


def is_failed(spec: JobSpec, pod: PodView) -> bool:
    """Whether the pod failed, for a Job of that spec."""
    if pod.phase == FAILED:
        return True
    return pod.is_deleting and pod.phase != SUCCEEDED and not spec.only_replaces_failed


def is_valid(spec: JobSpec, pod: PodView) -> bool:
    """Whether the pod can count at all: an Indexed Job's pod needs an index in range."""
    if not spec.is_indexed:
        return True
    return pod.completion_index is not None and pod.completion_index < (spec.completions or 0)


def reckon(spec: JobSpec, status: JobStatus, tally: Tally) -> Reckoning:
    """Reckon up the uncounted pods of a Job."""
    uncounted = tally.uncounted.values()
    judged = [
        Failure(pod, pod_failure_policy.judge(spec.pod_failure_policy, pod))
        for pod in uncounted
        if is_failed(spec, pod)
    ]
    succeeded = tuple(p for p in uncounted if p.phase == SUCCEEDED and is_valid(spec, p))
    failures = tuple(failure for failure in judged if is_valid(spec, failure.pod))
    message = _fail_job_message(judged)
    if not spec.is_indexed:
        return Reckoning(succeeded, failures, message)
    completed = _with(
        status.completed_indexes or _NONE, (pod.completion_index for pod in succeeded)
    )
    if spec.backoff_limit_per_index is None:
        return Reckoning(succeeded, failures, message, completed)
    before = status.failed_indexes or _NONE
    exhausted = sorted(
        {
            failure.pod.completion_index
            for failure in failures
            if failure.pod.completion_index is not None
            and failure.pod.completion_index not in before
            and _exhausts_index(spec.backoff_limit_per_index, failure)
        }
    )
    failed = _with(before, exhausted)
    held = _held(failures, completed, failed, tally)
    return Reckoning(succeeded, failures, message, completed, failed, tuple(exhausted), held)


def _fail_job_message(failures: Iterable[Failure]) -> str:
    """The message of the pod that failed the Job; of several, the first by end and name."""
    fatal = [failure for failure in failures if failure.verdict.message]
    if not fatal:
        return ""
    first = min(fatal, key=lambda failure: (failure.pod.finished_at, failure.pod.name))
    return first.verdict.message


def _with(present: IndexSet, indexes: Iterable[int | None]) -> IndexSet:
    """The set with these indexes; the very same set if they are all in it."""
    result = present
    for index in indexes:
        if index is not None and index not in result:
            if result is present:
                result = present.copy()
            result.add(index)
    return result


def _exhausts_index(limit: int, failure: Failure) -> bool:
    """Whether the index of this failed pod is not tried again."""
    if failure.verdict.action == FAIL_INDEX:
        return True
    return failure.verdict.counts and failure.pod.index_failures >= limit


def _held(
    failures: Iterable[Failure], completed: IndexSet, failed: IndexSet, tally: Tally
) -> dict[int, PodView]:
    """Per index that waits to be tried again: its last failed pod."""
    held: dict[int, PodView] = {}
    for failure in failures:
        pod, index = failure.pod, failure.pod.completion_index
        if index is None or index in completed or index in failed or tally.has_active(index):
            continue
        if index not in held or _order(held[index]) < _order(pod):
            held[index] = pod
    return held


def _order(pod: PodView) -> tuple[int, float, str]:
    return pod.index_failures + pod.index_ignored_failures, pod.finished_at, pod.name
