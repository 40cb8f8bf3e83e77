"""Pods on create and update (core/validation; pod/strategy.go)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from localjobs.admission.validation.containers import check_image_padding
from localjobs.admission.validation.formats import Errors, range_error
from localjobs.admission.validation.metadata import (
    validate_object_metadata,
    validate_object_metadata_update,
    validate_registry_update,
)
from localjobs.admission.validation.node_affinity_update import validate_gated_scheduling
from localjobs.admission.validation.pod_annotations import (
    check_annotation_updates,
    check_profile_agreement,
    validate_pod_annotations,
)
from localjobs.admission.validation.pod_spec import LONGEST_DEADLINE, validate_pod_spec
from localjobs.admission.validation.pod_status import validate_pod_status_update
from localjobs.admission.validation.spec_difference import difference
from localjobs.admission.validation.tolerations import check_only_additions
from localjobs.api.field import FieldError, forbidden, invalid, required
from localjobs.api.objects import Object, name

__all__ = ["validate_pod", "validate_pod_status_update", "validate_pod_update"]

_UPDATABLE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod(pod: Object) -> list[FieldError]:
    """A new pod, decoded and defaulted."""
    return list(_validate_new_pod(pod))


def _validate_new_pod(pod: Object) -> Errors:
    spec = pod.get("spec") or {}
    yield from _validate_metadata_and_spec(pod)
    if spec.get("ephemeralContainers"):
        yield forbidden("spec.ephemeralContainers", "cannot be set on create")
    if spec.get("nodeName") and spec.get("schedulingGates"):
        yield forbidden(
            "spec.nodeName", "cannot be set until all schedulingGates have been cleared"
        )
    yield from check_profile_agreement(pod, "spec")


def _validate_metadata_and_spec(pod: Object) -> Errors:
    spec = pod.get("spec") or {}
    yield from validate_object_metadata(pod)
    yield from validate_pod_annotations(pod, "metadata.annotations")
    yield from validate_pod_spec(spec, "spec", name(pod))
    if not (spec.get("serviceAccountName") or spec.get("serviceAccount")):
        yield from _refuse_tokens(spec)
    for key in ("containers", "initContainers"):
        yield from check_image_padding(spec.get(key) or (), f"spec.{key}")


def _refuse_tokens(spec: Object) -> Errors:
    """Without a service account there is no token to project."""
    for index, volume in enumerate(spec.get("volumes") or ()):
        for position, source in enumerate((volume.get("projected") or {}).get("sources") or ()):
            if source.get("serviceAccountToken") is not None:
                here = f"spec.volumes[{index}].projected.sources[{position}].serviceAccountToken"
                yield forbidden(here, "must not be specified when serviceAccountName is not set")


def validate_pod_update(new: Object, old: Object) -> list[FieldError]:
    """All that is wrong with an update: the registry's rules, the new pod's, the change's."""
    errors = list(validate_registry_update(new, old))
    errors += validate_object_metadata_update(new, old)
    errors += _validate_metadata_and_spec(new)
    errors += check_annotation_updates(new, old)
    errors += _validate_spec_update(new.get("spec") or {}, old.get("spec") or {})
    return errors


def _validate_spec_update(new: Object, old: Object) -> Errors:
    for key in ("containers", "initContainers"):
        containers, before = new.get(key) or (), old.get(key) or ()
        if len(containers) != len(before):
            yield forbidden(f"spec.{key}", "pod updates may not add or remove containers")
            return
        yield from _validate_images(containers, f"spec.{key}")
    deadline = _deadline_error(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"))
    if deadline is not None:
        yield deadline
        if new.get("activeDeadlineSeconds") is not None:
            return
    tolerations, before = new.get("tolerations") or (), old.get("tolerations") or ()
    yield from check_only_additions(tolerations, before, "spec.tolerations")
    gates, before = new.get("schedulingGates") or (), old.get("schedulingGates") or ()
    yield from _check_only_deletions(gates, before, "spec.schedulingGates")
    yield from _check_unchanged(new, old)


def _validate_images(containers: Iterable[Object], path: str) -> Errors:
    for index, container in enumerate(containers):
        if not container.get("image"):
            yield required(f"{path}[{index}].image")
        yield from check_image_padding((container,), path, first=index)


def _deadline_error(new: int | None, old: int | None) -> FieldError | None:
    """A deadline may be set, or made shorter; it never goes away."""
    path = "spec.activeDeadlineSeconds"
    if new is None:
        detail = "must not update from a positive integer to nil value"
        return invalid(path, None, detail) if old is not None else None
    if not 0 <= new <= LONGEST_DEADLINE:
        return invalid(path, new, range_error(0, LONGEST_DEADLINE))
    if old is not None and old < new:
        return invalid(path, new, "must be less than or equal to previous value")
    return None


def _check_only_deletions(new: Sequence[Object], old: Sequence[Object], path: str) -> Errors:
    known = {gate.get("name", "") for gate in old}
    for index, gate in enumerate(new):
        added = gate.get("name", "")
        if added not in known:
            detail = f"only deletion is allowed, but found new scheduling gate '{added}'"
            yield forbidden(f"{path}[{index}].name", detail)


def _check_unchanged(new: Object, old: Object) -> Errors:
    """Nothing else in the spec changes, but for what gated pods may still get."""
    munged = _with_updatable_of(new, old)
    if old.get("schedulingGates"):
        yield from validate_gated_scheduling(munged, old)
        munged = _with_scheduling_of(munged, old)
    if munged != old:
        detail = f"pod updates may not change fields other than {_UPDATABLE}"
        yield forbidden("spec", f"{detail}\n{difference(old, munged)}")


def _with_updatable_of(new: Object, old: Object) -> Object:
    """The new spec with the old one's values wherever an update is allowed."""
    munged = dict(new)
    for key in ("containers", "initContainers"):
        if key in new:
            pairs = zip(new[key], old.get(key) or (), strict=True)
            munged[key] = [{**one, "image": other.get("image", "")} for one, other in pairs]
    for key in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _copy(munged, old, key)
    grace = old.get("terminationGracePeriodSeconds")
    if grace is not None and grace < 0 and new.get("terminationGracePeriodSeconds") == 1:
        munged["terminationGracePeriodSeconds"] = grace
    return munged


def _with_scheduling_of(new: Object, old: Object) -> Object:
    munged = dict(new)
    _copy(munged, old, "nodeSelector")
    affinity = {k: v for k, v in (new.get("affinity") or {}).items() if k != "nodeAffinity"}
    before = old.get("affinity")
    if before is not None and before.get("nodeAffinity") is not None:
        affinity["nodeAffinity"] = before["nodeAffinity"]
    if affinity or before is not None:
        munged["affinity"] = affinity
    else:
        munged.pop("affinity", None)
    return munged


def _copy(target: dict[str, Any], source: Object, key: str) -> None:
    if source.get(key) is None:
        target.pop(key, None)
    else:
        target[key] = source[key]
