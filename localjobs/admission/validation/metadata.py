"""Object metadata on create and update (apimachinery/pkg/api/validation/objectmeta.go)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from localjobs.admission.validation.formats import (
    IMMUTABLE,
    Errors,
    check_non_negative,
    check_qualified_name,
    malformed,
    masked_prefix,
)
from localjobs.admission.validation.labels import validate_annotations, validate_labels
from localjobs.api import names
from localjobs.api.field import forbidden, invalid, quoted, required, too_long
from localjobs.api.objects import Object, metadata

NameFormat: TypeAlias = Callable[[str], list[str]]
"""What is wrong with a name; [] if nothing is."""

STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_BARE_FINALIZER = "name is neither a standard finalizer name nor is it fully qualified"


def validate_object_metadata(
    obj: Object,
    name_format: NameFormat = names.dns1123_subdomain_errors,
    *,
    namespaced: bool = True,
    path: str = "metadata",
) -> Errors:
    """The metadata of a new object, whose name has been generated if it asked for that."""
    yield from _validate_whole(obj, name_format, namespaced=namespaced, path=path)
    yield from _check_standard_finalizers(metadata(obj).get("finalizers"), f"{path}.finalizers")


def _validate_whole(obj: Object, name_format: NameFormat, *, namespaced: bool, path: str) -> Errors:
    meta = metadata(obj)
    prefix, name = meta.get("generateName"), meta.get("name")
    if prefix:
        yield from malformed(f"{path}.generateName", prefix, name_format(masked_prefix(prefix)))
    if not name:
        yield required(f"{path}.name", "name or generateName is required")
    else:
        yield from malformed(f"{path}.name", name, name_format(name))
    yield from _validate_namespace(meta.get("namespace"), namespaced, f"{path}.namespace")
    yield from check_non_negative(meta.get("generation", 0), f"{path}.generation")
    yield from _validate_labels_and_owners(meta, path)
    yield from _validate_finalizers(meta.get("finalizers"), f"{path}.finalizers")
    yield from _validate_managed_fields(meta.get("managedFields"), f"{path}.managedFields")


def validate_stored_metadata(
    obj: Object, *, namespaced: bool = True, path: str = "metadata"
) -> Errors:
    """What the registry itself demands of any object: a name that can stand in a path."""
    return _validate_whole(obj, path_segment_errors, namespaced=namespaced, path=path)


def validate_registry_update(new: Object, old: Object, *, namespaced: bool = True) -> Errors:
    """What the registry demands of every update, before the kind's own validation.

    Kinds check metadata again, so its errors come twice, as upstream's do.
    """
    yield from validate_stored_metadata(new, namespaced=namespaced)
    yield from validate_stored_metadata_update(new, old)


def path_segment_errors(text: str) -> list[str]:
    """What keeps a name from being one segment of a path (api/validation/path)."""
    if text in {".", ".."}:
        return [f"may not be '{text}'"]
    return [f"may not contain '{one}'" for one in "/%" if one in text]


def _validate_namespace(namespace: str | None, namespaced: bool, path: str) -> Errors:
    if not namespaced:
        if namespace:
            yield forbidden(path, "not allowed on this type")
    elif not namespace:
        yield required(path)
    else:
        yield from malformed(path, namespace, names.dns1123_label_errors(namespace))


def _validate_labels_and_owners(meta: Object, path: str) -> Errors:
    yield from validate_labels(meta.get("labels"), f"{path}.labels")
    yield from validate_annotations(meta.get("annotations"), f"{path}.annotations")
    owners = meta.get("ownerReferences")
    if owners:
        yield from _validate_owners(owners, f"{path}.ownerReferences")


def _validate_owners(owners: list[Object], path: str) -> Errors:
    controller = ""
    for owner in owners:
        yield from _validate_owner(owner, path)
        if not owner.get("controller"):
            continue
        name = f"{owner.get('kind', '')}/{owner.get('name', '')}"
        if controller:
            detail = (
                "Only one reference can have Controller set to true. "
                f'Found "true" in references for {controller} and {name}'
            )
            yield invalid(path, [_owner_form(one) for one in owners], detail)
        else:
            controller = name


def _validate_owner(owner: Object, path: str) -> Errors:
    api_version, kind = owner.get("apiVersion", ""), owner.get("kind", "")
    if not _version_of(api_version):
        yield invalid(f"{path}.apiVersion", api_version, "version must not be empty")
    for member in ("kind", "name", "uid"):
        if not owner.get(member):
            yield invalid(f"{path}.{member}", owner.get(member, ""), "must not be empty")
    if api_version == "v1" and kind == "Event":
        detail = "/v1, Kind=Event is disallowed from being an owner"
        yield invalid(path, _owner_form(owner), detail)


def _version_of(api_version: str) -> str:
    """The version in `group/version`; "" if the text has not that form."""
    parts = api_version.split("/")
    return parts[-1] if len(parts) <= 2 else ""


def _owner_form(owner: Object) -> Object:
    members = ("apiVersion", "kind", "name", "uid")
    options = ("controller", "blockOwnerDeletion")
    form: Object = {member: owner.get(member, "") for member in members}
    return form | {option: owner[option] for option in options if option in owner}


def _validate_finalizers(finalizers: list[str] | None, path: str) -> Errors:
    for finalizer in finalizers or ():
        yield from check_qualified_name(finalizer, path)
    if finalizers and {"orphan", "foregroundDeletion"} <= set(finalizers):
        detail = "finalizer orphan and foregroundDeletion cannot be both set"
        yield invalid(path, finalizers, detail)


def _check_standard_finalizers(finalizers: list[str] | None, path: str) -> Errors:
    for index, finalizer in enumerate(finalizers or ()):
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS:
            yield invalid(f"{path}[{index}]", finalizer, _BARE_FINALIZER)


def _validate_managed_fields(entries: list[Object] | None, path: str) -> Errors:
    for index, entry in enumerate(entries or ()):
        here = f"{path}[{index}]"
        operation, fields_type = entry.get("operation", ""), entry.get("fieldsType", "")
        if operation not in {"Apply", "Update"}:
            yield invalid(f"{here}.operation", operation, "must be `Apply` or `Update`")
        if fields_type not in {"", "FieldsV1"}:
            yield invalid(f"{here}.fieldsType", fields_type, "must be `FieldsV1`")
        yield from validate_field_manager(entry.get("manager", ""), f"{here}.manager")
        if len(entry.get("subresource", "").encode()) > 256:
            yield too_long(f"{here}.subresource", 256)


def validate_field_manager(manager: str, path: str) -> Errors:
    """The name of who sets fields: at most 128 bytes, all printable."""
    if len(manager.encode()) > 128:
        yield too_long(path, 128)
    position = 0
    for character in manager:
        if not character.isprintable():
            shown = f"U+{ord(character):04X}"
            yield invalid(path, manager, f"invalid character {shown} (at position {position})")
        position += len(character.encode())


def check_immutable(new: Any, old: Any, path: str) -> Errors:
    """The field may not change."""
    if new != old:
        yield invalid(path, new, IMMUTABLE)


_IMMUTABLE_MEMBERS = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def validate_stored_metadata_update(new: Object, old: Object, path: str = "metadata") -> Errors:
    """What the registry itself demands of any update (ValidateObjectMetaAccessorUpdate)."""
    meta, before = metadata(new), metadata(old)
    if before.get("deletionTimestamp"):
        finalizers = meta.get("finalizers") or ()
        yield from _check_no_new_finalizers(finalizers, before.get("finalizers") or (), path)
    if not meta.get("resourceVersion"):
        yield invalid(f"{path}.resourceVersion", "", "must be specified for an update")
    if meta.get("generation", 0) < before.get("generation", 0):
        yield invalid(f"{path}.generation", meta.get("generation", 0), "must not be decremented")
    for member in _IMMUTABLE_MEMBERS:
        empty = "" if member in {"name", "namespace", "uid"} else None
        yield from check_immutable(
            meta.get(member, empty), before.get(member, empty), f"{path}.{member}"
        )
    yield from _validate_labels_and_owners(meta, path)
    yield from _validate_managed_fields(meta.get("managedFields"), f"{path}.managedFields")


def _check_no_new_finalizers(new: Iterable[str], old: Iterable[str], path: str) -> Errors:
    extra = sorted(set(new) - set(old))
    if extra:
        detail = (
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{', '.join(quoted(one) for one in extra)}}}"
        )
        yield forbidden(f"{path}.finalizers", detail)


def validate_object_metadata_update(new: Object, old: Object, path: str = "metadata") -> Errors:
    """What a kind's own validation demands of an update: the registry's rules and finalizers."""
    yield from validate_stored_metadata_update(new, old, path)
    yield from _check_standard_finalizers(metadata(new).get("finalizers"), f"{path}.finalizers")
