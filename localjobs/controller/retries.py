"""When pods that failed are tried again: the back-offs that a Job is waiting for.

Pure: read from the Job and its pods by the rules that the controller goes by (`backoff`,
`reckoning`), so that what is told is what will be done.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from localjobs.api import timestamps
from localjobs.api.job import JobView
from localjobs.api.pod import SUCCEEDED, PodView
from localjobs.controller.backoff import (
    BASE_SECONDS,
    MAX_SECONDS,
    NO_BACKOFF,
    delay,
    index_backoff_ends_at,
)
from localjobs.controller.parallelism import wanted_active
from localjobs.controller.reckoning import is_failed, is_valid, reckon
from localjobs.controller.tally import Tally


class Retry(Struct, frozen=True):
    """A back-off that has not ended: when it does (seconds since the epoch), and why then."""

    at: float
    formula: str
    index: int | None = None
    """The index that it is for, if each has a back-off of its own."""


def retries(job: JobView, pods: Sequence[PodView], now: float) -> tuple[Retry, ...]:
    """The back-offs that the Job waits for, the one that ends first first.

    Of a Job whose indexes each have a back-off of their own, pods that failed are enough.
    """
    if not _is_going_on(job):
        return ()
    if job.spec.backoff_limit_per_index is not None:
        found = _of_indexes(job, pods)
    else:
        found = _of_job(job, pods)
    coming = (retry for retry in found if retry.at > now)
    return tuple(sorted(coming, key=lambda retry: (retry.at, retry.index or 0)))


def is_short_of_pods(job: JobView) -> bool:
    """Whether fewer pods run than should: only then a back-off keeps the Job waiting."""
    if not _is_going_on(job):
        return False
    status = job.status
    replaced_later = (status.terminating or 0) if job.spec.only_replaces_failed else 0
    wanted = wanted_active(job.spec, status.succeeded, status.active)
    return status.active + replaced_later < wanted


def _is_going_on(job: JobView) -> bool:
    spec, status = job.spec, job.status
    is_decided = status.is_true("SuccessCriteriaMet") or status.is_true("FailureTarget")
    is_over = job.is_finished or is_decided or job.is_deleting
    return not (is_over or spec.suspend or spec.is_managed_elsewhere)


def _of_job(job: JobView, pods: Sequence[PodView]) -> list[Retry]:
    """The one back-off that all pods share: it goes by the failures since the last success."""
    if not is_short_of_pods(job):
        return []
    valid = [pod for pod in pods if is_valid(job.spec, pod)]
    succeeded = [pod for pod in valid if pod.phase == SUCCEEDED]
    failed = [pod for pod in valid if is_failed(job.spec, pod)]
    record = NO_BACKOFF.after(succeeded, failed)
    if record.ends_at is None or record.last_failure is None:
        return []
    return [Retry(record.ends_at, _formula(record.failures, record.last_failure))]


def _of_indexes(job: JobView, pods: Sequence[PodView]) -> list[Retry]:
    """A back-off for each index that failed and may be tried again."""
    held = reckon(job.spec, job.status, Tally(pods)).held or {}
    return [
        Retry(index_backoff_ends_at(pod), _formula(_failures(pod), pod.finished_at), index)
        for index, pod in held.items()
    ]


def _failures(pod: PodView) -> int:
    return pod.index_failures + pod.index_ignored_failures + 1


def _formula(failures: int, last_failure: float) -> str:
    return (
        f"min({BASE_SECONDS:.0f} s x 2^({failures}-1), {MAX_SECONDS:.0f} s) ="
        f" {delay(failures):.0f} s after the last failure at {timestamps.render(last_failure)}"
    )
