"""What must not happen before a pod's status is committed, and waits for it.

A container is started only once the status that its start follows from is durable; the runtime
forgets an end only once the status that tells of it is.
"""

from __future__ import annotations

from localjobs.api.objects import Object
from localjobs.kubelet.runtime import Runtime, Start


class CommitGate:
    """Holds starts and forgets of one pod until the pod's last write is committed."""

    __slots__ = ("_committed", "_forgets", "_is_removing", "_starts", "_written")

    def __init__(self, version: int, committed: int) -> None:
        """`version` is the pod's resourceVersion, `committed` the last one of all that is."""
        self._written, self._committed = version, min(version, committed)
        self._is_removing = False
        self._starts: list[Start] = []
        self._forgets: list[str] = []

    @property
    def held(self) -> int:
        """How many starts wait that the runtime has not heard of."""
        return len(self._starts)

    def start(self, start: Start) -> None:
        """Start this once the gate opens."""
        self._starts.append(start)

    def forget(self, container_id: str) -> None:
        """Forget this once the gate opens."""
        self._forgets.append(container_id)

    def drop_starts(self, kept: int = 0) -> frozenset[str]:
        """Drop the starts that wait, but for the first `kept` of them; the ids of the dropped."""
        dropped = frozenset(start.container_id for start in self._starts[kept:])
        del self._starts[kept:]
        return dropped

    def wrote(self, version: int | None) -> None:
        """The pod was written, and has this version; None if that took it out of the store."""
        if version is None:
            self._is_removing = True
        else:
            self._written = max(self._written, version)

    def committed(self, version: int) -> bool:
        """The pod is durable at this version; whether somebody else wrote it."""
        self._committed = version
        return version > self._written

    def removed(self) -> None:
        """The pod's removal is durable."""
        self._committed, self._is_removing = self._written, False

    def open(self, runtime: Runtime) -> bool:
        """Do what waits, if all that was written is committed; whether it is."""
        if self._is_removing or self._committed < self._written:
            return False
        starts, self._starts = self._starts, []
        for start in starts:
            runtime.start(start)
        forgets, self._forgets = self._forgets, []
        for container_id in forgets:
            runtime.forget(container_id)
        return True


def is_like(pod: Object, known: Object) -> bool:
    """Whether nothing differs that matters here: the finalizer of a pod that was counted does not.

    Versions share what is the same in them.
    """
    deleted, was_deleted = (
        (
            one["metadata"].get("deletionTimestamp"),
            one["metadata"].get("deletionGracePeriodSeconds"),
        )
        for one in (pod, known)
    )
    return (
        pod["spec"] is known["spec"]
        and pod.get("status") is known.get("status")
        and (deleted == was_deleted)
    )
