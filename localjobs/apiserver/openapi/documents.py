"""The OpenAPI documents as bytes, each made once, when it is first asked for."""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache

import msgspec
from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.apiserver.discovery import GROUPS, SERVED, Served
from localjobs.apiserver.openapi import gnostic
from localjobs.apiserver.openapi.operations import (
    DELETE_OPTIONS_TYPE,
    EVICTION_TYPE,
    STATUS_TYPE,
    paths,
)
from localjobs.apiserver.openapi.schemas import (
    LIST_META_TYPE,
    Version,
    closure,
    list_schema,
    schema_of,
)
from localjobs.apiserver.version import GIT_VERSION

_INFO = {"title": "Kubernetes", "version": GIT_VERSION}
_SECURITY = {
    "BearerToken": {
        "type": "apiKey",
        "name": "authorization",
        "in": "header",
        "description": "The token of the kubeconfig: `Bearer TOKEN`.",
    }
}


class Encoded(Struct, frozen=True):
    """A document as it is sent."""

    body: bytes
    digest: str
    """Changes with the body; upper-case hexadecimal."""

    @classmethod
    def of(cls, body: bytes) -> "Encoded":
        """The body with its digest."""
        return cls(body, hashlib.sha256(body).hexdigest().upper())


Document = Callable[[], Encoded]


@cache
def index() -> Encoded:
    """The index of v3: each document with its digest, so that clients may keep it for ever."""
    listed = {}
    for group, version in GROUPS:
        place = _place(group, version)
        encoded = group_version(place)
        assert encoded is not None  # every group serves something
        listed[place] = {"serverRelativeURL": f"/openapi/v3/{place}?hash={encoded.digest}"}
    return Encoded.of(msgspec.json.encode({"paths": listed}))


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


@cache
def group_version(place: str) -> Encoded | None:
    """The document of `apis/batch/v1` in v3; None if nothing is served there."""
    served = [one for one in SERVED if _place(one.resource.group, one.resource.version) == place]
    if not served:
        return None
    document: Object = {
        "openapi": "3.0.0",
        "info": _INFO,
        "paths": {path: item for one in served for path, item in paths(one, "v3")},
        "components": {"schemas": _schemas(served, "v3"), "securitySchemes": _SECURITY},
    }
    return Encoded.of(msgspec.json.encode(document))


@cache
def whole_json() -> Encoded:
    """All that is served, in v2."""
    return Encoded.of(msgspec.json.encode(_whole()))


@cache
def whole_protobuf() -> Encoded:
    """All that is served, in v2, as kubectl before 1.29 reads it."""
    return Encoded.of(gnostic.encode(_whole()))


def _whole() -> Object:
    return {
        "swagger": "2.0",
        "info": _INFO,
        "paths": {path: item for one in SERVED for path, item in paths(one, "v2")},
        "definitions": _schemas(SERVED, "v2"),
        "securityDefinitions": _SECURITY,
        "security": [{"BearerToken": []}],
    }


def _schemas(served: Sequence[Served], version: Version) -> Object:
    roots = [one.resource.type_name for one in served]
    if any(sub.name == "eviction" for one in served for sub in one.subresources):
        roots.append(EVICTION_TYPE)
    shared = (STATUS_TYPE, DELETE_OPTIONS_TYPE, LIST_META_TYPE)
    schemas = {name: schema_of(name, version) for name in closure((*roots, *shared))}
    for one in served:
        if "list" in one.verbs:
            listed = list_schema(one.resource, version)
            schemas[f"{one.resource.type_name}List"] = listed
    return schemas
