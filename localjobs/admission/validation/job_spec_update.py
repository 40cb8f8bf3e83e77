"""Which members of a Job's spec may change, and when (batch/validation; job/strategy.go)."""

from __future__ import annotations

from typing import Any

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.metadata import check_immutable
from localjobs.api.field import invalid
from localjobs.api.objects import Object

_IMMUTABLE = (
    "completionMode",
    "podFailurePolicy",
    "backoffLimitPerIndex",
    "managedBy",
    "successPolicy",
)
_SCHEDULING = ("nodeSelector", "tolerations", "schedulingGates")
"""Members of the pods' spec that say where pods go; beside them, node affinity."""


def validate_job_spec_update(new: Object, old: Object) -> Errors:
    """What the change of spec may not do. Both are whole Jobs: the status says what is open."""
    spec, before = new.get("spec") or {}, old.get("spec") or {}
    yield from _validate_completions(spec, before)
    yield from check_immutable(spec.get("selector"), before.get("selector"), "spec.selector")
    yield from _validate_template(spec, before, is_open=is_template_open(old))
    for key in _IMMUTABLE:
        yield from check_immutable(spec.get(key), before.get(key), f"spec.{key}")


def _validate_completions(new: Object, old: Object) -> Errors:
    """Indexed Jobs are elastic: completions may change, always equal to parallelism."""
    completions, path = new.get("completions"), "spec.completions"
    if new.get("completionMode") != "Indexed":
        yield from check_immutable(completions, old.get("completions"), path)
    elif completions is None or completions == old.get("completions"):
        return
    elif completions != new.get("parallelism"):
        detail = "can only be modified in tandem with spec.parallelism"
        yield invalid(path, completions, detail)


def is_template_open(job: Object) -> bool:
    """Whether the template's scheduling directives and resources may change.

    The Job is suspended, and none of its pods is left from the time when it was not.
    """
    spec, status = job.get("spec") or {}, job.get("status") or {}
    if not spec.get("suspend") or status.get("active"):
        return False
    if status.get("startTime") is None:
        return True
    conditions = status.get("conditions") or ()
    return any(one.get("type") == "Suspended" and one.get("status") == "True" for one in conditions)


def _validate_template(spec: Object, before: Object, *, is_open: bool) -> Errors:
    new, old = spec.get("template") or {}, before.get("template") or {}
    if not is_open:
        yield from check_immutable(new, old, "spec.template")
        return
    yield from check_immutable(
        _without_open_metadata(new), _without_open_metadata(old), "spec.template.metadata"
    )
    pod, pod_before = new.get("spec") or {}, old.get("spec") or {}
    if _without_open_members(pod) != _without_open_members(pod_before):
        yield from check_immutable(pod, pod_before, "spec.template.spec")


def _without_open_metadata(template: Object) -> Object:
    meta = template.get("metadata") or {}
    return {key: value for key, value in meta.items() if key not in {"labels", "annotations"}}


def _without_open_members(spec: Object) -> Object:
    """The pods' spec without scheduling directives and the resources of containers."""
    kept: dict[str, Any] = {key: value for key, value in spec.items() if key not in _SCHEDULING}
    affinity = {k: v for k, v in (spec.get("affinity") or {}).items() if k != "nodeAffinity"}
    kept.pop("affinity", None)
    if affinity:
        kept["affinity"] = affinity
    for key in ("containers", "initContainers"):
        if key in spec:
            kept[key] = [
                {name: value for name, value in container.items() if name != "resources"}
                for container in spec[key] or ()
            ]
    return kept
