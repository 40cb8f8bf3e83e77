"""Makes a pod's volumes on the disk, and says what a container mounts of them.

Projected files are laid out as upstream's atomic writer does (pkg/volume/util/atomic_writer.go):
a directory named by its time, `..data` that points to it, and a link through `..data` for each
file, so that an update changes all files at once.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.kubelet.environment import CannotStart
from localjobs.kubelet.expansion import expand
from localjobs.kubelet.runtime import Mount
from localjobs.kubelet.volumes import CannotMount, EmptyDirectory, HostPath, Projection, VolumePlan

_DATA = "..data"
_ANYONE = 0o777


class Volume(Struct, frozen=True):
    """A volume that is there."""

    directory: Path
    read_only: bool


def set_up(
    folder: Path, plans: Mapping[str, VolumePlan], now: float, group: int | None = None
) -> dict[str, Volume]:
    """Make the volumes, or bring them up to date. Raises `CannotMount`.

    `group` is the pod's fsGroup: what is made belongs to it.
    """
    return {name: _set_up_one(folder, name, plan, now, group) for name, plan in plans.items()}


def _set_up_one(folder: Path, name: str, plan: VolumePlan, now: float, group: int | None) -> Volume:
    if isinstance(plan, HostPath):
        try:
            return Volume(_host_path(name, plan), read_only=False)
        except OSError as error:
            raise CannotMount(name, f"{error.strerror}: {plan.path}") from error
    kind = "empty-dir" if isinstance(plan, EmptyDirectory) else "projected"
    directory = folder / "volumes" / f"kubernetes.io~{kind}" / name
    if not directory.exists():
        directory.mkdir(parents=True)
        directory.chmod(_ANYONE)
        if group is not None:
            os.chown(directory, -1, group)
            directory.chmod(_ANYONE | stat.S_ISGID)
    if isinstance(plan, Projection):
        write_projection(directory, plan, now, group)
    return Volume(directory, read_only=isinstance(plan, Projection))


_CHECKS = {
    "Directory": (stat.S_ISDIR, "a directory"),
    "File": (stat.S_ISREG, "a file"),
    "Socket": (stat.S_ISSOCK, "a socket file"),
    "CharDevice": (stat.S_ISCHR, "a character device"),
    "BlockDevice": (stat.S_ISBLK, "a block device"),
}


def _host_path(name: str, plan: HostPath) -> Path:
    path = Path(plan.path)
    wanted = plan.type.removesuffix("OrCreate")
    if not path.exists():
        if plan.type == "FileOrCreate":
            path.touch(mode=0o644)
        elif plan.type in ("", "DirectoryOrCreate"):
            path.mkdir(mode=0o755, parents=True)
    if wanted in _CHECKS:
        is_right, what = _CHECKS[wanted]
        if not path.exists() or not is_right(path.stat().st_mode):
            raise CannotMount(name, f"hostPath type check failed: {plan.path} is not {what}")
    return path


def write_projection(
    directory: Path, plan: Projection, now: float, group: int | None = None
) -> bool:
    """Write the files if they are not there as they should be; whether anything was written."""
    if _holds(directory, plan):
        return False
    stamped = directory / _stamp(directory, now)
    stamped.mkdir(mode=0o755)
    stamped.chmod(0o755)
    for file in plan.files:
        path = stamped / file.path
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(file.mode if group is None else file.mode | 0o440)
        if group is not None:
            os.chown(path, -1, group)
    _point(directory, stamped.name)
    _link(directory, {file.path.split("/", 1)[0] for file in plan.files})
    for other in directory.iterdir():
        if other.name.startswith("..") and other.name not in (_DATA, stamped.name):
            shutil.rmtree(other)
    return True


def _holds(directory: Path, plan: Projection) -> bool:
    """Whether the volume holds exactly these files."""
    data = directory / _DATA
    if not data.exists():
        return False
    wanted = {file.path: file.content for file in plan.files}
    found = {
        str(path.relative_to(data)): path.read_bytes() for path in data.rglob("*") if path.is_file()
    }
    return found == wanted


def _stamp(directory: Path, now: float) -> str:
    """`..2026_01_02_03_04_05.000000001`: the time, and the first number that is free."""
    second = datetime.fromtimestamp(now, UTC).strftime("..%Y_%m_%d_%H_%M_%S.")
    number = 1
    while (directory / f"{second}{number:09}").exists():
        number += 1
    return f"{second}{number:09}"


def _point(directory: Path, target: str) -> None:
    fresh = directory / "..data_tmp"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(directory / _DATA)


def _link(directory: Path, names: set[str]) -> None:
    present = {path.name for path in directory.iterdir() if not path.name.startswith("..")}
    for name in names - present:
        (directory / name).symlink_to(f"{_DATA}/{name}")
    for name in present - names:
        (directory / name).unlink()


def mounts_of(
    container: Object, volumes: Mapping[str, Volume], variables: Mapping[str, str]
) -> Iterator[Mount]:
    """What the container mounts of its pod's volumes. Raises `CannotStart`."""
    for mount in container.get("volumeMounts") or ():
        volume = volumes[mount["name"]]
        source = _source(mount, volume, variables)
        read_only = bool(mount.get("readOnly")) or volume.read_only
        yield Mount(str(source), mount["mountPath"], read_only)


def _source(mount: Object, volume: Volume, variables: Mapping[str, str]) -> Path:
    part = mount.get("subPath") or ""
    if expression := mount.get("subPathExpr"):
        part = expand(expression, variables)
        if "$(" in part:
            raise CannotStart(f"missing value for {expression}")
    if not part:
        return volume.directory
    root = volume.directory.resolve()
    path = (root / part).resolve()
    if not path.is_relative_to(root):
        raise CannotStart(f'failed to prepare subPath for volumeMount "{mount["name"]}"')
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(stat.S_IMODE(root.stat().st_mode))
    return path


def make_working_directory(path: str, mounts: Iterable[Mount]) -> bool:
    """Make the directory if it is within one of the mounts; whether it is."""
    within = [mount for mount in mounts if Path(path).is_relative_to(mount.target)]
    if not within:
        return False
    nearest = max(within, key=lambda mount: len(Path(mount.target).parts))
    inside = Path(nearest.source) / Path(path).relative_to(nearest.target)
    if not nearest.read_only:
        inside.mkdir(parents=True, exist_ok=True)
    return True
