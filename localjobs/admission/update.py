"""From a changed object to one that may replace the old (apiserver/pkg/registry/rest/update.go)."""

from __future__ import annotations

from localjobs.admission.create import in_namespace
from localjobs.admission.decoding import Decoded
from localjobs.admission.defaulting import default
from localjobs.admission.options import Admitted, Stamp, WriteOptions
from localjobs.admission.owners import without_repeated_owners
from localjobs.admission.ownership.tracking import Writer, attributed
from localjobs.admission.strategy_table import strategy_for
from localjobs.admission.versions import check_version
from localjobs.api import objects
from localjobs.api.field import invalid_object
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.errors import BadRequest, warning


def placed(resource: Resource, old: Object, decoded: Decoded) -> Decoded:
    """What was sent for `old`, defaulted, once it is known to be about that object.

    Raises BadRequest if it names another one, or says that it is in another namespace.
    """
    new, owner_warnings = without_repeated_owners(default(resource, decoded.object))
    warnings = (*decoded.warnings, *owner_warnings)
    with warning(warnings):
        new = in_namespace(new, objects.namespace(old))
        check_name(new, objects.name(old))
    return Decoded(new, warnings)


def admit_update(
    resource: Resource,
    old: Object,
    sent: Decoded,
    options: WriteOptions,
    stamp: Stamp,
    subresource: str = "",
) -> Admitted:
    """The object to store in the place of `old` for a PUT, or for a patch's result.

    `sent` is what `placed` made of it; `subresource` is "" or "status". Raises Conflict if it was
    made from another version of the object, Invalid. The answer has the uid and version of `old`.
    """
    with warning(sent.warnings):
        check_version(resource, old, sent.object)
        writer = Writer(options.field_manager, subresource)
        new = attributed(resource, old, sent.object, writer, stamp.now)
        strategy = strategy_for(resource, subresource)
        new = strategy.prepare_for_update(_with_kept_metadata(new, old), old)
        if errors := list(strategy.validate_update(new, old)):
            raise invalid_object(resource, objects.name(new), errors)
    warnings = (*sent.warnings, *strategy.warnings_on_update(new, old))
    return Admitted(strategy.canonicalize(new), tuple(dict.fromkeys(warnings)))


def check_name(new: Object, expected: str) -> None:
    """BadRequest if a body names another object than its path."""
    name = objects.name(new)
    if not name:
        raise BadRequest(
            f"the name of the object ({expected} based on URL) was undeterminable: "
            "name must be provided"
        )
    if name != expected:
        raise BadRequest(
            f"the name of the object ({name}) does not match the name on the URL ({expected})"
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
