"""The logs of a pod's containers, chosen and refused as a kubelet does it.

Upstream: pkg/registry/core/pod/strategy.go (LogLocation) for the container, and
pkg/kubelet/kubelet_pods.go (validateContainerLogStatus) for what there is to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from localjobs.clock import Clock
from localjobs.errors import BadRequest
from localjobs.kubelet import directories
from localjobs.kubelet.logs import LogOptions, follow_log, stream_log
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store

_MEMBERS = {
    "initContainers": "initContainerStatuses",
    "containers": "containerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}


class PodLogOptions(Protocol):
    """`v1.PodLogOptions`, read from a request."""

    @property
    def container(self) -> str: ...
    @property
    def follow(self) -> bool: ...
    @property
    def previous(self) -> bool: ...
    @property
    def timestamps(self) -> bool: ...
    @property
    def since_time(self) -> float | None: ...
    @property
    def tail_lines(self) -> int | None: ...
    @property
    def limit_bytes(self) -> int | None: ...


class PodLogFiles:
    """Reads logs below the kubelet's folder `root`; follows pods in the store."""

    def __init__(self, root: str, store: Store, clock: Clock) -> None:
        self._root, self._store, self._clock = root, store, clock

    def open(self, pod: Object, options: PodLogOptions) -> AsyncIterator[bytes]:
        """The log in pieces. Raises `BadRequest` if there is none to read."""
        container = _chosen(pod, options.container)
        attempt = _attempt(pod, container, options.previous)
        path = directories.log_path(self._root, pod, container, attempt)
        wanted = LogOptions(
            tail_lines=options.tail_lines,
            since_time=options.since_time,
            timestamps=options.timestamps,
            limit_bytes=options.limit_bytes,
        )
        if not options.follow or options.previous or not _is_assigned(pod):
            return stream_log(path, wanted)
        return self._follow(pod, container, attempt, path, wanted)

    async def _follow(
        self, pod: Object, container: str, attempt: int, path: str, wanted: LogOptions
    ) -> AsyncIterator[bytes]:
        finished = asyncio.Event()
        stop = self._tell_end(pod, container, attempt, finished)
        try:
            async for piece in follow_log(path, wanted, finished, self._clock):
                yield piece
        finally:
            stop()

    def _tell_end(
        self, pod: Object, container: str, attempt: int, finished: asyncio.Event
    ) -> Callable[[], None]:
        """Set `finished` once this attempt is over; returns what ends the watching."""
        uid = objects.uid(pod)

        def look(changes: Sequence[Change]) -> None:
            for change in changes:
                if change.resource is PODS and objects.uid(change.object) == uid:
                    gone = change.type is ChangeType.DELETED
                    if gone or _is_over(change.object, container, attempt):
                        finished.set()

        unsubscribe = self._store.subscribe(look)
        current = self._store.by_uid(uid)
        if current is None or _is_over(current, container, attempt):
            finished.set()
        return unsubscribe


def _chosen(pod: Object, wanted: str) -> str:
    """The container whose log is asked for. Raises `BadRequest`."""
    spec, name = pod["spec"], objects.name(pod)
    known: dict[str, list[str]] = {
        member: [one["name"] for one in spec.get(member) or ()] for member in reversed(_MEMBERS)
    }
    if wanted:
        if not any(wanted in names for names in known.values()):
            raise BadRequest(f"container {wanted} is not valid for pod {name}")
        return wanted
    containers = known["containers"]
    if len(containers) == 1:
        return containers[0]
    message = (
        f"a container name must be specified for pod {name},"
        f" choose one of: [{' '.join(containers)}]"
    )
    if known["initContainers"]:
        message += f" or one of the init containers: [{' '.join(known['initContainers'])}]"
    raise BadRequest(message)


def _status_of(pod: Object, container: str) -> Object | None:
    status = pod.get("status") or {}
    for member in _MEMBERS.values():
        for one in status.get(member) or ():
            if one["name"] == container:
                found: Object = one
                return found
    return None


def _attempt(pod: Object, container: str, previous: bool) -> int:
    """The number of the attempt to show. Raises `BadRequest` if there is none."""
    if not _is_assigned(pod):
        return 0  # no kubelet is asked: nothing is all there is to read, and to wait for
    name, status = objects.name(pod), _status_of(pod, container)
    if status is None:
        if previous:
            raise _no_previous(container, name)
        raise BadRequest(f'container "{container}" in pod "{name}" is not available')
    restarts: int = status.get("restartCount", 0)
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    if previous:
        if last is None:
            raise _no_previous(container, name)
        # While a restart waits, the count is still that of the attempt that ended.
        return restarts if "waiting" in state and not _has_begun(state) else restarts - 1
    if "running" in state or "terminated" in state:
        return restarts
    if last is not None:
        return restarts
    reason = (state.get("waiting") or {}).get("reason") or ""
    raise BadRequest(f'container "{container}" in pod "{name}" is waiting to start: {reason}')


def _is_assigned(pod: Object) -> bool:
    return bool(pod["spec"].get("nodeName"))


def _has_begun(state: Object) -> bool:
    return "running" in state or "terminated" in state


def _no_previous(container: str, pod: str) -> BadRequest:
    return BadRequest(f'previous terminated container "{container}" in pod "{pod}" not found')


def _is_over(pod: Object, container: str, attempt: int) -> bool:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return True
    status = _status_of(pod, container)
    if status is None:
        return False
    ended = "running" not in (status.get("state") or {})
    return status.get("restartCount", 0) > attempt or (
        ended and _attempt_began(status) and status.get("restartCount", 0) == attempt
    )


def _attempt_began(status: Object) -> bool:
    state, last = status.get("state") or {}, status.get("lastState") or {}
    return "terminated" in state or "terminated" in last
