"""A watch, read event by event."""

import json
from collections.abc import Callable
from typing import Any

from tests.apiserver.serving import Served

Event = dict[str, Any]


class Watching:
    """Opens a watch; it is open once `with` is entered."""

    def __init__(
        self, served: Served, path: str, *, accept: str | None = None, **query: Any
    ) -> None:
        self._client = served.client()
        self.response = self._client.open(
            "GET", path, query={"watch": "true", **query}, accept=accept
        )

    def __enter__(self) -> "Watching":
        assert self.response.status == 200, self.response.read()
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def next(self) -> Event:
        """The next event; an error if the stream has ended."""
        line = self.response.readline()
        assert line, "the watch has ended"
        found: Event = json.loads(line)
        return found

    def rest(self) -> list[Event]:
        """What comes until the server ends the stream."""
        return [json.loads(line) for line in self.response.read().splitlines()]

    def until(self, condition: Callable[[Event], bool]) -> list[Event]:
        """The events up to the one that is waited for."""
        found = [self.next()]
        while not condition(found[-1]):
            found.append(self.next())
        return found


def brief(event: Event) -> tuple[str, str]:
    """Type and name."""
    return event["type"], event["object"]["metadata"].get("name", "")
