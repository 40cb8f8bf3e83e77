"""Watches on the wire: one event after the other, for as long as the client stays.

An event is a line of JSON, a YAML document, or a protobuf message after its length.
"""

import asyncio
import random
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from localjobs.api.objects import Object
from localjobs.api.protobuf_writing import watch_frame
from localjobs.apiserver.answers import Wanted, as_yaml, table, transform_object
from localjobs.apiserver.negotiation import JSON, PROTOBUF, YAML
from localjobs.clock import Clock, Timer
from localjobs.store.list_options import ListOptions
from localjobs.store.watch import Watch, WatchEvent

_encode = msgspec.json.Encoder().encode

BOOKMARK_SECONDS = 20.0
"""How long a watch that wants bookmarks may be silent: some clients give up after 30 s."""
PIECE_BYTES = 32 * 1024
SHORTEST_SECONDS, LONGEST_SECONDS = 1800, 3600
"""A watch that names no timeout ends after a random time between these, as upstream's do."""


class WatchStream:
    """An ASGI response that follows a watch until the client, or its time, is gone."""

    def __init__(self, watch: Watch, wanted: Wanted, options: ListOptions, clock: Clock) -> None:
        self._watch = watch
        self._wanted = wanted
        self._clock = clock
        self._with_columns = True
        self._spoke_at = clock.now()
        self._timers: dict[str, Timer] = {}
        seconds = options.timeout_seconds or random.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
        self._timers["end"] = clock.call_at(clock.now() + seconds, watch.close)
        if options.allow_watch_bookmarks:
            self._await_silence()

    def _await_silence(self) -> None:
        """Look again when the stream could have been silent for long enough."""
        due = self._spoke_at + BOOKMARK_SECONDS
        self._timers["bookmark"] = self._clock.call_at(due, self._break_silence)

    def _break_silence(self) -> None:
        if self._clock.now() >= self._spoke_at + BOOKMARK_SECONDS:
            self._spoke_at = self._clock.now()
            self._watch.bookmark()
        self._await_silence()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the stream."""
        leaving = asyncio.ensure_future(self._close_when_left(receive))
        try:
            await self._follow(send)
        finally:
            leaving.cancel()
            for timer in self._timers.values():
                timer.cancel()
            self._watch.close()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _close_when_left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._watch.close()

    async def _follow(self, send: Send) -> None:
        media_type = self._wanted.representation.media_type
        if media_type == PROTOBUF:
            media_type += ";stream=watch"
        headers = [
            (b"content-type", media_type.encode()),
            (b"cache-control", b"no-cache, private"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        # The headers alone tell the client that it watches from here on.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        async for events in self._watch:
            self._spoke_at = self._clock.now()
            for piece in _pieces(self._frames(events)):
                await send({"type": "http.response.body", "body": piece, "more_body": True})

    def _frames(self, events: Sequence[WatchEvent]) -> Iterable[bytes]:
        representation = self._wanted.representation
        if not representation.form and representation.media_type == JSON:
            return (event.frame for event in events)
        self._wanted = replace(self._wanted, now=self._clock.now())
        return self._transformed(events)

    def _transformed(self, events: Iterable[WatchEvent]) -> Iterable[bytes]:
        frame = _FRAMES[self._wanted.representation.media_type]
        for event in events:
            obj = event.object if event.type == "ERROR" else self._transform(event)
            yield frame(event.type, obj)

    def _transform(self, event: WatchEvent) -> Object:
        resource = self._watch.selection.resource
        if self._wanted.representation.form != "Table":
            return transform_object(resource, event.object, self._wanted)
        columns, self._with_columns = self._with_columns, False
        meta = {"resourceVersion": event.object["metadata"].get("resourceVersion", "")}
        return table(resource, (event.object,), meta, self._wanted, with_columns=columns)


def _line(event_type: str, obj: Object) -> bytes:
    return _encode({"type": event_type, "object": obj}) + b"\n"


def _document(event_type: str, obj: Object) -> bytes:
    return b"---\n" + as_yaml({"type": event_type, "object": obj})


_FRAMES = {JSON: _line, YAML: _document, PROTOBUF: watch_frame}


def _pieces(frames: Iterable[bytes]) -> Iterator[bytes]:
    """The frames, joined into pieces that thousands of slow clients can be owed at once."""
    waiting: list[bytes] = []
    size = 0
    for frame in frames:
        waiting.append(frame)
        size += len(frame)
        if size >= PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
