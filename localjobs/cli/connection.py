"""A client of the daemon's API on the standard library alone, so that a verb starts fast."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from urllib.parse import urlencode

import click

from localjobs.api.objects import Object
from localjobs.cli.served import NotServed, Served, not_served

ANSWER_SECONDS = 60.0
_JSON = "application/json"
_GONE = (OSError, http.client.HTTPException)
"""What is raised when the daemon is not there any more, or somebody else is."""


class Refusal(click.ClickException):
    """The API answered with an error, whose `code` and `reason` are its Status's."""

    def __init__(self, message: str, code: int, reason: str) -> None:
        super().__init__(message)
        self.code, self.reason = code, reason

    @property
    def is_expired(self) -> bool:
        """Whether a watch must begin anew: what it would go on from is forgotten."""
        return self.code == http.client.GONE


class Connection:
    """Sends requests one after the other; each watch gets a connection of its own.

    Raises `NotServed` if the daemon is gone, `Refusal` for what it refuses.
    """

    def __init__(self, served: Served) -> None:
        self.served = served
        self._context = ssl.create_default_context(cadata=served.authority)
        self._http = self._open(ANSWER_SECONDS)
        self._daemon_minus_own: float | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def now(self) -> float:
        """The daemon's time, to the second, in seconds since the epoch.

        Ages are told by the clock that set the times they are told of. Known after an answer.
        """
        assert self._daemon_minus_own is not None, "nothing was asked yet"
        return time.monotonic() + self._daemon_minus_own

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        """GET an object or a list."""
        return self.send("GET", path, query=query)

    def send(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        content_type: str = _JSON,
        query: Mapping[str, str] | None = None,
    ) -> Object:
        """One request; returns what it is answered with."""
        headers = self._headers() | ({"Content-Type": content_type} if body is not None else {})
        data = None if body is None else json.dumps(body).encode()
        try:
            self._http.request(method, _target(path, query), data, headers)
            response = self._http.getresponse()
            answer = response.read()
        except _GONE as error:
            self._http.close()
            raise self._lost(error) from error
        return self._understood(response, answer)

    def watch(
        self, path: str, resource_version: str, query: Mapping[str, str] | None = None
    ) -> Iterator[tuple[str, Object]]:
        """What happens from that version on: ADDED, MODIFIED or DELETED, and the object.

        Goes on when the server ends a watch, which it does now and then.
        """
        while True:
            asked = {
                **(query or {}),
                "watch": "true",
                "allowWatchBookmarks": "true",
                "resourceVersion": resource_version,
            }
            for event in self._one_watch(path, asked):
                kind, obj = event["type"], event["object"]
                if kind == "ERROR":
                    raise _refusal(obj)
                resource_version = obj["metadata"]["resourceVersion"]
                if kind != "BOOKMARK":
                    yield kind, obj

    def _one_watch(self, path: str, query: Mapping[str, str]) -> Iterator[Object]:
        connection = self._open(None)
        try:
            connection.request("GET", _target(path, query), headers=self._headers())
            response = connection.getresponse()
            if response.status != http.client.OK:
                self._understood(response, response.read())
            while line := response.readline():
                event: Object = json.loads(line)
                yield event
        except http.client.IncompleteRead:
            return  # the daemon died: whether another is there, the next request tells
        except _GONE as error:
            raise self._lost(error) from error
        finally:
            connection.close()

    def _open(self, timeout: float | None) -> http.client.HTTPSConnection:
        host, port = self.served.address
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._context)

    def _headers(self) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.served.token}",
            "Accept": _JSON,
            "User-Agent": "localjobs",
        }

    def _understood(self, response: http.client.HTTPResponse, answer: bytes) -> Object:
        self._set_clock(response.headers.get("Date"))
        try:
            decoded: Object = json.loads(answer)
        except ValueError as error:
            raise self._lost(error) from error
        if response.status >= http.client.BAD_REQUEST:
            raise _refusal(decoded)
        return decoded

    def _set_clock(self, date: str | None) -> None:
        from email.utils import parsedate_to_datetime

        if date is not None:
            told = parsedate_to_datetime(date).timestamp()
            self._daemon_minus_own = told - time.monotonic()

    def _lost(self, error: Exception) -> NotServed:
        if isinstance(error, TimeoutError):
            directory = self.served.directory
            return NotServed(f"the daemon that serves {directory} does not answer")
        return not_served(self.served.directory)


def _target(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _refusal(status: Object) -> Refusal:
    message = status.get("message") or "the API refused without saying why"
    return Refusal(message, status.get("code", 0), status.get("reason", ""))
