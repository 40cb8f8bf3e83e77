"""Watches on the wire: one JSON object per line, for as long as the client stays."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import msgspec
from starlette.types import Receive, Send

from localjobs.api.objects import Object
from localjobs.apiserver.answers import Wanted, table, transform_object
from localjobs.clock import Clock
from localjobs.store.watch import Watch, WatchEvent

_encode = msgspec.json.Encoder().encode

BOOKMARK_SECONDS = 20.0
"""How long a watch that wants bookmarks may be silent: some clients give up after 30 s."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1800, 3600
"""A watch that names no timeout ends after a random time between these, as upstream's do."""


class WatchStream:
    """An ASGI response that follows a watch until the client, or its time, is gone."""

    def __init__(
        self,
        watch: Watch,
        wanted: Wanted,
        clock: Clock,
        *,
        timeout_seconds: int | None,
        bookmarks: bool,
    ) -> None:
        self._watch = watch
        self._wanted = wanted
        self._clock = clock
        self._bookmarks = bookmarks
        self._with_columns = True
        self._seconds = timeout_seconds or random.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)

    async def send_to(self, receive: Receive, send: Send) -> None:
        """Answer with the stream."""
        headers = [
            (b"content-type", b"application/json"),
            (b"cache-control", b"no-cache, private"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            async with asyncio.TaskGroup() as group:
                leaving = group.create_task(self._close_when_left(receive))
                await self._follow(send)
                leaving.cancel()
        finally:
            self._watch.close()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _close_when_left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._watch.close()

    async def _follow(self, send: Send) -> None:
        # The headers alone tell the client that it watches from here on.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        loop = asyncio.get_running_loop()
        end = loop.time() + self._seconds
        while (left := end - loop.time()) > 0:
            silence = min(left, BOOKMARK_SECONDS) if self._bookmarks else left
            try:
                async with asyncio.timeout(silence):
                    events = await anext(self._watch)
            except TimeoutError:
                if self._bookmarks and left > BOOKMARK_SECONDS:
                    self._watch.bookmark()
                continue
            except StopAsyncIteration:
                return
            body = self._frames(events)
            await send({"type": "http.response.body", "body": body, "more_body": True})

    def _frames(self, events: Sequence[WatchEvent]) -> bytes:
        if not self._wanted.representation.form:
            return b"".join([event.frame for event in events])
        self._wanted = replace(self._wanted, now=self._clock.now())
        return b"".join(self._transformed(events))

    def _transformed(self, events: Iterable[WatchEvent]) -> Iterable[bytes]:
        for event in events:
            obj = event.object if event.type == "ERROR" else self._transform(event)
            yield _encode({"type": event.type, "object": obj}) + b"\n"

    def _transform(self, event: WatchEvent) -> Object:
        resource = self._watch.selection.resource
        if self._wanted.representation.form != "Table":
            return transform_object(resource, event.object, self._wanted)
        columns, self._with_columns = self._with_columns, False
        meta = {"resourceVersion": event.object["metadata"].get("resourceVersion", "")}
        return table(resource, (event.object,), meta, self._wanted, with_columns=columns)
