"""How Jobs are written: selectors are generated, specs counted (pkg/registry/batch/job)."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.disabled_fields import without_disabled_fields
from localjobs.admission.options import Stamp
from localjobs.admission.strategies import (
    StatusStrategy,
    Strategy,
    keeping,
    listed,
    with_next_generation,
)
from localjobs.admission.validation.job import validate_job, validate_job_update
from localjobs.admission.validation.job_status import validate_job_status_update
from localjobs.admission.validation.job_warnings import warnings_for_job, warnings_for_job_update
from localjobs.api import names, objects
from localjobs.api.field import FieldError
from localjobs.api.objects import Object

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
LEGACY_CONTROLLER_UID = "controller-uid"
LEGACY_JOB_NAME = "job-name"


class JobStrategy(Strategy):
    """Creates and changes Jobs. Their status is the controller's."""

    def prepare_for_create(self, obj: Object, stamp: Stamp) -> Object:
        job = objects.with_metadata(objects.with_status(obj, {}), generation=1)
        job = _with_enabled_fields(job)
        return job if job["spec"]["manualSelector"] else with_generated_selector(job)

    def validate(self, obj: Object) -> Iterable[FieldError]:
        return validate_job(obj)

    def warnings_on_create(self, obj: Object) -> Iterable[str]:
        if errors := names.dns1123_label_errors(objects.name(obj)):
            yield (
                "metadata.name: this is used in Pod names and hostnames, which can result in "
                f"surprising behavior; a DNS label is recommended: {listed(errors)}"
            )
        yield from warnings_for_job(obj)

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        return with_next_generation(_with_enabled_fields(keeping(new, old, "status")), old)

    def canonicalize(self, obj: Object) -> Object:
        """With the labels and lists that storing and reading again would give."""
        spec = obj["spec"]
        policy = spec.get("podFailurePolicy")
        if policy and not policy["rules"]:
            obj = {**obj, "spec": {**spec, "podFailurePolicy": {**policy, "rules": None}}}
        labels = spec["template"]["metadata"].get("labels")
        if labels and not objects.labels(obj):
            obj = objects.with_metadata(obj, labels=labels)
        return obj

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        return validate_job_update(new, old)

    def warnings_on_update(self, new: Object, old: Object) -> Iterable[str]:
        return warnings_for_job_update(new, old)


class JobStatusStrategy(StatusStrategy):
    """Writes a Job's status: what a controller may say of it."""

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        return validate_job_status_update(new, old)


def _with_enabled_fields(job: Object) -> Object:
    spec = job["spec"]
    template = spec["template"]
    pod_spec = without_disabled_fields(template["spec"])
    if pod_spec is template["spec"]:
        return job
    return {**job, "spec": {**spec, "template": {**template, "spec": pod_spec}}}


def with_generated_selector(job: Object) -> Object:
    """The Job with labels on its template that name it, and a selector for them.

    What the writer gave is left alone: a conflict is refused by validation. A Job that has its
    labels from its template has the new ones too.
    """
    spec = job["spec"]
    template = spec["template"]
    given = template["metadata"].get("labels") or {}
    name, uid = objects.name(job), objects.uid(job)
    generated = {
        LEGACY_JOB_NAME: name,
        JOB_NAME: name,
        LEGACY_CONTROLLER_UID: uid,
        CONTROLLER_UID: uid,
    }
    labels = {**generated, **given}
    selector = spec.get("selector") or {}
    matched = {CONTROLLER_UID: uid, **(selector.get("matchLabels") or {})}
    new_template = {**template, "metadata": {**template["metadata"], "labels": labels}}
    new_spec = {
        **spec,
        "selector": {**selector, "matchLabels": matched},
        "template": new_template,
    }
    if given and objects.labels(job) is given:
        job = objects.with_metadata(job, labels=labels)
    return {**job, "spec": new_spec}
