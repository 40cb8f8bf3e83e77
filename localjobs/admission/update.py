"""From a changed object to one that may replace the old (apiserver/pkg/registry/rest/update.go)."""

from __future__ import annotations

from typing import Any

from localjobs.admission.create import in_namespace
from localjobs.admission.decoding import decode
from localjobs.admission.defaulting import default
from localjobs.admission.options import Admitted, Stamp, WriteOptions
from localjobs.admission.owners import without_repeated_owners
from localjobs.admission.ownership.tracking import Writer, attributed
from localjobs.admission.strategy_table import strategy_for
from localjobs.api import objects
from localjobs.api.field import invalid_object
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.errors import BadRequest, warning


def admit_update(
    resource: Resource,
    old: Object,
    body: Any,
    options: WriteOptions,
    stamp: Stamp,
    subresource: str = "",
) -> Admitted:
    """The object to store in the place of `old` for a PUT, or for a patch's result.

    `subresource` is "" or "status". Raises BadRequest or Invalid. Whether the body's
    resourceVersion and uid are still those of `old` is for the registry to check; the answer has
    those of `old`.
    """
    decoded = decode(resource, body, options.field_validation)
    new, owner_warnings = without_repeated_owners(default(resource, decoded.object))
    with warning((*decoded.warnings, *owner_warnings)):
        check_name(new, old)
        new = in_namespace(new, objects.namespace(old))
        new = attributed(resource, old, new, Writer(options.field_manager, subresource), stamp.now)
        strategy = strategy_for(resource, subresource)
        new = strategy.prepare_for_update(_with_kept_metadata(new, old), old)
        if errors := list(strategy.validate_update(new, old)):
            raise invalid_object(resource, objects.name(new), errors)
    warnings = (*decoded.warnings, *owner_warnings, *strategy.warnings_on_update(new, old))
    return Admitted(strategy.canonicalize(new), tuple(dict.fromkeys(warnings)))


def check_name(new: Object, old: Object) -> None:
    """BadRequest if a body names another object than the one its path names."""
    name, expected = objects.name(new), objects.name(old)
    if not name:
        raise BadRequest(
            f"the name of the object ({expected} based on URL) was undeterminable: "
            "name must be provided"
        )
    if name != expected:
        raise BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({expected})"
        )
    namespace, expected = objects.namespace(new), objects.namespace(old)
    if namespace and expected and namespace != expected:
        raise BadRequest(
            f"the namespace of the object ({namespace}) does not match "
            f"the namespace on the request ({expected})"
        )


def _with_kept_metadata(new: Object, old: Object) -> Object:
    """The new object with the metadata that an update leaves alone, or may leave out."""
    meta, before = objects.metadata(new), objects.metadata(old)
    kept = {
        "generation": before.get("generation"),
        "creationTimestamp": before.get("creationTimestamp"),
        "uid": meta.get("uid") or before.get("uid"),
        "resourceVersion": before.get("resourceVersion"),
        "selfLink": None,
    }
    if before.get("deletionTimestamp"):
        kept["deletionTimestamp"] = before["deletionTimestamp"]
    if "deletionGracePeriodSeconds" not in meta:
        kept["deletionGracePeriodSeconds"] = before.get("deletionGracePeriodSeconds")
    return objects.with_metadata(new, **kept)
