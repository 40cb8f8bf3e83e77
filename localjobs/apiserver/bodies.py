"""Request bodies: at most 3 MiB, in time, as JSON, YAML or protobuf."""

import asyncio
from typing import Any

from starlette.types import Message

from localjobs.admission.decoding import DecodeError, decode_type
from localjobs.admission.patching.patch import PatchKind
from localjobs.admission.text import (
    MalformedJson,
    MalformedYaml,
    decode_json,
    decode_yaml,
    read_json,
    read_yaml,
)
from localjobs.api.objects import Object
from localjobs.apiserver.negotiation import JSON, PROTOBUF, YAML
from localjobs.apiserver.request import Request
from localjobs.errors import BadRequest, Timeout, TooLarge, UnknownError, UnsupportedMediaType

LIMIT = 3 * 1024 * 1024
SECONDS = 30.0
"""How long a client may take to send its body."""

_DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
ACCEPTED = f"{JSON}, {YAML}, {PROTOBUF}"


async def read(request: Request) -> bytes:
    """The whole body. Raises `TooLarge`, `Timeout`, `BadRequest` if the client left."""
    declared = request.header(b"content-length")
    if declared.isdigit() and int(declared) > LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(SECONDS):
            return await _collect(request)
    except TimeoutError:
        raise Timeout(f"the body did not arrive within {SECONDS:.0f} seconds") from None


async def _collect(request: Request) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        piece = _piece(message)
        size += len(piece)
        if size > LIMIT:
            raise _too_large()
        if not message.get("more_body"):
            return b"".join((*pieces, piece))
        pieces.append(piece)


def _piece(message: Message) -> bytes:
    if message["type"] == "http.disconnect":
        raise BadRequest("the client left before its body arrived")
    body: bytes = message.get("body", b"")
    return body


def _too_large() -> TooLarge:
    return TooLarge(f"Request entity too large: limit is {LIMIT}")


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters; JSON if there is none."""
    return content_type.partition(";")[0].strip().lower() or JSON


def decode(data: bytes, content_type: str, kind: str) -> Any:
    """The value of a body that should hold this kind, for `admission` to decode.

    Raises `BadRequest`, `UnsupportedMediaType`.
    """
    form = check_media_type(content_type)
    if form == JSON:
        return decode_json(data, kind)
    if form == YAML:
        return decode_yaml(data, kind)
    from localjobs.api import protobuf  # its table of fields is large, and few clients need it

    return protobuf.decode(data)


def check_media_type(content_type: str) -> str:
    """The media type of a body, if it is one that is read. Raises `UnsupportedMediaType`."""
    form = media_type(content_type)
    if form not in (JSON, YAML, PROTOBUF):
        raise UnsupportedMediaType(
            "the body of the request was in an unknown format - "
            f"accepted media types include: {ACCEPTED}"
        )
    return form


def decode_delete_options(data: bytes, content_type: str) -> Object:
    """DeleteOptions from a body. Upstream classifies none of what can be wrong with it.

    Raises `UnsupportedMediaType`, `UnknownError`.
    """
    form = check_media_type(content_type)
    try:
        if form == PROTOBUF:
            value = decode(data, content_type, "DeleteOptions")
        else:
            value = read_json(data) if form == JSON else read_yaml(data)
        _check_is_delete_options(value)
        return decode_type(_DELETE_OPTIONS, value)[0]
    except MalformedJson as error:
        raise UnknownError(f"couldn't get version/kind; json parse error: {error}") from None
    except (MalformedYaml, DecodeError) as error:
        raise UnknownError(str(error)) from None


def _check_is_delete_options(value: Any) -> None:
    """DeleteOptions are of every group and version; anything else is not known there."""
    kind = value.get("kind") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind not in ("", "DeleteOptions"):
        version = value.get("apiVersion") or "meta.k8s.io/v1"
        raise UnknownError(
            f'no kind "{kind}" is registered for version "{version}"'
            ' in scheme "pkg/apis/meta/internalversion/scheme/register.go:27"'
        )


def decode_patch(kind: PatchKind, data: bytes) -> Any:
    """The value of a patch. Raises `BadRequest`."""
    try:
        return read_yaml(data) if kind is PatchKind.APPLY else read_json(data)
    except (MalformedJson, MalformedYaml) as error:
        raise kind.unreadable(str(error)) from None
