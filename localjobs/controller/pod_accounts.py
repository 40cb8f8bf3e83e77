"""What became of each pod of a Job, and what that meant for the Job. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from localjobs.api import timestamps
from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.api.pod import SUCCEEDED, PodView
from localjobs.controller.pod_failure_policy import FAIL_INDEX, FAIL_JOB, judge
from localjobs.controller.reckoning import is_failed

_ORDINARY: Final = ("", "PodInitializing", "ContainerCreating")
"""Reasons to wait that pass by themselves."""

_BACK_OFF: Final = re.compile(r"back-off (?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)? ")
"""How the kubelet tells a crash loop's delay: a Go duration (kuberuntime_manager.go)."""


class PodAccount(Struct, frozen=True):
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
    restarts: int = 0
    """How often its containers were started again."""
    restarts_at: float | None = None
    """When a container that keeps failing is started again (seconds since the epoch)."""
    restart_formula: str = ""
    is_stuck: bool = False
    """Whether it waits for something that somebody may have to do something about."""


def account(job: JobView, pod: PodView) -> PodAccount:
    """Give account of one pod."""
    ended = pod.is_terminal
    ending, is_stuck = (_ending(pod), False) if ended else _waiting(pod)
    restarts_at, formula = (None, "") if ended else _restart(pod)
    return PodAccount(
        name=pod.name,
        index=pod.completion_index,
        phase="Terminating" if pod.is_terminating else pod.phase,
        ending=ending,
        meaning=_meaning(job, pod) if is_failed(job.spec, pod) else "",
        finished_at=pod.finished_at if ended else None,
        containers=tuple(_unwell(pod)),
        restarts=sum(status.get("restartCount") or 0 for status in _statuses(pod)),
        restarts_at=restarts_at,
        restart_formula=formula,
        is_stuck=is_stuck,
    )


def _statuses(pod: PodView) -> list[Object]:
    return [*pod.init_container_statuses, *pod.container_statuses]


def _terminated(status: Object) -> Object | None:
    found: Object | None = (status.get("state") or {}).get("terminated")
    return found


def _last_terminated(status: Object) -> Object | None:
    found: Object | None = (status.get("lastState") or {}).get("terminated")
    return found


def _unwell(pod: PodView) -> Iterable[str]:
    for status in _statuses(pod):
        ended = _terminated(status) or _last_terminated(status)
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
        parts.append(f"{status['name']}: {_end(ended)}" if several else _end(ended))
    return "; ".join(part.rstrip(": ") for part in parts) or pod.phase


def _end(terminated: Object) -> str:
    text = f"exit code {terminated.get('exitCode', 0)} ({terminated.get('reason', '')})"
    message = (terminated.get("message") or "").strip()
    return f"{text}: {message}" if message else text


def _waiting(pod: PodView) -> tuple[str, bool]:
    """What the pod waits for or does, and whether it may wait for somebody."""
    for condition in pod.conditions:
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            return f"{condition.get('reason', '')}: {condition.get('message', '')}", True
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        reason = waiting.get("reason") or ""
        if reason not in _ORDINARY:
            text = f"{reason}: {waiting.get('message', '')}".rstrip(": ")
            last = _last_terminated(status)
            return (text if last is None else f"{text}; it ended with {_end(last)}"), True
    return ("running" if pod.phase == "Running" else "starting"), False


def _restart(pod: PodView) -> tuple[float | None, str]:
    """When the first of the containers that keep failing is started again, and why then."""
    found: list[tuple[float, str]] = []
    for status in _statuses(pod):
        waiting = (status.get("state") or {}).get("waiting") or {}
        ended = (_last_terminated(status) or {}).get("finishedAt")
        told = _BACK_OFF.match(waiting.get("message") or "")
        if waiting.get("reason") != "CrashLoopBackOff" or told is None or not ended:
            continue
        hours, minutes, seconds = (int(part or 0) for part in told.groups())
        wait = hours * 3600 + minutes * 60 + seconds
        formula = f"{wait} s after container {status['name']} of pod {pod.name} ended at {ended}"
        found.append((timestamps.parse(ended) + wait, formula))
    return min(found, default=(None, ""))


def _meaning(job: JobView, pod: PodView) -> str:
    """Whether the failure counted, by which rule, and what became of its index."""
    policy = job.spec.pod_failure_policy
    verdict = judge(policy, pod)
    if policy is None:
        text = "counted: without a podFailurePolicy every failure counts"
    elif not verdict.action:
        text = "counted: no rule of the podFailurePolicy matches"
    else:
        position = next(at for at in range(len(policy)) if judge(policy[: at + 1], pod).action)
        word = "counted" if verdict.counts else "ignored"
        text = f"{word}: podFailurePolicy rule {position} says {verdict.action}"
    limit, index = job.spec.backoff_limit_per_index, pod.completion_index
    if limit is None or index is None or verdict.action in (FAIL_INDEX, FAIL_JOB):
        return text
    nth = pod.index_failures + verdict.counts
    return f"{text}; failure {nth} of index {index}, which fails at {limit + 1}"
