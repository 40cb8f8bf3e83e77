"""Volumes by claim: an existing PersistentVolumeClaim, or one made with the pod."""

from __future__ import annotations

from collections.abc import Sequence

from localjobs.admission.validation.formats import (
    NOT_POSITIVE,
    Errors,
    check_dns_label,
    check_dns_subdomain,
)
from localjobs.admission.validation.labels import (
    validate_annotations,
    validate_label_selector,
    validate_labels,
)
from localjobs.admission.validation.volumes.network import require
from localjobs.api import quantity
from localjobs.api.field import forbidden, invalid, not_supported, required
from localjobs.api.objects import Object

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = ("Block", "Filesystem")
_METADATA = {
    "name": "name",
    "generateName": "generateName",
    "namespace": "namespace",
    "selfLink": "selfLink",
    "uid": "uID",
    "resourceVersion": "resourceVersion",
    "generation": "generation",
    "creationTimestamp": "creationTimestamp",
    "deletionTimestamp": "deletionTimestamp",
    "deletionGracePeriodSeconds": "deletionGracePeriodSeconds",
    "ownerReferences": "ownerReferences",
    "finalizers": "finalizers",
    "managedFields": "managedFields",
}
"""Members that a template's metadata may not have, and how upstream's errors spell them."""


def validate_claim(source: Object, path: str) -> Errors:
    """An existing claim, by name."""
    return require(source, path, "claimName")


def validate_ephemeral(source: Object, path: str) -> Errors:
    """A claim that lives as long as the pod."""
    template = source.get("volumeClaimTemplate")
    here = f"{path}.volumeClaimTemplate"
    if template is None:
        yield required(here)
        return
    yield from _validate_template_metadata(template.get("metadata") or {}, f"{here}.metadata")
    yield from validate_claim_spec(template.get("spec") or {}, f"{here}.spec")


def _validate_template_metadata(meta: Object, path: str) -> Errors:
    yield from validate_annotations(meta.get("annotations"), f"{path}.annotations")
    yield from validate_labels(meta.get("labels"), f"{path}.labels")
    for key, shown in _METADATA.items():
        if meta.get(key) is not None:
            yield forbidden(f"{path}.{shown}", "cannot be set")


def validate_claim_spec(spec: Object, path: str) -> Errors:
    """The spec of a PersistentVolumeClaim."""
    modes = spec.get("accessModes") or ()
    if not modes:
        yield required(f"{path}.accessModes", "at least 1 access mode is required")
    yield from validate_label_selector(spec.get("selector"), f"{path}.selector")
    yield from _validate_access_modes(modes, f"{path}.accessModes")
    requests = (spec.get("resources") or {}).get("requests") or {}
    yield from _validate_storage(requests.get("storage"), f"{path}.resources[storage]")
    if spec.get("storageClassName"):
        yield from check_dns_subdomain(spec["storageClassName"], f"{path}.storageClassName")
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        yield not_supported(f"{path}.volumeMode", mode, VOLUME_MODES)
    yield from _validate_data_sources(spec.get("dataSource"), spec.get("dataSourceRef"), path)
    attributes = spec.get("volumeAttributesClassName")
    if attributes:
        yield from check_dns_subdomain(attributes, f"{path}.volumeAttributesClassName")


def _validate_access_modes(modes: Sequence[str], path: str) -> Errors:
    for mode in modes:
        if mode not in ACCESS_MODES:
            yield not_supported(path, mode, ACCESS_MODES)
    known = {mode for mode in modes if mode in ACCESS_MODES}
    if "ReadWriteOncePod" in known and len(known) > 1:
        yield forbidden(path, "may not use ReadWriteOncePod with other access modes")


def _validate_storage(storage: object, path: str) -> Errors:
    if storage is None:
        yield required(path)
        return
    amount = quantity.parse(str(storage))
    if amount.nanos <= 0:
        yield invalid(path, str(amount), NOT_POSITIVE)


def _validate_data_sources(source: Object | None, reference: Object | None, path: str) -> Errors:
    if source is not None:
        yield from _validate_data_source(source, f"{path}.dataSource")
    if reference is not None:
        yield from _validate_data_source(reference, f"{path}.dataSourceRef")
        if reference.get("namespace"):
            here = f"{path}.dataSourceRef.namespace"
            yield from check_dns_label(reference["namespace"], here)
    if source is None or reference is None:
        return
    # The offending "value" is a path, which prints as an empty structure.
    if reference.get("namespace"):
        yield invalid(path, {}, "may not be specified when dataSourceRef.namespace is specified")
    elif any(source.get(key) != reference.get(key) for key in ("apiGroup", "kind", "name")):
        yield invalid(path, {}, "must match dataSourceRef")


def _validate_data_source(source: Object, path: str) -> Errors:
    yield from require(source, path, "name", "kind")
    group, kind = source.get("apiGroup") or "", source.get("kind", "")
    if group:
        yield from check_dns_subdomain(group, f"{path}.apiGroup")
    elif kind != "PersistentVolumeClaim":
        detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        yield invalid(path, kind, detail)
