"""One HTTP request, read no further than the answer to it needs."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

_NO_LISTS: Mapping[str, list[str]] = {}
_NO_QUERY: Mapping[str, str] = {}


class Request:
    """A request to a resource. Header names are lower-case bytes."""

    __slots__ = ("_headers", "method", "path", "query", "query_lists", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_lists = _NO_LISTS
        """Every value of every query parameter, in order."""
        self.query = _NO_QUERY
        """The first value of every query parameter: the one that counts, as in Go."""
        self._headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
        if scope["query_string"]:
            self._read_query(scope["query_string"].decode("latin-1"))

    def _read_query(self, text: str) -> None:
        found: dict[str, list[str]] = {}
        for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
            found.setdefault(name, []).append(value)
        self.query_lists = found
        self.query = {name: values[0] for name, values in found.items()}

    def header(self, name: bytes) -> str:
        """The first header of that name, or ""."""
        for key, value in self._headers:
            if key == name:
                return value.decode("latin-1")
        return ""
