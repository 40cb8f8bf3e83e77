"""A Job's pods as the status file shows them: a row each, or a summary of many.

A Job of 100,000 indexes must not cost more per pod than one of ten, so what is kept here
changes by one step per pod event, and rows are made only of the pods that are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from localjobs.api import objects
from localjobs.api.job import COMPLETION_INDEX
from localjobs.api.objects import Object

MOST_ROWS = 100
"""The most pods that are shown one by one; of more, only the failed ones are."""

LogPath = Callable[[Object], str]
"""Where the log of a pod is."""


@dataclass(slots=True)
class PodCensus:
    """What is known of a Job's pods without looking at them: how many in which phase."""

    phases: Counter[str] = field(default_factory=Counter)
    failed: dict[str, None] = field(default_factory=dict)
    """The uids of the failed pods, in the order of their failing."""

    def changed(self, previous: Object | None, pod: Object | None) -> None:
        """Count a change: None before is a new pod, None after one that is gone."""
        before, after = _phase(previous), _phase(pod)
        if before == after:
            return
        if previous is not None:
            self.phases[before] -= 1
            self.failed.pop(objects.uid(previous), None)
        if pod is not None:
            self.phases[after] += 1
            if after == "Failed":
                self.failed[objects.uid(pod)] = None

    @property
    def total(self) -> int:
        return sum(self.phases.values())

    def summary(self) -> dict[str, int]:
        """`{"total": 5000, "Succeeded": 4990, ...}`, phases without a pod left out."""
        counted = {phase: count for phase, count in sorted(self.phases.items()) if count}
        return {"total": self.total, **counted}


def _phase(pod: Object | None) -> str:
    if pod is None:
        return ""
    return (pod.get("status") or {}).get("phase") or "Pending"


def row(pod: Object, log_path: LogPath) -> dict[str, Any]:
    """One pod: name, index, phase, exit code, reason, times and log; what is not is left out."""
    status: Object = pod.get("status") or {}
    ended = _telling(status)
    rendered = {
        "name": objects.name(pod),
        "index": _index(pod),
        "phase": _phase(pod),
        "exitCode": ended.get("exitCode"),
        "reason": status.get("reason") or ended.get("reason") or _waiting_reason(status),
        "message": status.get("message") or ended.get("message"),
        "restarts": _restarts(status) or None,
        "startTime": status.get("startTime"),
        "finishTime": _finish_time(status),
        "log": log_path(pod),
    }
    return {key: value for key, value in rendered.items() if value not in (None, "")}


def sort_key(pod: Object) -> tuple[int, str, str]:
    """Rows are sorted by index, then by age, then by name."""
    index = _index(pod)
    created = objects.metadata(pod).get("creationTimestamp") or ""
    return (-1 if index is None else index, created, objects.name(pod))


def _index(pod: Object) -> int | None:
    text = objects.annotations(pod).get(COMPLETION_INDEX, "")
    return int(text) if text.isdecimal() else None


def _containers(status: Object) -> list[Object]:
    return [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]


def _states(status: Object, state: str) -> Iterator[Object]:
    for container in _containers(status):
        found = (container.get("state") or {}).get(state)
        if found is not None:
            yield found


def _telling(status: Object) -> Object:
    """The end of the container that tells how the pod ended: the first that failed, or the last."""
    ends = list(_states(status, "terminated"))
    failed = next((end for end in ends if end.get("exitCode")), None)
    return failed or (ends[-1] if ends else {})


def _waiting_reason(status: Object) -> str:
    waiting = (state.get("reason") for state in _states(status, "waiting"))
    return next(filter(None, waiting), "") or _unmet_condition(status.get("conditions") or ())


def _unmet_condition(conditions: Iterable[Object]) -> str:
    unmet = (
        one.get("reason") or ""
        for one in conditions
        if one.get("type") == "PodScheduled" and one.get("status") == "False"
    )
    return next(unmet, "")


def _restarts(status: Object) -> int:
    return sum(container.get("restartCount") or 0 for container in _containers(status))


def _finish_time(status: Object) -> str | None:
    if status.get("phase") not in ("Succeeded", "Failed"):
        return None
    ends = (end.get("finishedAt") for end in _states(status, "terminated"))
    return max(filter(None, ends), default=None)
