"""One HTTP request, read no further than the answer to it needs."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope


class Request:
    """A request to a resource. Header names are lower-case bytes."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self._headers: Iterable[tuple[bytes, bytes]] = scope["headers"]

    def header(self, name: bytes) -> str:
        """The first header of that name, or ""."""
        for key, value in self._headers:
            if key == name:
                return value.decode("latin-1")
        return ""

    @cached_property
    def query_lists(self) -> Mapping[str, list[str]]:
        """Every value of every query parameter, in order."""
        text: bytes = self.scope["query_string"]
        found: dict[str, list[str]] = {}
        if text:
            pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="replace")
            for name, value in pairs:
                found.setdefault(name, []).append(value)
        return found

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The first value of every query parameter: the one that counts, as in Go."""
        return {name: values[0] for name, values in self.query_lists.items()}
