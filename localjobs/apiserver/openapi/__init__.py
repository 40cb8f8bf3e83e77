"""OpenAPI: what `kubectl explain`, `create` and `apply` read before they do anything (KEP-2896)."""

from collections.abc import Mapping

from localjobs.apiserver.negotiation import JSON, by_preference
from localjobs.apiserver.openapi import documents
from localjobs.apiserver.openapi.documents import Document, Encoded
from localjobs.apiserver.request import Request
from localjobs.apiserver.response import Response
from localjobs.errors import NotAcceptable

PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
# What kubectl asks for; as an answer's type it would be refused, for `@` belongs in none.
_ASKED_PROTOBUF_V2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

Forms = Mapping[str, tuple[str, Document]]
"""A media type as it is asked for -> as it is sent, and the document."""

_WHOLE: Forms = {
    JSON: (JSON, documents.whole_json),
    _ASKED_PROTOBUF_V2: (PROTOBUF_V2, documents.whole_protobuf),
    PROTOBUF_V2: (PROTOBUF_V2, documents.whole_protobuf),
}
# Whoever names the digest gets exactly that document, now and for ever.
_FOR_EVER = b"public, immutable, max-age=31536000"


def respond_to(request: Request) -> Response | None:
    """The answer to a request below `/openapi/`; None if nothing is there.

    Raises `NotAcceptable`.
    """
    path = request.path.rstrip("/")
    if path == "/openapi/v2":
        media_type, document = _preferred(_WHOLE, request)
        return _answer(request, document(), media_type)
    if path == "/openapi/v3":
        return _answer(request, documents.index(), JSON)
    encoded = documents.group_version(path.removeprefix("/openapi/v3/"))
    if encoded is None:
        return None
    _preferred({JSON: (JSON, documents.index)}, request)
    digest = request.query.get("hash", "")
    if digest and digest != encoded.digest:
        return _moved(f"{path}?hash={encoded.digest}")
    return _answer(request, encoded, JSON, for_ever=bool(digest))


def _preferred(forms: Forms, request: Request) -> tuple[str, Document]:
    for media_type, _ in by_preference(request.header(b"accept") or "*/*"):
        if media_type in ("*/*", "application/*"):
            return forms[JSON]
        if media_type in forms:
            return forms[media_type]
    raise NotAcceptable(f"only the following media types are accepted: {', '.join(forms)}")


def _answer(
    request: Request, encoded: Encoded, media_type: str, *, for_ever: bool = False
) -> Response:
    tag = f'"{encoded.digest}"'
    if request.header(b"if-none-match") == tag:
        response = Response(b"", media_type, code=304)
    else:
        response = Response(encoded.body, media_type)
    if for_ever:
        response.headers = [one for one in response.headers if one[0] != b"cache-control"]
        response.headers.append((b"cache-control", _FOR_EVER))
    response.add_header("etag", tag)
    response.add_header("vary", "Accept")
    return response


def _moved(location: str) -> Response:
    response = Response(b"", code=301)
    response.add_header("location", location)
    return response
