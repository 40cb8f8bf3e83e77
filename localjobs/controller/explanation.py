"""Why a Job is as it is: what ended it, or what it waits for, pod by pod.

Pure: read from the Job and those of its pods that are still there, by the rules the controller
itself goes by, so that what is told is what was decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from localjobs.api import timestamps
from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.api.pod import FAILED, SUCCEEDED, PodView
from localjobs.controller.backoff import BASE_SECONDS, MAX_SECONDS, NO_BACKOFF, delay
from localjobs.controller.finish import deadline
from localjobs.controller.pod_failure_policy import judge


@dataclass(frozen=True, slots=True)
class PodAccount:
    """How one pod ended, or what it does, and what that meant for its Job."""

    name: str
    index: int | None
    phase: str
    ending: str
    """`exit code 3 (Error)`; why it waits, for a pod that has not ended."""
    meaning: str
    """The rule that decided about it, and whether the failure counted; "" if none was needed."""
    finished_at: float | None = None
    containers: tuple[str, ...] = ()
    """The containers that did not end well: their logs tell more."""


@dataclass(frozen=True, slots=True)
class Explanation:
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


def explain(job: Object, pods: Iterable[Object], now: float) -> Explanation:
    """Explain a Job by its own object and its pods'."""
    view = JobView.of(job)
    seen = sorted((PodView.of(pod) for pod in pods), key=lambda pod: (pod.created_at, pod.name))
    accounts = tuple(_account(view, pod) for pod in seen)
    retry, formula = (None, "") if view.is_finished else _next_retry(view, seen, now)
    return Explanation(
        summary(view),
        accounts,
        _failures(view),
        retry,
        formula,
        tuple(_notes(view, seen, now)),
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


def _account(job: JobView, pod: PodView) -> PodAccount:
    ended = pod.is_terminal
    return PodAccount(
        pod.name,
        pod.completion_index,
        "Terminating" if pod.is_terminating else pod.phase,
        _ending(pod) if ended else _waiting(pod),
        _meaning(job, pod) if pod.phase == FAILED else "",
        pod.finished_at if ended else None,
        tuple(_unwell(pod)),
    )


def _statuses(pod: PodView) -> list[Object]:
    return [*pod.init_container_statuses, *pod.container_statuses]


def _terminated(status: Object) -> Object | None:
    found: Object | None = (status.get("state") or {}).get("terminated")
    return found


def _unwell(pod: PodView) -> Iterable[str]:
    for status in _statuses(pod):
        ended = _terminated(status) or (status.get("lastState") or {}).get("terminated")
        if ended is not None and ended.get("exitCode"):
            yield status["name"]


def _ending(pod: PodView) -> str:
    own = pod.object.get("status") or {}
    parts = [f"{own['reason']}: {own.get('message', '')}"] if own.get("reason") else []
    several = len(_statuses(pod)) > 1
    for status in _statuses(pod):
        ended = _terminated(status)
        if ended is None or (several and not ended.get("exitCode") and pod.phase != SUCCEEDED):
            continue
        text = f"exit code {ended.get('exitCode', 0)} ({ended.get('reason', '')})"
        parts.append(f"{status['name']}: {text}" if several else text)
    return "; ".join(part.rstrip(": ") for part in parts) or pod.phase


def _waiting(pod: PodView) -> str:
    for condition in pod.conditions:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason', '')}: {condition.get('message', '')}"
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "", "PodInitializing"):
            return f"{waiting['reason']}: {waiting.get('message', '')}".rstrip(": ")
    return "running" if pod.phase == "Running" else "starting"


def _meaning(job: JobView, pod: PodView) -> str:
    policy = job.spec.pod_failure_policy
    if policy is None:
        return "counted: without a podFailurePolicy every failure counts"
    verdict = judge(policy, pod)
    if not verdict.action:
        return "counted: no rule of the podFailurePolicy matches"
    position = next(at for at in range(len(policy)) if judge(policy[: at + 1], pod).action)
    word = "counted" if verdict.counts else "ignored"
    return f"{word}: podFailurePolicy rule {position} says {verdict.action}"


def _failures(job: JobView) -> str:
    spec, status = job.spec, job.status
    if spec.backoff_limit_per_index is not None:
        failed = len(status.failed_indexes or ())
        limit = f" of at most {spec.max_failed_indexes}" if spec.max_failed_indexes else ""
        return (
            f"{status.failed} failed pods, {failed} failed indexes{limit};"
            f" each index may fail {spec.backoff_limit_per_index} times"
        )
    return f"{status.failed} failures of {spec.backoff_limit} that backoffLimit allows"


def _next_retry(job: JobView, pods: Sequence[PodView], now: float) -> tuple[float | None, str]:
    """When the next pod may be made, if a back-off is what it waits for."""
    spec = job.spec
    if spec.suspend or spec.backoff_limit_per_index is not None or job.status.active:
        return None, ""
    ended = [pod for pod in pods if pod.is_terminal]
    counted = [
        pod for pod in ended if pod.phase == FAILED and judge(spec.pod_failure_policy, pod).counts
    ]
    record = NO_BACKOFF.after([pod for pod in ended if pod.phase == SUCCEEDED], counted)
    if record.ends_at is None or record.last_failure is None or record.ends_at <= now:
        return None, ""
    wait = delay(record.failures)
    formula = (
        f"min({BASE_SECONDS:.0f} s x 2^({record.failures}-1), {MAX_SECONDS:.0f} s) ="
        f" {wait:.0f} s after the last failure at {timestamps.render(record.last_failure)}"
    )
    return record.ends_at, formula


def _notes(job: JobView, pods: Sequence[PodView], now: float) -> Iterable[str]:
    if job.is_finished:
        return
    end = deadline(job.spec, job.status.start_time)
    if end is not None:
        yield (
            f"activeDeadlineSeconds ends it at {timestamps.render(end)},"
            f" in {max(end - now, 0):.0f} s"
        )
    terminating = sum(pod.is_terminating for pod in pods)
    if terminating:
        replaced = "are replaced once they have failed" if job.spec.only_replaces_failed else ""
        yield f"{terminating} pods are terminating {replaced}".rstrip()
