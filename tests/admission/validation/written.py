"""Jobs and pods as a user writes them, and the errors they give."""

from collections.abc import Iterable
from typing import Any

from localjobs.admission.decoding import decode
from localjobs.admission.defaulting import default
from localjobs.admission.options import FieldValidation
from localjobs.admission.validation.pod_spec import validate_pod_spec
from localjobs.api.field import FieldError
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS, Resource

UID = "8c7b1b5e-0000-4000-8000-000000000001"
GENERATED = {
    "batch.kubernetes.io/controller-uid": UID,
    "batch.kubernetes.io/job-name": "j",
    "controller-uid": UID,
    "job-name": "j",
}
CONTAINER: Object = {"name": "c", "image": "busybox"}


def texts(errors: Iterable[FieldError]) -> list[str]:
    """The errors as `path: message`."""
    return [str(error) for error in errors]


def admitted(resource: Resource, body: Object) -> Object:
    """The body decoded and defaulted, as validation gets it. Unknown fields fail the test."""
    return default(resource, decode(resource, body, FieldValidation.STRICT).object)


def pod_spec(**members: Any) -> Object:
    """A template's spec with one container, defaulted."""
    found: Object = job(template={"spec": members})["spec"]["template"]["spec"]
    return found


def spec_errors(**members: Any) -> list[str]:
    """The errors of a template's spec with these members."""
    return texts(validate_pod_spec(pod_spec(**members), "spec"))


def container_errors(**members: Any) -> list[str]:
    """The errors of a container with these members, without the path that all share."""
    prefix = "spec.containers[0]."
    found = spec_errors(containers=[{**CONTAINER, **members}])
    return [text.removeprefix(prefix) for text in found]


def job(*, metadata: Object | None = None, template: Object | None = None, **spec: Any) -> Object:
    """A Job as validation gets it on create: labels and selector are generated."""
    pod = {"containers": [CONTAINER], "restartPolicy": "Never", **(template or {}).get("spec", {})}
    meta = {"name": "j", "namespace": "default", "uid": UID, **(metadata or {})}
    labels = {**GENERATED, **((template or {}).get("metadata") or {}).get("labels", {})}
    template_metadata = {**((template or {}).get("metadata") or {}), "labels": labels}
    body = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta,
        "spec": {
            "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": UID}},
            **spec,
            "template": {"metadata": template_metadata, "spec": pod},
        },
    }
    return admitted(JOBS, body)


def pod(*, metadata: Object | None = None, **spec: Any) -> Object:
    """A pod as validation gets it."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "uid": UID, **(metadata or {})},
        "spec": {"containers": [CONTAINER], **spec},
    }
    return admitted(PODS, body)


def stored(obj: Object, **metadata: Any) -> Object:
    """The object with what the store adds."""
    return {**obj, "metadata": {**obj["metadata"], "resourceVersion": "1", **metadata}}
