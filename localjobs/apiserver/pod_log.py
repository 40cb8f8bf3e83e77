"""The `log` subresource of pods (pkg/registry/core/pod/rest/log.go)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Protocol

from msgspec import Struct
from starlette.types import Receive, Scope, Send

from localjobs.api import field, timestamps
from localjobs.api.field import FieldError, invalid_object
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.apiserver.queries import truth
from localjobs.errors import BadRequest
from localjobs.store.list_options import parse_integer

_LAST_SECOND = 253_402_300_799.0
"""Of the year 9999: later ones cannot be written."""
_POD_LOG_OPTIONS = Resource("", "v1", "", "PodLogOptions", "", "")


class LogOptions(Struct, frozen=True):
    """`v1.PodLogOptions`. Times are seconds since the epoch."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_time: float | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None


class PodLogs(Protocol):
    """Reads the logs of a pod's containers."""

    def open(self, pod: Object, options: LogOptions) -> AsyncIterator[bytes]:
        """The log in pieces. Raises `BadRequest` at once if there is none to read."""


def parse_options(query: Mapping[str, str], now: float, pod: str) -> LogOptions:
    """Read PodLogOptions for the pod of this name from a request's query.

    Raises `BadRequest`, `Invalid`.
    """
    since_seconds, since_time = _integer(query, "sinceSeconds"), query.get("sinceTime")
    options = LogOptions(
        container=query.get("container", ""),
        follow=truth(query.get("follow")),
        previous=truth(query.get("previous")),
        timestamps=truth(query.get("timestamps")),
        since_time=_since(since_seconds, since_time, now),
        tail_lines=_integer(query, "tailLines"),
        limit_bytes=_integer(query, "limitBytes"),
    )
    if errors := _errors(options, since_seconds, since_time):
        raise invalid_object(_POD_LOG_OPTIONS, pod, errors)
    return options


def _since(seconds: int | None, time: str | None, now: float) -> float | None:
    try:
        since = now - seconds if seconds is not None else timestamps.parse(time) if time else None
    except timestamps.TimestampError as error:
        raise BadRequest(str(error)) from error
    return None if since is None else min(max(since, 0.0), _LAST_SECOND)


def _errors(options: LogOptions, seconds: int | None, time: str | None) -> list[FieldError]:
    errors = []
    negative = "must be greater than or equal to 0"
    if options.tail_lines is not None and options.tail_lines < 0:
        errors.append(field.invalid("tailLines", options.tail_lines, negative))
    if options.limit_bytes is not None and options.limit_bytes < 1:
        errors.append(field.invalid("limitBytes", options.limit_bytes, "must be greater than 0"))
    if seconds is not None and time:
        detail = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        errors.append(field.forbidden("", detail))
    elif seconds is not None and seconds < 1:
        errors.append(field.invalid("sinceSeconds", seconds, "must be greater than 0"))
    return errors


def _integer(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    return parse_integer(text) if text else None


class LogStream:
    """An ASGI response that sends a log as plain text until it ends or the client leaves."""

    def __init__(self, pieces: AsyncIterator[bytes], *, is_followed: bool) -> None:
        self._pieces = pieces
        self._is_followed = is_followed
        self._leaving: asyncio.Future[None] | None = None
        self._is_over = False

    def end(self) -> None:
        """Send no more: the server stops."""
        self._is_over = True
        if self._leaving is not None:
            self._leaving.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        copying = asyncio.ensure_future(self._copy(send))
        leaving = self._leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((copying, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            copying.cancel()
            await asyncio.gather(copying, leaving, return_exceptions=True)
            if isinstance(self._pieces, AsyncGenerator):
                await self._pieces.aclose()  # it may hold a file, or listen to the store
        if not copying.cancelled():
            copying.result()
        elif self._is_over:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _copy(self, send: Send) -> None:
        # A log that is followed may be silent for long: the headers do not wait for it.
        first = b"" if self._is_followed else await anext(self._pieces, b"")
        headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-cache, private")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": first, "more_body": True})
        async for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
