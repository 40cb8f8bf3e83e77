"""A watch: what happens to a selection of objects, queued for the one client that follows it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from localjobs.api.objects import Object
from localjobs.errors import ApiError
from localjobs.store.refusals import too_old
from localjobs.store.selection import Selection
from localjobs.store.version import Version

MOST_QUEUED = 16_384


class WatchEvent:
    """One event of a watch. `type` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    __slots__ = ("_frame", "_version", "type")

    def __init__(self, type_: str, version: Version) -> None:
        self.type = type_
        self._version = version
        self._frame: bytes | None = None

    @property
    def object(self) -> Object:
        """The object; a `Status` for an ERROR."""
        return self._version.object

    @property
    def body(self) -> bytes:
        """The object's JSON."""
        return self._version.body

    @property
    def frame(self) -> bytes:
        """The event's JSON and a newline, as the wire has it; made once for all watches."""
        if self._frame is None:
            self._frame = b'{"type":"%b","object":%b}\n' % (self.type.encode(), self.body)
        return self._frame


class Watch:
    """One client's watch: `async for events in watch` yields what has happened, in batches.

    It ends when it is closed or, with an ERROR event, when the client falls too far behind.
    `told` gives the version up to which watches have been told; `on_close` is called once.
    """

    def __init__(
        self,
        selection: Selection,
        start: int,
        told: Callable[[], int],
        on_close: Callable[[Watch], None],
    ) -> None:
        self.selection = selection
        self.start = start
        """What happened up to this version is no news."""
        self._told = told
        self._on_close = on_close
        self._queue: deque[WatchEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.is_closed = False

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Sequence[WatchEvent]:
        while not self._queue:
            if self.is_closed:
                raise StopAsyncIteration
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self.take()

    def take(self) -> Sequence[WatchEvent]:
        """What is queued, without waiting."""
        events = tuple(self._queue)
        self._queue.clear()
        return events

    @property
    def resource_version(self) -> int:
        """The version up to which its events are delivered or queued."""
        return max(self.start, self._told())

    def bookmark(self, annotations: dict[str, str] | None = None) -> None:
        """Queue a BOOKMARK: how far a client has come that took everything before it."""
        meta: dict[str, Any] = {"resourceVersion": str(self.resource_version)}
        if annotations:
            meta["annotations"] = annotations
        resource = self.selection.resource
        body = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": meta}
        self.offer((WatchEvent("BOOKMARK", Version(body)),))

    def offer(self, events: Iterable[WatchEvent]) -> None:
        """Queue events; a client too slow for them is told to start again (410)."""
        if self.is_closed:
            return
        self._queue.extend(events)
        if len(self._queue) > MOST_QUEUED:
            self._queue.clear()
            self.fail(too_old(self.start, self.resource_version))
        self._wake()

    def preload(self, events: Iterable[WatchEvent]) -> None:
        """Queue the initial state, however much it is."""
        self._queue.extend(events)

    def fail(self, error: ApiError) -> None:
        """End it with an ERROR event."""
        self._queue.append(WatchEvent("ERROR", Version(error.to_status())))
        self.close()

    def close(self) -> None:
        """End it; what is queued can still be taken."""
        if not self.is_closed:
            self.is_closed = True
            self._on_close(self)
            self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
