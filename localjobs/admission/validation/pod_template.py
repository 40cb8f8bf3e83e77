"""Pod templates (core/validation, ValidatePodTemplateSpec)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.labels import validate_annotations, validate_labels
from localjobs.admission.validation.pod_annotations import (
    check_profile_agreement,
    validate_pod_annotations,
)
from localjobs.admission.validation.pod_spec import validate_pod_spec
from localjobs.api.field import forbidden
from localjobs.api.objects import Object


def validate_pod_template(template: Object, path: str) -> Errors:
    """The template of a workload's pods."""
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    yield from validate_labels(meta.get("labels"), f"{path}.labels")
    yield from validate_annotations(meta.get("annotations"), f"{path}.annotations")
    yield from validate_pod_annotations(template, f"{path}.annotations")
    yield from validate_pod_spec(spec, f"{path}.spec")
    yield from check_profile_agreement(template, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        here = f"{path}.spec.ephemeralContainers"
        yield forbidden(here, "ephemeral containers not allowed in pod template")
