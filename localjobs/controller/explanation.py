"""Why a Job is as it is: what ended it, or what it waits for, pod by pod.

Pure: read from the Job and those of its pods that are still there, by the rules the controller
itself goes by, so that what is told is what was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from localjobs.api import objects, timestamps
from localjobs.api.job import UNLIMITED_BACKOFF, JobView
from localjobs.api.job_status import FAILURE_TARGET, SUCCESS_CRITERIA_MET
from localjobs.api.objects import Object
from localjobs.api.pod import PodView
from localjobs.controller.finish import deadline
from localjobs.controller.pod_accounts import PodAccount, account
from localjobs.controller.retries import Retry, retries
from localjobs.controller.success_policy import matched_rule
from localjobs.controller.ttl import expires_at
from localjobs.controller.wording import counted


class Explanation(Struct, frozen=True):
    """What there is to say of a Job. Times are seconds since the epoch."""

    summary: str
    pods: tuple[PodAccount, ...]
    failures: str
    """How many failures of how many."""
    next_retry: float | None = None
    formula: str = ""
    """How the time of the next retry comes about."""
    notes: tuple[str, ...] = ()
    """What else keeps it, such as a deadline to come."""
    retries: tuple[Retry, ...] = ()
    """Every back-off that it waits for: one, or one for each index that failed."""


def explain(job: Object, pods: Iterable[Object], now: float) -> Explanation:
    """Explain a Job by its own object and its pods'."""
    view = JobView.of(job)
    seen = sorted((PodView.of(pod) for pod in pods), key=lambda pod: (pod.created_at, pod.name))
    accounts = tuple(account(view, pod) for pod in seen)
    coming = retries(view, seen, now)
    next_retry, formula = _next(view, coming, accounts)
    return Explanation(
        summary(view),
        accounts,
        _failures(view, seen),
        next_retry,
        formula,
        tuple(_notes(view, seen, now)),
        coming,
    )


def summary(job: JobView) -> str:
    """The Job's state in one line, with what decided it."""
    status = job.status
    for type_ in ("Complete", "Failed", "SuccessCriteriaMet", "FailureTarget"):
        condition = status.condition(type_)
        if condition is not None and condition.status == "True":
            return f"{type_}: {condition.reason}: {condition.message}"
    if job.is_deleting:
        return "Terminating: the Job is being deleted"
    if job.spec.suspend:
        return "Suspended: spec.suspend is true; nothing runs until it is false"
    if job.spec.is_managed_elsewhere:
        return f"Managed by {job.spec.managed_by}: localjobs leaves it alone"
    return f"Running: {status.active} active, {status.succeeded} succeeded, {status.failed} failed"


def _failures(job: JobView, pods: Sequence[PodView]) -> str:
    spec, status = job.spec, job.status
    if spec.backoff_limit_per_index is not None:
        failed = len(status.failed_indexes or ())
        limit = "" if spec.max_failed_indexes is None else f" of at most {spec.max_failed_indexes}"
        text = (
            f"{counted(status.failed, 'failed pod')},"
            f" {counted(failed, 'failed index', 'failed indexes')}{limit};"
            f" each index is retried {counted(spec.backoff_limit_per_index, 'time')}"
        )
        if spec.backoff_limit == UNLIMITED_BACKOFF:
            return text
        return f"{text}; in all, backoffLimit allows {counted(spec.backoff_limit, 'failure')}"
    text = f"{counted(status.failed, 'failure')} of {spec.backoff_limit} that backoffLimit allows"
    if spec.restart_policy != "OnFailure" or job.is_finished:
        return text
    restarts = sum(pod.restarts for pod in pods)
    most = max(spec.backoff_limit, 1)
    return f"{text}; containers restarted: {counted(restarts, 'time')}, at {most} the Job fails"


def _next(
    job: JobView, coming: Sequence[Retry], accounts: Iterable[PodAccount]
) -> tuple[float | None, str]:
    """When something is tried next, a pod or a container, and why then."""
    found = [(retry.at, retry.formula) for retry in coming]
    if not job.is_finished:
        found += [
            (account.restarts_at, account.restart_formula)
            for account in accounts
            if account.restarts_at is not None
        ]
    return min(found, default=(None, ""))


def _notes(job: JobView, pods: Sequence[PodView], now: float) -> Iterable[str]:
    yield from _success_policy_note(job)
    if job.is_finished:
        expiry = expires_at(job)
        if expiry is not None:
            yield f"ttlSecondsAfterFinished deletes it {_at(expiry, now)}"
        return
    end = deadline(job.spec, job.status.start_time)
    if end is not None:
        yield f"activeDeadlineSeconds ends it {_at(end, now)}"
    yield from _terminating_notes(job, pods)
    yield from _finalizer_notes(job)


def _at(when: float, now: float) -> str:
    return f"at {timestamps.render(when)}, in {max(when - now, 0):.0f} s"


def _terminating_notes(job: JobView, pods: Sequence[PodView]) -> Iterable[str]:
    terminating = [pod for pod in pods if pod.is_terminating]
    if not terminating:
        return
    text = counted(len(terminating), "pod is terminating", "pods are terminating")
    if job.spec.only_replaces_failed and not job.spec.suspend and not job.is_deleting:
        why = "podFailurePolicy" if job.spec.pod_failure_policy is not None else "Failed"
        because = f"podReplacementPolicy {why}" if why == "Failed" else f"there is a {why}"
        yield f"{text}, replaced only once failed: {because}"
    elif job.status.is_true(FAILURE_TARGET) or job.status.is_true(SUCCESS_CRITERIA_MET):
        yield f"{text}; the Job is finished after that"
    else:
        yield text


def _finalizer_notes(job: JobView) -> Iterable[str]:
    held = objects.finalizers(job.object)
    if job.is_deleting and held:
        yield f"its deletion waits for the finalizers {', '.join(held)}"


def _success_policy_note(job: JobView) -> Iterable[str]:
    """The rule of the success policy that ended the Job, in words."""
    completed = job.status.completed_indexes
    decided = job.status.condition(SUCCESS_CRITERIA_MET)
    if decided is None or decided.reason != "SuccessPolicy" or completed is None:
        return
    position = matched_rule(job.spec.success_policy, completed)
    if position is None:
        return
    rule = job.spec.success_policy[position]
    which = "any" if rule.succeeded_indexes is None else rule.succeeded_indexes.render()
    needed = "all" if rule.succeeded_count is None else str(rule.succeeded_count)
    yield (
        f"successPolicy rule {position} asks for {needed} of the indexes {which};"
        f" {completed.render()} succeeded"
    )
