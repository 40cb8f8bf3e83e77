"""What a Job's status says, as the controller reads and writes it.

Times are seconds since the epoch, whole ones: an object holds no finer ones.
Source: staging/src/k8s.io/api/batch/v1/types.go, `JobStatus`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from localjobs.api import timestamps
from localjobs.api.index_set import IndexSet
from localjobs.api.objects import Object

COMPLETE: Final = "Complete"
FAILED: Final = "Failed"
SUSPENDED: Final = "Suspended"
SUCCESS_CRITERIA_MET: Final = "SuccessCriteriaMet"
FAILURE_TARGET: Final = "FailureTarget"


class JobCondition(Struct, frozen=True):
    """One entry of `status.conditions`. `status` is "True", "False" or "Unknown"."""

    type: str
    status: str
    reason: str = ""
    message: str = ""
    last_probe_time: float | None = None
    last_transition_time: float | None = None

    @classmethod
    def of(cls, obj: Mapping[str, Any]) -> JobCondition:
        return cls(
            obj.get("type", ""),
            obj.get("status", ""),
            obj.get("reason", ""),
            obj.get("message", ""),
            _time(obj.get("lastProbeTime")),
            _time(obj.get("lastTransitionTime")),
        )

    @property
    def is_true(self) -> bool:
        return self.status == "True"

    def to_object(self) -> Object:
        rendered = {
            "type": self.type,
            "status": self.status,
            "lastProbeTime": _rendered(self.last_probe_time),
            "lastTransitionTime": _rendered(self.last_transition_time),
            "reason": self.reason,
            "message": self.message,
        }
        return {key: value for key, value in rendered.items() if value}


class JobStatus(Struct, frozen=True):
    """`Job.status`. A member that is None is absent; zero counts of pods are left out too.

    `ready`, `terminating` and `tracked` are set by the first sync. `completed_indexes` is absent
    while it is empty, `failed_indexes` only without a limit per index. The index sets are never
    changed once they are here.
    """

    conditions: tuple[JobCondition, ...] = ()
    start_time: float | None = None
    completion_time: float | None = None
    active: int = 0
    succeeded: int = 0
    failed: int = 0
    terminating: int | None = None
    ready: int | None = None
    completed_indexes: IndexSet | None = None
    failed_indexes: IndexSet | None = None
    tracked: bool = False
    """Whether `uncountedTerminatedPods` is there."""

    @classmethod
    def of(cls, obj: Mapping[str, Any], completions: int) -> JobStatus:
        """Read a status; indexes of `completions` and above are left out (they do not count)."""
        completed, failed = obj.get("completedIndexes"), obj.get("failedIndexes")
        return cls(
            conditions=tuple(JobCondition.of(each) for each in obj.get("conditions") or ()),
            start_time=_time(obj.get("startTime")),
            completion_time=_time(obj.get("completionTime")),
            active=obj.get("active") or 0,
            succeeded=obj.get("succeeded") or 0,
            failed=obj.get("failed") or 0,
            terminating=obj.get("terminating"),
            ready=obj.get("ready"),
            completed_indexes=_indexes(completed, completions) or None,
            failed_indexes=_indexes(failed, completions),
            tracked=obj.get("uncountedTerminatedPods") is not None,
        )

    def condition(self, type_: str) -> JobCondition | None:
        """The condition of that type, whatever it says."""
        for condition in self.conditions:
            if condition.type == type_:
                return condition
        return None

    def is_true(self, type_: str) -> bool:
        """Whether the condition of that type is there and True."""
        condition = self.condition(type_)
        return condition is not None and condition.is_true

    @property
    def finish(self) -> JobCondition | None:
        """The Complete or Failed condition that ended the Job; None while it goes on."""
        for condition in self.conditions:
            if condition.is_true and condition.type in (COMPLETE, FAILED):
                return condition
        return None

    def to_object(self) -> Object:
        """Render the status as the API shows it (Go's `omitempty` for counts, not for pointers)."""
        completed, failed = self.completed_indexes, self.failed_indexes
        rendered: Object = {
            "conditions": [each.to_object() for each in self.conditions] or None,
            "startTime": _rendered(self.start_time),
            "completionTime": _rendered(self.completion_time),
            "active": self.active or None,
            "succeeded": self.succeeded or None,
            "failed": self.failed or None,
            "terminating": self.terminating,
            "completedIndexes": None if completed is None else completed.render(),
            "failedIndexes": None if failed is None else failed.render(),
            "uncountedTerminatedPods": {} if self.tracked else None,
            "ready": self.ready,
        }
        return {key: value for key, value in rendered.items() if value is not None}


def _indexes(text: str | None, completions: int) -> IndexSet | None:
    return None if text is None else IndexSet.parse(text).below(completions)


def _time(text: str | None) -> float | None:
    return timestamps.parse(text) if text else None


@lru_cache(maxsize=1024)  # a status is written many times with the same few times in it
def _rendered(seconds: float | None) -> str | None:
    return None if seconds is None else timestamps.render(seconds)
