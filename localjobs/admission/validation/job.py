"""Jobs on create, update and status update (batch/validation; job/strategy.go)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.job_spec import validate_job_spec
from localjobs.admission.validation.job_spec_update import validate_job_spec_update
from localjobs.admission.validation.job_status import validate_job_status_update
from localjobs.admission.validation.labels import selector_form, selects
from localjobs.admission.validation.metadata import (
    validate_object_metadata,
    validate_object_metadata_update,
    validate_registry_update,
)
from localjobs.api import names
from localjobs.api.field import FieldError, invalid, required
from localjobs.api.objects import Object, labels, name, uid

__all__ = ["validate_job", "validate_job_status_update", "validate_job_update"]

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID = "controller-uid"
LEGACY_JOB_NAME = "job-name"


def validate_job(job: Object, *, needs_prefixed_labels: bool = True) -> list[FieldError]:
    """What is wrong with a Job by itself: decoded, defaulted, with its generated selector.

    Jobs from before the prefixed labels may lack them.
    """
    errors = list(validate_object_metadata(job))
    errors += _validate_generated_selector(job, needs_prefixed_labels=needs_prefixed_labels)
    errors += validate_job_spec(job.get("spec") or {}, "spec")
    errors += _check_host_names(job)
    return errors


def validate_job_update(new: Object, old: Object) -> list[FieldError]:
    """All that is wrong with an update: the registry's rules, the new Job's, the change's."""
    errors = list(validate_registry_update(new, old))
    errors += validate_job(new, needs_prefixed_labels=_has_prefixed_labels(old))
    errors += validate_object_metadata_update(new, old)
    errors += validate_job_spec(new.get("spec") or {}, "spec")
    errors += validate_job_spec_update(new, old)
    return errors


def _has_prefixed_labels(job: Object) -> bool:
    template = (job.get("spec") or {}).get("template") or {}
    return {CONTROLLER_UID, JOB_NAME} <= labels(template).keys()


def _check_host_names(job: Object) -> Errors:
    """The pods of an indexed Job have host names made of its name and their index."""
    spec = job.get("spec") or {}
    completions = spec.get("completions") or 0
    if spec.get("completionMode") != "Indexed" or completions <= 0:
        return
    host = f"{name(job)}-{completions - 1}"
    if names.dns1123_label_errors(host):
        detail = f"will not able to create pod with invalid DNS label: {host}"
        yield invalid("metadata.name", name(job), detail)


def _validate_generated_selector(job: Object, *, needs_prefixed_labels: bool) -> Errors:
    spec = job.get("spec") or {}
    if spec.get("manualSelector") or spec.get("selector") is None:
        return
    if not uid(job):
        yield required("metadata.uid")
    expected = {LEGACY_CONTROLLER_UID: uid(job), LEGACY_JOB_NAME: name(job)}
    if needs_prefixed_labels:
        expected |= {CONTROLLER_UID: uid(job), JOB_NAME: name(job)}
    found = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    for key, value in expected.items():
        yield from _check_label(found, key, value)
    if selects(spec["selector"], expected) is False:
        form = selector_form(spec["selector"])
        yield invalid("spec.selector", form, "`selector` not auto-generated")


def _check_label(found: dict[str, str] | None, key: str, value: str) -> Errors:
    path = f"spec.template.metadata.labels[{key}]"
    if found is None or key not in found:
        yield required(path, f"must be '{value}'")
    elif found[key] != value:
        yield invalid(path, dict(sorted(found.items())), f"must be '{value}'")
