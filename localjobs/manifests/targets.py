"""Which object a document of a manifest means."""

from __future__ import annotations

import difflib

from msgspec import Struct

from localjobs.api.field import rendered
from localjobs.api.objects import Object
from localjobs.api.resources import (
    BY_KIND,
    CONFIGMAPS,
    JOBS,
    NAMESPACES,
    SECRETS,
    Resource,
)
from localjobs.manifests.parse import Document

SERVED: tuple[Resource, ...] = (JOBS, CONFIGMAPS, SECRETS, NAMESPACES)
"""The resources that manifests may hold."""
DEFAULT_NAMESPACE = "default"


class Target(Struct, frozen=True):
    """One object: its resource, namespace ("" if it has none) and name."""

    resource: Resource
    namespace: str
    name: str

    def __str__(self) -> str:
        named = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.resource.kind} {named}"


def resource_of(document: Document) -> Resource:
    """The resource of a document; ManifestError if manifests do not hold its kind."""
    api_version, kind = _text(document, "apiVersion"), _text(document, "kind")
    missing = [name for name, value in (("apiVersion", api_version), ("kind", kind)) if not value]
    if missing:
        raise document.error(f"{' and '.join(missing)} not set")
    resource = BY_KIND.get((api_version, kind))
    if resource in SERVED:
        return resource
    raise document.error(
        f"{api_version} {kind} is no kind that is run from manifests{_suggestion(kind)}; these are"
        f" {', '.join(f'{one.api_version} {one.kind}' for one in SERVED)}",
        "apiVersion" if any(one.kind == kind for one in SERVED) else "kind",
    )


def _suggestion(kind: str) -> str:
    known = {one.kind: one for one in SERVED}
    close = difflib.get_close_matches(kind, known, n=1)
    if not close:
        return ""
    return f" (did you mean {known[close[0]].api_version} {close[0]}?)"


def target_of(document: Document) -> Target:
    """The object that a document means; ManifestError if it does not say."""
    resource = resource_of(document)
    metadata = document.object.get("metadata")
    if not isinstance(metadata, dict):
        raise document.error("metadata.name: Required value: a manifest must name its object")
    if not metadata.get("name") and metadata.get("generateName"):
        raise document.error(
            "metadata.generateName: a manifest must name its object: a generated name would make"
            " another one each time the file is read; set metadata.name",
            "metadata.generateName",
        )
    name = _text(document, "metadata.name")
    if not name:
        raise document.error("metadata.name: Required value: a manifest must name its object")
    if not resource.namespaced:
        return Target(resource, "", name)
    return Target(resource, _text(document, "metadata.namespace") or DEFAULT_NAMESPACE, name)


def _text(document: Document, field: str) -> str:
    value: object = document.object
    for step in field.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return ""
    if not isinstance(value, str):
        raise document.error(f"{field}: expected a text, found {rendered(value)}; quote it", field)
    return value


def body_of(document: Document, target: Target) -> Object:
    """The object to send: the document's, with its namespace filled in as clients do."""
    metadata = document.object["metadata"]
    if not target.namespace or metadata.get("namespace"):
        return document.object
    return {**document.object, "metadata": {**metadata, "namespace": target.namespace}}
