"""OpenAPI documents: what `kubectl explain`, `create` and `apply` read (KEP-2896)."""

import hashlib
from collections.abc import Sequence
from functools import cache

import msgspec
from starlette.requests import Request

from localjobs.api.objects import Object
from localjobs.apiserver import discovery
from localjobs.apiserver.answers import respond
from localjobs.apiserver.discovery import Served
from localjobs.apiserver.openapi.operations import (
    DELETE_OPTIONS_TYPE,
    EVICTION_TYPE,
    STATUS_TYPE,
    paths,
)
from localjobs.apiserver.openapi.schemas import Version, closure, list_schema, schema_of
from localjobs.apiserver.response import Response
from localjobs.apiserver.version import GIT_VERSION

_INFO = {"title": "Kubernetes", "version": GIT_VERSION}
_SECURITY_V2 = {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"}}
_SECURITY_V3 = {
    "BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"},
}


class OpenApi:
    """Answers requests below `/openapi/`; documents are made once, when first asked for."""

    def document(self, request: Request) -> Response | None:
        """The document of a path; None if there is none."""
        path = request.url.path.rstrip("/")
        if path == "/openapi/v2":
            return respond(_encoded_v2())
        if path == "/openapi/v3":
            return respond(_encoded_index())
        body = _encoded_v3(path.removeprefix("/openapi/v3/"))
        return respond(body) if body is not None else None


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def _encoded_index() -> bytes:
    """The index names each document with its hash, so that clients may keep it."""
    index = {}
    for group, version in discovery.GROUPS:
        place = _place(group, version)
        digest = hashlib.sha256(_encoded_v3(place) or b"").hexdigest().upper()
        index[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={digest}"}
    return msgspec.json.encode({"paths": index})


@cache
def _encoded_v3(place: str) -> bytes | None:
    served = [
        one for one in discovery.SERVED if _place(one.resource.group, one.resource.version) == place
    ]
    if not served:
        return None
    document: Object = {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": {path: item for one in served for path, item in paths(one, "v3")},
        "components": {
            "schemas": _schemas(served, "v3"),
            "securitySchemes": _SECURITY_V3,
        },
    }
    return msgspec.json.encode(document)


@cache
def _encoded_v2() -> bytes:
    document: Object = {
        "swagger": "2.0",
        "info": _INFO,
        "paths": {path: item for one in discovery.SERVED for path, item in paths(one, "v2")},
        "definitions": _schemas(discovery.SERVED, "v2"),
        "securityDefinitions": _SECURITY_V2,
        "security": [{"BearerToken": []}],
    }
    return msgspec.json.encode(document)


def _schemas(served: Sequence[Served], version: Version) -> Object:
    roots = [one.resource.type_name for one in served]
    if any(sub.name == "eviction" for one in served for sub in one.subresources):
        roots.append(EVICTION_TYPE)
    shared = (STATUS_TYPE, DELETE_OPTIONS_TYPE, "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")
    schemas = {name: schema_of(name, version) for name in closure((*roots, *shared))}
    for one in served:
        if "list" in one.verbs:
            resource = one.resource
            listed = list_schema(resource.type_name, resource.kind, version)
            schemas[f"{resource.type_name}List"] = listed
    return schemas
