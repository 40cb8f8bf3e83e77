"""Volumes of files: directories, ConfigMaps, Secrets, the pod's own fields, images."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.paths import (
    check_descending,
    check_file_name,
    check_mode,
    check_no_backsteps,
)
from localjobs.admission.validation.references import (
    VOLUME_FIELDS,
    validate_field_ref,
    validate_resource_field_ref,
)
from localjobs.api import quantity
from localjobs.api.field import forbidden, invalid, not_supported, required
from localjobs.api.objects import Object

HOST_PATH_TYPES = (
    "",
    "BlockDevice",
    "CharDevice",
    "Directory",
    "DirectoryOrCreate",
    "File",
    "FileOrCreate",
    "Socket",
)
PULL_POLICIES = ("Always", "IfNotPresent", "Never")


def validate_empty_dir(source: Object, path: str) -> Errors:
    """A directory of the pod's own."""
    limit = source.get("sizeLimit")
    if limit is not None and quantity.parse(str(limit)).nanos < 0:
        yield forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity")


def validate_host_path(source: Object, path: str) -> Errors:
    """A file or directory of the node."""
    place, kind = source.get("path", ""), source.get("type")
    if not place:
        yield required(f"{path}.path")
        return
    yield from check_no_backsteps(place, f"{path}.path")
    if kind is not None and kind not in HOST_PATH_TYPES:
        yield not_supported(f"{path}.type", kind, HOST_PATH_TYPES)


def validate_git_repo(source: Object, path: str) -> Errors:
    """A repository that is cloned."""
    if not source.get("repository"):
        yield required(f"{path}.repository")
    yield from check_descending(source.get("directory", ""), f"{path}.directory")


def validate_secret(source: Object, path: str) -> Errors:
    """The keys of a Secret as files."""
    if not source.get("secretName"):
        yield required(f"{path}.secretName")
    yield from _validate_keys(source, path)


def validate_config_map(source: Object, path: str) -> Errors:
    """The keys of a ConfigMap as files."""
    if not source.get("name"):
        yield required(f"{path}.name")
    yield from _validate_keys(source, path)


def _validate_keys(source: Object, path: str) -> Errors:
    yield from check_mode(source.get("defaultMode"), f"{path}.defaultMode")
    for index, item in enumerate(source.get("items") or ()):
        yield from validate_key_to_path(item, f"{path}.items[{index}]")


def validate_key_to_path(item: Object, path: str) -> Errors:
    """Which file a key becomes."""
    for member in ("key", "path"):
        if not item.get(member):
            yield required(f"{path}.{member}")
    yield from check_file_name(item.get("path", ""), f"{path}.path")
    yield from check_mode(item.get("mode"), f"{path}.mode")


def validate_downward_api(source: Object, path: str) -> Errors:
    """Fields of the pod as files."""
    yield from check_mode(source.get("defaultMode"), f"{path}.defaultMode")
    for file in source.get("items") or ():
        yield from validate_downward_file(file, path)


def validate_downward_file(file: Object, path: str) -> Errors:
    """One field as a file. Errors name the volume, not the item, as upstream's do."""
    name, field = file.get("path", ""), file.get("fieldRef")
    resource = file.get("resourceFieldRef")
    if not name:
        yield required(f"{path}.path")
    yield from check_file_name(name, f"{path}.path")
    if field is not None:
        yield from validate_field_ref(field, VOLUME_FIELDS, f"{path}.fieldRef")
        if resource is not None:
            detail = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield invalid(path, "resource", detail)
    elif resource is not None:
        here = f"{path}.resourceFieldRef"
        yield from validate_resource_field_ref(resource, here, in_volume=True)
    else:
        yield required(path, "one of fieldRef and resourceFieldRef is required")
    yield from check_mode(file.get("mode"), f"{path}.mode")


def validate_image(source: Object, path: str) -> Errors:
    """The file system of an image."""
    return validate_pull_policy(source.get("pullPolicy", ""), f"{path}.pullPolicy")


def check_image_reference(source: Object, path: str) -> Errors:
    """A pod, unlike a template, says which image."""
    if not source.get("reference"):
        yield required(f"{path}.reference")


def validate_pull_policy(policy: str, path: str) -> Errors:
    """When an image is pulled."""
    if not policy:
        yield required(path)
    elif policy not in PULL_POLICIES:
        yield not_supported(path, policy, PULL_POLICIES)


def paths_of(items: Iterable[Object] | None) -> list[str]:
    """The files that a list of keys or fields becomes."""
    return [item.get("path", "") for item in items or ()]
