"""An explanation as JSON, its times as the API writes them."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.apiserver.tables.job import status_of
from localjobs.controller.explanation import Explanation
from localjobs.controller.pod_accounts import PodAccount
from localjobs.controller.retries import Retry


def rendered(job: Object, explained: Explanation, events: Iterable[Object]) -> Object:
    """All there is to say; what is not known is null."""
    return {
        "name": objects.name(job),
        "namespace": objects.namespace(job),
        "uid": objects.uid(job),
        "status": status_of(job),
        "summary": explained.summary,
        "failures": explained.failures,
        "nextRetry": _time(explained.next_retry),
        "formula": explained.formula,
        "retries": [_retry(retry) for retry in explained.retries],
        "notes": list(explained.notes),
        "pods": [_pod(pod) for pod in explained.pods],
        "events": [_event(event) for event in events],
    }


def _retry(retry: Retry) -> Object:
    return {"index": retry.index, "at": timestamps.render(retry.at), "formula": retry.formula}


def _pod(pod: PodAccount) -> Object:
    return {
        "name": pod.name,
        "index": pod.index,
        "phase": pod.phase,
        "ending": pod.ending,
        "meaning": pod.meaning,
        "finishedAt": _time(pod.finished_at),
        "failedContainers": list(pod.containers),
        "restarts": pod.restarts,
        "restartsAt": _time(pod.restarts_at),
        "restartFormula": pod.restart_formula,
    }


def _event(event: Object) -> Object:
    involved = event.get("involvedObject") or {}
    return {
        "lastTimestamp": event.get("lastTimestamp"),
        "type": event.get("type", ""),
        "reason": event.get("reason", ""),
        "object": f"{(involved.get('kind') or '').lower()}/{involved.get('name') or ''}",
        "message": event.get("message", ""),
        "count": event.get("count") or 1,
    }


def _time(at: float | None) -> str | None:
    return None if at is None else timestamps.render(at)
