"""Which objects a list or a watch is about: resource, namespace, labels and fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from localjobs.api import objects, resources
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.api.selectors import (
    EVERYTHING,
    FieldSelector,
    LabelSelector,
    SelectorError,
    parse_field_selector,
    parse_label_selector,
)
from localjobs.errors import BadRequest
from localjobs.store.version import Version

ANY_FIELDS = FieldSelector()
_METADATA_FIELDS = ("metadata.name", "metadata.namespace")
_POD_FIELDS = (
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.podIPs",
    "status.nominatedNodeName",
)
_EVENT_FIELDS = (
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
)
# pkg/apis/core/v1/conversion.go, pkg/apis/batch/v1/conversion.go
_FIELDS: dict[str, tuple[str, ...]] = {
    resources.JOBS.type_name: ("status.successful",),
    resources.PODS.type_name: _POD_FIELDS,
    resources.EVENTS.type_name: _EVENT_FIELDS,
    resources.NODES.type_name: ("spec.unschedulable",),
    resources.NAMESPACES.type_name: ("status.phase",),
    resources.SECRETS.type_name: ("type",),
    resources.SERVICES.type_name: ("spec.clusterIP", "spec.type"),
}
_OWN_WAY: dict[str, Callable[[Object], str]] = {
    "status.successful": lambda job: str((job.get("status") or {}).get("succeeded", 0)),
    "reportingComponent": lambda event: str(event.get("reportingComponent", "")),
    "source": lambda event: str(
        (event.get("source") or {}).get("component") or event.get("reportingComponent", "")
    ),
    "spec.hostNetwork": lambda pod: _flag(_at(pod, "spec.hostNetwork")),
    "spec.unschedulable": lambda node: _flag(_at(node, "spec.unschedulable")),
}


def selectable(resource: Resource, field: str) -> bool:
    """Whether objects of the resource can be selected by this field."""
    return field in _METADATA_FIELDS or field in _FIELDS.get(resource.type_name, ())


def _unsupported(resource: Resource, field: str) -> BadRequest:
    if resource is resources.JOBS:
        return BadRequest(f'field label "{field}" not supported for Job')
    if resource.type_name in _FIELDS:
        return BadRequest(f"field label not supported: {field}")
    known = ", ".join(f'"{one}"' for one in _METADATA_FIELDS)
    return BadRequest(f'"{field}" is not a known field selector: only {known}')


def _at(obj: Object, path: str) -> Any:
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _flag(value: object) -> str:
    return "true" if value else "false"


def field_value(obj: Object, field: str) -> str:
    """A selectable field's value as text; "" if it is not set."""
    if (own := _OWN_WAY.get(field)) is not None:
        return own(obj)
    value = _at(obj, field)
    return value if isinstance(value, str) else ""


class Selection(Struct, frozen=True):
    """The objects of a resource, in a namespace or all (None), that selectors match."""

    resource: Resource
    namespace: str | None = None
    labels: LabelSelector = EVERYTHING
    fields: FieldSelector = ANY_FIELDS

    @classmethod
    def parse(
        cls, resource: Resource, namespace: str | None, labels: str = "", fields: str = ""
    ) -> Selection:
        """Read the selectors of a request. Raises `BadRequest`."""
        try:
            label_selector = parse_label_selector(labels) if labels else EVERYTHING
            field_selector = parse_field_selector(fields) if fields else ANY_FIELDS
        except SelectorError as error:
            raise BadRequest(str(error)) from error
        for term in field_selector.terms:
            if not selectable(resource, term.field):
                raise _unsupported(resource, term.field)
        return cls(resource, namespace, label_selector, field_selector)

    @property
    def is_everything(self) -> bool:
        """Whether it selects the whole resource or namespace."""
        return not self.fields.terms and self.labels == EVERYTHING

    @property
    def name(self) -> str | None:
        """The only name it can match, if it asks for one."""
        return self.fields.exact("metadata.name")

    def matches(self, obj: Object) -> bool:
        """Whether an object of this resource and namespace is selected."""
        return self.labels.matches(objects.labels(obj)) and self._matches_fields(obj)

    def matches_version(self, version: Version) -> bool:
        """As `matches`, without thawing an object whose labels already say no."""
        if not self.labels.matches(version.labels):
            return False
        return not self.fields.terms or self._matches_fields(version.object)

    def _matches_fields(self, obj: Object) -> bool:
        return all(
            (field_value(obj, term.field) == term.value) is term.is_equal
            for term in self.fields.terms
        )
