"""What a container mounts: `volumeMounts` and `volumeDevices` (core/validation).

Some errors name the list and not the item, as upstream's do.
"""

from __future__ import annotations

from collections.abc import Mapping

from localjobs.admission.validation.formats import Errors
from localjobs.admission.validation.paths import check_descending, has_backsteps
from localjobs.api.field import forbidden, invalid, not_found, not_supported, required
from localjobs.api.objects import Object

PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
RECURSIVE_READ_ONLY = ("Disabled", "Enabled", "IfPossible")


def validate_mounts(container: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The file systems that the container mounts. `path` is the container's."""
    devices = {
        one.get("name", ""): one.get("devicePath", "")
        for one in container.get("volumeDevices") or ()
    }
    points: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        here = f"{path}.volumeMounts[{index}]"
        yield from _validate_place(mount, points, volumes, here)
        name, point = mount.get("name", ""), mount.get("mountPath", "")
        if name in devices:
            yield invalid(f"{here}.name", name, "must not already exist in volumeDevices")
        if point in devices.values():
            detail = "must not already exist as a path in volumeDevices"
            yield invalid(f"{here}.mountPath", point, detail)
        yield from _validate_sub_path(mount, f"{path}.volumeMounts", here)
        yield from _validate_propagation(mount, container, f"{path}.volumeMounts")
        yield from _validate_recursive_read_only(mount, f"{path}.volumeMounts.recursiveReadOnly")


def _validate_place(
    mount: Object, points: set[str], volumes: Mapping[str, Object], path: str
) -> Errors:
    name, point = mount.get("name", ""), mount.get("mountPath", "")
    if not name:
        yield required(f"{path}.name")
    if name not in volumes:
        yield not_found(f"{path}.name", name)
    if not point:
        yield required(f"{path}.mountPath")
    if point in points:
        yield invalid(f"{path}.mountPath", point, "must be unique")
    points.add(point)


def _validate_sub_path(mount: Object, path: str, here: str) -> Errors:
    plain, expression = mount.get("subPath", ""), mount.get("subPathExpr", "")
    if plain:
        yield from check_descending(plain, f"{path}.subPath")
    if expression:
        if plain:
            detail = "subPathExpr and subPath are mutually exclusive"
            yield invalid(f"{here}.subPathExpr", expression, detail)
        yield from check_descending(expression, f"{path}.subPathExpr")


def _validate_propagation(mount: Object, container: Object, path: str) -> Errors:
    propagation = mount.get("mountPropagation")
    if propagation is None:
        return
    if propagation not in PROPAGATIONS:
        yield not_supported(f"{path}.mountPropagation", propagation, PROPAGATIONS)
    is_privileged = (container.get("securityContext") or {}).get("privileged")
    if propagation == "Bidirectional" and not is_privileged:
        detail = "Bidirectional mount propagation is available only to privileged containers"
        yield forbidden(f"{path}.mountPropagation", detail)


def _validate_recursive_read_only(mount: Object, path: str) -> Errors:
    mode = mount.get("recursiveReadOnly")
    if mode is None or mode == "Disabled":
        return
    if mode not in RECURSIVE_READ_ONLY:
        yield not_supported(path, mode, RECURSIVE_READ_ONLY)
        return
    if not mount.get("readOnly"):
        yield forbidden(path, "may only be specified when readOnly is true")
    if mount.get("mountPropagation") not in {None, "None"}:
        detail = "may only be specified when mountPropagation is None or not specified"
        yield forbidden(path, detail)


def validate_devices(container: Object, volumes: Mapping[str, Object], path: str) -> Errors:
    """The block devices that the container sees. `path` is the container's."""
    mounts = {
        one.get("name", ""): one.get("mountPath", "") for one in container.get("volumeMounts") or ()
    }
    paths: set[str] = set()
    taken: set[str] = set()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        here = f"{path}.volumeDevices[{index}]"
        name, place = device.get("name", ""), device.get("devicePath", "")
        yield from _validate_device_name(name, taken, volumes.get(name), f"{here}.name")
        yield from _validate_device_path(place, paths, f"{here}.devicePath")
        if name in mounts:
            yield invalid(f"{here}.name", name, "must not already exist in volumeMounts")
        if place in mounts.values():
            detail = "must not already exist as a path in volumeMounts"
            yield invalid(f"{here}.devicePath", place, detail)
        if name:
            taken.add(name)


def _validate_device_name(name: str, taken: set[str], volume: Object | None, path: str) -> Errors:
    if not name:
        yield required(path)
    if name in taken:
        yield invalid(path, name, "must be unique")
    if volume is None:
        yield not_found(path, name)
    elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
        detail = (
            "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        )
        yield invalid(path, name, detail)


def _validate_device_path(place: str, paths: set[str], path: str) -> Errors:
    if not place:
        yield required(path)
    if place in paths:
        yield invalid(path, place, "must be unique")
    if has_backsteps(place):
        yield invalid(path, place, "can not contain backsteps ('..')")
    else:
        paths.add(place)
