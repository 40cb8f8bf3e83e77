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
)
from localjobs.api import names
from localjobs.api.field import FieldError, invalid, required
from localjobs.api.objects import Object, name, uid

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
    """What is wrong with the change, beside the registry's rules and `validate_job`'s."""
    errors = list(validate_object_metadata_update(new, old))
    errors += validate_job_spec(new.get("spec") or {}, "spec")
    errors += validate_job_spec_update(new, old)
    return errors


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
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    for key, value in expected.items():
        yield from _check_label(labels, key, value)
    if selects(spec["selector"], expected) is False:
        form = selector_form(spec["selector"])
        yield invalid("spec.selector", form, "`selector` not auto-generated")


def _check_label(labels: dict[str, str] | None, key: str, value: str) -> Errors:
    path = f"spec.template.metadata.labels[{key}]"
    if labels is None or key not in labels:
        yield required(path, f"must be '{value}'")
    elif labels[key] != value:
        yield invalid(path, dict(sorted(labels.items())), f"must be '{value}'")
