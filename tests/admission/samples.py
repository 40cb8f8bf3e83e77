"""Objects and options that the tests of admission start from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localjobs.admission.create import admit_create
from localjobs.admission.decoding import decode
from localjobs.admission.options import Admitted, FieldValidation, Stamp, WriteOptions
from localjobs.admission.update import admit_update, placed
from localjobs.api.objects import Object, with_metadata
from localjobs.api.resources import JOBS, Resource

NOW = 1_700_000_000.0
NOW_TEXT = "2023-11-14T22:13:20Z"
STAMP = Stamp(NOW, "uid-1", "bcdfg")
OPTIONS = WriteOptions()
STRICT = WriteOptions(field_validation=FieldValidation.STRICT)


def pod_spec(**changes: Any) -> Object:
    container = {"name": "c", "image": "busybox:1", "command": ["true"]}
    return {"restartPolicy": "Never", "containers": [container], **changes}


def job(name: str = "j", pod: Mapping[str, Any] | None = None, **spec: Any) -> Object:
    template = {"spec": pod_spec(**(pod or {}))}
    return {"metadata": {"name": name}, "spec": {"template": template, **spec}}


def pod(name: str = "p", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": pod_spec(**spec)}


def created(resource: Resource, body: Any, namespace: str = "default") -> Object:
    """The object as the store would hold it after this body was sent to be created."""
    where = namespace if resource.namespaced else ""
    admitted = admit_create(resource, where, body, OPTIONS, STAMP)
    return with_metadata(admitted.object, resourceVersion="1")


def updated(resource: Resource, old: Object, body: Any, subresource: str = "") -> Object:
    return admitted_update(resource, old, body, subresource).object


def admitted_update(resource: Resource, old: Object, body: Any, subresource: str = "") -> Admitted:
    sent = placed(resource, old, decode(resource, body, OPTIONS.field_validation))
    return admit_update(resource, old, sent, OPTIONS, STAMP, subresource)


def created_job(pod: Mapping[str, Any] | None = None, **spec: Any) -> Object:
    return created(JOBS, job(pod=pod, **spec))


def changed(obj: Object, *path: str, to: Any) -> Object:
    """A copy in which the member at the path has another value."""
    head, *rest = path
    value = changed(obj.get(head, {}), *rest, to=to) if rest else to
    return {**obj, head: value}
