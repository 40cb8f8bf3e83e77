"""The view of a Pod that the Job controller's decisions read: frozen and cheap to make.

A Job's throughput is bounded by how much is read of each pod event, so the view holds what
every event needs and reads the rest of the object when it is asked.
Source: staging/src/k8s.io/api/core/v1/types.go.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from localjobs.api import timestamps
from localjobs.api.job import (
    COMPLETION_INDEX,
    INDEX_FAILURE_COUNT,
    INDEX_IGNORED_FAILURE_COUNT,
    TRACKING_FINALIZER,
)
from localjobs.api.objects import Object

PENDING: Final = "Pending"
RUNNING: Final = "Running"
SUCCEEDED: Final = "Succeeded"
FAILED: Final = "Failed"
TERMINAL_PHASES: Final = frozenset((SUCCEEDED, FAILED))

_MAX_INT32 = 2**31 - 1


class PodView(NamedTuple):
    """A Pod as decisions see it. (A named tuple: it is made several times per pod.)"""

    object: Object
    uid: str
    name: str
    phase: str
    is_deleting: bool
    is_tracked: bool
    """Whether it carries the finalizer that says: not counted yet."""
    completion_index: int | None
    """None if it has no readable one."""
    is_ready: bool
    restarts: int
    """The restarts of all its containers while it is Pending or Running, else 0."""

    @classmethod
    def of(cls, obj: Object) -> PodView:
        meta, status = obj["metadata"], obj.get("status") or {}
        annotations = meta.get("annotations")
        phase = status.get("phase") or PENDING
        return cls(
            obj,
            meta["uid"],
            meta["name"],
            phase,
            "deletionTimestamp" in meta,
            TRACKING_FINALIZER in (meta.get("finalizers") or ()),
            None if annotations is None else _index(annotations.get(COMPLETION_INDEX)),
            _is_ready(status),
            _restarts(status) if phase in (PENDING, RUNNING) else 0,
        )

    @property
    def is_terminal(self) -> bool:
        return self.phase in TERMINAL_PHASES

    @property
    def is_active(self) -> bool:
        """Not ended, and nobody asked it to (pkg/controller/controller_utils.go, IsPodActive)."""
        return not self.is_deleting and self.phase not in TERMINAL_PHASES

    @property
    def is_terminating(self) -> bool:
        """Asked to end and not there yet (controller_utils.go, IsPodTerminating)."""
        return self.is_deleting and self.phase not in TERMINAL_PHASES

    @property
    def namespace(self) -> str:
        return str(self.object["metadata"].get("namespace") or "")

    @property
    def labels(self) -> Mapping[str, str]:
        return self.object["metadata"].get("labels") or {}

    @property
    def created_at(self) -> float:
        return timestamps.parse(self.object["metadata"]["creationTimestamp"])

    @property
    def ready_since(self) -> float:
        """When it became ready, or stopped being it; its creation if nobody said."""
        for condition in self.conditions:
            if condition["type"] == "Ready" and condition.get("lastTransitionTime"):
                return timestamps.parse(condition["lastTransitionTime"])
        return self.created_at

    @property
    def most_restarts(self) -> int:
        """The restarts of the container that restarted most."""
        return max((each.get("restartCount") or 0 for each in self.container_statuses), default=0)

    @property
    def index_failures(self) -> int:
        """How many failures of its index came before it and counted."""
        return _count(self.object, INDEX_FAILURE_COUNT)

    @property
    def index_ignored_failures(self) -> int:
        """How many failures of its index came before it and were ignored."""
        return _count(self.object, INDEX_IGNORED_FAILURE_COUNT)

    @property
    def conditions(self) -> list[Object]:
        return self._status.get("conditions") or []

    @property
    def container_statuses(self) -> list[Object]:
        return self._status.get("containerStatuses") or []

    @property
    def init_container_statuses(self) -> list[Object]:
        return self._status.get("initContainerStatuses") or []

    @property
    def finished_at(self) -> float:
        """When it ended, as well as can be told.

        In this order: the last container's end if all have ended, the moment it stopped being
        ready, the moment it was asked to end, its creation
        (pkg/controller/job/backoff_utils.go, getFinishedTime).
        """
        return (
            self._containers_finished_at() or self._unready_since() or self._deleted_at()
        ) or self.created_at

    @property
    def _status(self) -> Object:
        return self.object.get("status") or {}

    def _containers_finished_at(self) -> float | None:
        ends: list[float] = []
        for status in (*self.container_statuses, *self._sidecar_statuses()):
            end = ((status.get("state") or {}).get("terminated") or {}).get("finishedAt")
            if not end:
                return None
            ends.append(timestamps.parse(end))
        return max(ends, default=None)

    def _sidecar_statuses(self) -> Iterator[Object]:
        """Restartable init containers outlive the containers they serve."""
        spec = self.object.get("spec") or {}
        sidecars = {
            container["name"]
            for container in spec.get("initContainers") or ()
            if container.get("restartPolicy") == "Always"
        }
        return (each for each in self.init_container_statuses if each.get("name") in sidecars)

    def _unready_since(self) -> float | None:
        for condition in self.conditions:
            if condition.get("type") == "Ready" and condition.get("status") == "False":
                since = condition.get("lastTransitionTime")
                return timestamps.parse(since) if since else None
        return None

    def _deleted_at(self) -> float | None:
        meta = self.object["metadata"]
        if "deletionTimestamp" not in meta:
            return None
        grace: float = meta.get("deletionGracePeriodSeconds") or 0
        return timestamps.parse(meta["deletionTimestamp"]) - grace


def is_counted(obj: Object) -> bool:
    """Whether a pod has ended and lost its tracking finalizer: its Job is done with it."""
    if (obj.get("status") or {}).get("phase") not in TERMINAL_PHASES:
        return False
    return TRACKING_FINALIZER not in (obj["metadata"].get("finalizers") or ())


def _index(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return int(text)


def _is_ready(status: Mapping[str, Any]) -> bool:
    for condition in status.get("conditions") or ():
        if condition["type"] == "Ready":
            return bool(condition["status"] == "True")
    return False


def _restarts(status: Mapping[str, Any]) -> int:
    total = 0
    for member in ("containerStatuses", "initContainerStatuses"):
        for container in status.get(member) or ():
            total += container.get("restartCount") or 0
    return total


def _count(obj: Object, annotation: str) -> int:
    """A counter annotation; what a user scribbled there counts as 0."""
    text = (obj["metadata"].get("annotations") or {}).get(annotation, "0")
    if not text.isascii() or not text.isdigit():
        return 0
    count = int(text)
    return count if count <= _MAX_INT32 else 0
