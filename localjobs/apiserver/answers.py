"""From what a verb answers to what is sent: JSON, YAML, Tables or metadata alone."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from localjobs.api.field import invalid
from localjobs.api.objects import Object
from localjobs.api.protobuf_writing import encode as as_protobuf
from localjobs.api.resources import Resource
from localjobs.apiserver.negotiation import (
    AS_JSON,
    JSON,
    PROTOBUF,
    YAML,
    Representation,
    negotiate,
)
from localjobs.apiserver.request import Request
from localjobs.apiserver.response import Response
from localjobs.apiserver.tables import IncludeObject, partial_metadata, printer_for
from localjobs.errors import ApiError, BadRequest, NotAcceptable
from localjobs.store.listing import Page

_encode = msgspec.json.Encoder().encode
_INCLUDE: dict[str, IncludeObject] = {
    "": "Metadata",
    "None": "None",
    "Metadata": "Metadata",
    "Object": "Object",
}
_FOR_PEOPLE = ("curl", "Wget", "Mozilla/5.0")
_TRUE = ("1", "t", "T", "TRUE", "true", "True")


class Wanted(Struct, frozen=True):
    """How the client wants its answer, and the time that ages are reckoned at."""

    representation: Representation
    query: Mapping[str, str]
    now: float
    user_agent: str = ""

    @property
    def is_plain(self) -> bool:
        """JSON as the store has it."""
        return self.representation is AS_JSON and not self.is_pretty

    @property
    def is_pretty(self) -> bool:
        """Indented: as asked for, else as somebody at a terminal or in a browser likes it."""
        asked = self.query.get("pretty", "")
        return asked in _TRUE if asked else self.user_agent.startswith(_FOR_PEOPLE)

    def include(self) -> IncludeObject:
        """What rows of a Table carry of their object. Raises `BadRequest`."""
        try:
            return _INCLUDE[self.query.get("includeObject", "")]
        except KeyError as error:
            detail = "must be 'Metadata', 'Object', 'None', or empty"
            problem = invalid("includeObject", error.args[0], detail)
            raise BadRequest(f"Unable to convert to Table as requested: {problem}") from None


def respond(
    body: bytes, media_type: str = JSON, *, code: int = 200, warnings: Sequence[str] = ()
) -> Response:
    """A body, with warnings in its headers."""
    return Response(body, media_type, code=code, warnings=warnings)


def send(value: Any, wanted: Wanted, *, code: int = 200, warnings: Sequence[str] = ()) -> Response:
    """A JSON value, as the client wants it written."""
    if wanted.representation.media_type == YAML:
        return respond(as_yaml(value), YAML, code=code, warnings=warnings)
    if wanted.representation.media_type == PROTOBUF:
        return respond(as_protobuf(value), PROTOBUF, code=code, warnings=warnings)
    if wanted.is_pretty:
        body = json.dumps(value, indent=2, ensure_ascii=False).encode()
    else:
        body = _encode(value)
    return respond(body, code=code, warnings=warnings)


def as_yaml(value: Any) -> bytes:
    """YAML with sorted keys, as sigs.k8s.io/yaml writes it."""
    import yaml

    dumped: bytes = yaml.dump(
        value, Dumper=_dumper(), sort_keys=True, allow_unicode=True, encoding="utf-8"
    )
    return dumped


@cache
def _dumper() -> Any:
    """A dumper that writes out what a value holds twice, where YAML could refer to it."""
    import yaml

    base = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return type("_Dumper", (base,), {"ignore_aliases": lambda *_: True})


def send_object(
    resource: Resource,
    obj: Object,
    wanted: Wanted,
    *,
    code: int = 200,
    warnings: Sequence[str] = (),
) -> Response:
    """An object in the form the client wants; a `Status` is a Status in every form."""
    if obj.get("kind") != "Status":
        obj = transform_object(resource, obj, wanted)
    return send(obj, wanted, code=code, warnings=warnings)


def transform_object(resource: Resource, obj: Object, wanted: Wanted) -> Object:
    """One object as a Table, as metadata only, or as it is."""
    match wanted.representation.form:
        case "Table":
            version = obj.get("metadata", {}).get("resourceVersion", "")
            return table(resource, (obj,), {"resourceVersion": version}, wanted)
        case "PartialObjectMetadata":
            return _versioned(partial_metadata(obj), wanted)
        case "PartialObjectMetadataList":
            raise _not_a_list(resource)
    return obj


def check_form_of_events(resource: Resource, wanted: Wanted) -> None:
    """Refuse a watch before it begins, rather than with the first event.

    Raises `NotAcceptable`, `BadRequest`.
    """
    if wanted.representation.form == "PartialObjectMetadataList":
        raise _not_a_list(resource)
    if wanted.representation.form == "Table":
        wanted.include()


def _not_a_list(resource: Resource) -> NotAcceptable:
    return NotAcceptable(
        "you requested PartialObjectMetadataList, but the requested object is not a list"
        f" ({_go_type(resource)})"
    )


def send_page(page: Page, wanted: Wanted, warnings: Sequence[str] = ()) -> Response:
    """A list in the form the client wants."""
    match wanted.representation.form:
        case "Table":
            rows = table(page.resource, page.objects, page.metadata, wanted)
            return send(rows, wanted, warnings=warnings)
        case "PartialObjectMetadataList":
            return send(_metadata_list(page, wanted), wanted, warnings=warnings)
        case "PartialObjectMetadata":
            raise NotAcceptable(
                "you requested PartialObjectMetadata, but the requested object is a list"
                f" ({_go_type(page.resource)}List)"
            )
    if wanted.is_plain:
        return respond(page.encode(), warnings=warnings)
    return send(page.to_object(), wanted, warnings=warnings)


def _go_type(resource: Resource) -> str:
    package = "core" if not resource.group else resource.group.partition(".")[0]
    return f"*{package}.{resource.kind}"


def _metadata_list(page: Page, wanted: Wanted) -> Object:
    items = [_versioned(partial_metadata(obj), wanted) for obj in page.objects]
    listed = {"kind": "PartialObjectMetadataList", "metadata": page.metadata, "items": items}
    return _versioned(listed, wanted)


def table(
    resource: Resource,
    objects: Iterable[Object],
    list_metadata: Object,
    wanted: Wanted,
    *,
    with_columns: bool = True,
) -> Object:
    """A Table of these objects."""
    rows = printer_for(resource).table(
        objects,
        wanted.now,
        list_metadata=list_metadata,
        include=wanted.include(),
        with_columns=with_columns,
    )
    return _versioned(rows, wanted)


def _versioned(value: Object, wanted: Wanted) -> Object:
    return {**value, "apiVersion": f"meta.k8s.io/{wanted.representation.version}"}


def send_error(error: ApiError, request: Request) -> Response:
    """An error as the `Status` that clients read it from: in YAML if that is what they read.

    apiserver/pkg/endpoints/handlers/responsewriters/writers.go, ErrorNegotiated.
    """
    wanted = _wanted_of_errors(request)
    response = send(error.to_status(), wanted, code=error.code, warnings=error.warnings)
    if error.details is not None and error.details.retry_after_seconds:
        response.add_header("retry-after", str(error.details.retry_after_seconds))
    if error.code == 401:
        response.add_header("www-authenticate", 'Bearer realm="localjobs"')
    return response


def _wanted_of_errors(request: Request) -> Wanted:
    agent = request.header(b"user-agent")
    try:
        representation = negotiate(request.header(b"accept"), forms=())
    except NotAcceptable:  # JSON, then, whatever they accept, and indented
        return Wanted(AS_JSON, {"pretty": "true"}, 0)
    return Wanted(representation, request.query, 0, agent)
