"""Request bodies: at most 3 MiB, in time, as JSON, YAML or protobuf."""

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from localjobs.admission.patching.patch import PatchKind
from localjobs.admission.text import (
    MalformedJson,
    MalformedYaml,
    decode_json,
    decode_yaml,
    read_json,
    read_yaml,
)
from localjobs.apiserver.negotiation import JSON, YAML
from localjobs.errors import BadRequest, Timeout, TooLarge, UnsupportedMediaType

LIMIT = 3 * 1024 * 1024
SECONDS = 30.0
"""How long a client may take to send its body."""

PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCEPTED = f"{JSON}, {YAML}, {PROTOBUF}"


async def read(request: Request) -> bytes:
    """The whole body. Raises `TooLarge`, `Timeout`."""
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LIMIT:
        raise _too_large()
    try:
        async with asyncio.timeout(SECONDS):
            return await _collect(request)
    except TimeoutError:
        raise Timeout(f"the body did not arrive within {SECONDS:.0f} seconds") from None
    except ClientDisconnect:
        raise BadRequest("the client left before its body arrived") from None


async def _collect(request: Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LIMIT:
            raise _too_large()
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large() -> TooLarge:
    return TooLarge(f"Request entity too large: limit is {LIMIT}")


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters; JSON if there is none."""
    return content_type.partition(";")[0].strip().lower() or JSON


def decode(data: bytes, content_type: str, kind: str) -> Any:
    """The value of a body that should hold this kind, for `admission` to decode.

    Raises `BadRequest`, `UnsupportedMediaType`.
    """
    match media_type(content_type):
        case "application/json":
            return decode_json(data, kind)
        case "application/yaml":
            return decode_yaml(data, kind)
        case "application/vnd.kubernetes.protobuf":
            from localjobs.api import protobuf

            return protobuf.decode(data)
    raise UnsupportedMediaType(
        "the body of the request was in an unknown format - "
        f"accepted media types include: {ACCEPTED}"
    )


def decode_patch(kind: PatchKind, data: bytes) -> Any:
    """The value of a patch. Raises `BadRequest`."""
    try:
        return read_yaml(data) if kind is PatchKind.APPLY else read_json(data)
    except (MalformedJson, MalformedYaml) as error:
        raise kind.unreadable(str(error)) from None
