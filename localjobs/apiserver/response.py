"""An answer that is known as a whole: an ASGI application of its own."""

from collections.abc import Sequence

from starlette.types import Receive, Scope, Send

from localjobs.apiserver.warning_headers import warning_headers

Header = tuple[bytes, bytes]

_NO_CACHE: Header = (b"cache-control", b"no-cache, private")


class Response:
    """A status code, a body and its media type, and whatever headers are added to them."""

    __slots__ = ("body", "code", "headers")

    def __init__(
        self,
        body: bytes,
        media_type: str = "application/json",
        *,
        code: int = 200,
        warnings: Sequence[str] = (),
    ) -> None:
        self.body = body
        self.code = code
        self.headers: list[Header] = [
            (b"content-type", media_type.encode()),
            (b"content-length", b"%d" % len(body)),
            _NO_CACHE,
        ]
        if warnings:
            self.headers += [(b"warning", value) for value in warning_headers(warnings)]

    def add_header(self, name: str, value: str) -> None:
        """Add a header, whether or not one of that name is there."""
        self.headers.append((name.encode("latin-1"), value.encode("latin-1")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.code, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def not_found_page() -> Response:
    """How upstream answers a path below which it serves nothing: no `Status`."""
    return Response(b"404 page not found\n", "text/plain; charset=utf-8", code=404)
