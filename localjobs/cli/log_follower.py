"""Shows the logs of pods as they come, each line with the name of its pod."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.clock import Clock
from localjobs.kubelet import directories
from localjobs.kubelet.logs import LogOptions, follow_log

Write: TypeAlias = Callable[[str, Sequence[bytes]], None]


class LogFollower:
    """Follows every attempt of every container it sees, under the kubelet's folder `root`.

    `write` is called with whole lines, and the name of their pod.
    """

    def __init__(
        self, root: str, clock: Clock, write: Write, options: LogOptions | None = None
    ) -> None:
        self._root, self._clock, self._write = root, clock, write
        self._options = options or LogOptions()
        self._finished: dict[str, asyncio.Event] = {}
        self._tasks: set[asyncio.Future[None]] = set()

    def see(self, pod: Object) -> None:
        """Follow what has started since the pod was last seen."""
        for name, attempt, is_over in _attempts(pod):
            path = directories.log_path(self._root, pod, name, attempt)
            self.follow(path, _source(pod, name), is_over)

    def follow(self, path: str, source: str, is_over: bool) -> None:
        """Follow one log, unless it is followed already; up to its end if it `is_over`."""
        finished = self._finished.get(path)
        if finished is None:
            finished = self._finished[path] = asyncio.Event()
            task = asyncio.ensure_future(self._follow(path, source, finished))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if is_over:
            finished.set()

    async def finish(self) -> None:
        """Return once everything that has ended is shown to its end."""
        for finished in self._finished.values():
            finished.set()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def close(self) -> None:
        """Show no more."""
        for task in self._tasks:
            task.cancel()

    async def _follow(self, path: str, source: str, finished: asyncio.Event) -> None:
        rest = b""
        async for piece in follow_log(path, self._options, finished, self._clock):
            *lines, rest = (rest + piece).split(b"\n")
            if lines:
                self._write(source, lines)
        if rest:
            self._write(source, [rest])


def _source(pod: Object, container: str) -> str:
    """The pod's name, with the container's if there are several."""
    spec = pod["spec"]
    several = len(spec["containers"]) + len(spec.get("initContainers") or ()) > 1
    return f"{objects.name(pod)}/{container}" if several else objects.name(pod)


def _attempts(pod: Object) -> Iterator[tuple[str, int, bool]]:
    """Each attempt of each container that has started: its number, and whether it is over."""
    status = pod.get("status") or {}
    for member in ("initContainerStatuses", "containerStatuses"):
        for one in status.get(member) or ():
            state, restarts = one.get("state") or {}, one.get("restartCount", 0)
            for attempt in range(restarts):
                yield one["name"], attempt, True
            if "terminated" in state or "running" in state:
                yield one["name"], restarts, "terminated" in state
            elif (one.get("lastState") or {}).get("terminated"):
                yield one["name"], restarts, True
