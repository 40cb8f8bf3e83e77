"""Mirrors: directories of a private view that look like the machine's and can hold mount points."""

from __future__ import annotations

import os
import stat

from localjobs.shim import linux

BOUND_ENTRIES = 64
"""A directory with more entries is mirrored by symbolic links: a mount for each costs too much."""

HIDDEN = ".localjobs-mirrored"
"""Where a mirror keeps the directory that it mirrors, if it links to it."""

DEVICES = ("console", "full", "null", "ptmx", "random", "tty", "urandom", "zero")
"""What is copied, or else bound, in /dev, never linked to: programs look at these more closely."""


class Mirrors:
    """The mirrors and volumes of one view."""

    def __init__(self, staging: str) -> None:
        self._staging = staging
        self._own: list[str] = []
        self.volumes: list[str] = []
        """Mount points of this view: below them nothing is mirrored."""

    def copy(self) -> Mirrors:
        """The mirrors of a namespace that is a copy of this one's."""
        copied = Mirrors(self._staging)
        copied._own = list(self._own)
        return copied

    def make_point(self, path: str, is_directory: bool) -> None:
        """Make a mount point of the kind of its source, mirroring what is above it if need be."""
        parent = os.path.dirname(path)
        while not os.path.isdir(parent):
            parent = os.path.dirname(parent)
        if not self._is_own(parent):
            self.replace(parent)
        if is_directory:
            os.makedirs(path, 0o755)
        else:
            os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644))

    def replace(self, directory: str) -> None:
        """Put a mirror of `directory` in its place."""
        status = os.stat(directory)
        # Its owner and mode, so that who may make files there still may.
        options = f"mode={stat.S_IMODE(status.st_mode):o},size=16m"
        linux.mount("tmpfs", self._staging, 0, "tmpfs", options)
        # Lest a mirror of what contains it bind it into itself.
        linux.mount("none", self._staging, linux.MS_UNBINDABLE)
        if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
            _try_chown(self._staging, status)
        _fill(directory, self._staging)
        if directory == "/":
            self._switch_root()
        else:
            linux.mount(self._staging, directory, linux.MS_MOVE)
        linux.mount("none", directory, linux.MS_PRIVATE)
        self._own.append(directory)

    def change_root(self, tree: int) -> None:
        """Make this tree the root of the view, with the machine's own /proc, /sys and /dev."""
        linux.attach_tree(tree, self._staging)
        for name in ("proc", "sys", "dev"):
            if os.path.isdir(f"{self._staging}/{name}"):
                linux.mount(f"/{name}", f"{self._staging}/{name}", linux.MS_BIND | linux.MS_REC)
        self._switch_root()
        self.volumes.append("/")

    def _switch_root(self) -> None:
        # As switch_root(8): a process in a view may then still make user namespaces of its own.
        os.chdir(self._staging)
        linux.mount(".", "/", linux.MS_MOVE)
        os.chroot(".")
        os.chdir("/")

    def _is_own(self, directory: str) -> bool:
        """Whether mount points may be made here: in a mirror (not in what is seen through it)."""
        device = os.stat(directory).st_dev
        return any(
            _within(directory, own) and os.stat(own).st_dev == device for own in self._own
        ) or any(_within(directory, volume) for volume in self.volumes)


def _within(path: str, directory: str) -> bool:
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def _try_chown(path: str, status: os.stat_result) -> None:
    try:
        os.chown(path, status.st_uid, status.st_gid)
    except OSError:
        return  # in a user namespace nobody else can own it: it stays ours


def _fill(directory: str, mirror: str) -> None:
    device = os.stat(directory).st_dev
    with os.scandir(directory) as listing:
        entries = [entry for entry in listing if f"{directory.rstrip('/')}/{entry.name}" != mirror]
    linked = len(entries) > BOUND_ENTRIES
    if linked:
        os.mkdir(f"{mirror}/{HIDDEN}", 0o755)
        _bind_hidden(directory, f"{mirror}/{HIDDEN}")
    for entry in entries:
        target = f"{mirror}/{entry.name}"
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
        elif directory == "/dev" and entry.name in DEVICES:
            _copy_device(entry, target)
        elif linked and entry.stat(follow_symlinks=False).st_dev == device:
            os.symlink(f"{HIDDEN}/{entry.name}", target)
        else:
            _bind(entry, target)


def _bind_hidden(directory: str, target: str) -> None:
    try:
        # What is mounted below is bound entry by entry: the fewer mounts, the faster a start.
        linux.mount(directory, target, linux.MS_BIND)
    except OSError:
        # In a user namespace, parts of a tree of mounts cannot be uncovered.
        linux.mount(directory, target, linux.MS_BIND | linux.MS_REC)


def _copy_device(entry: os.DirEntry[str], target: str) -> None:
    status = entry.stat(follow_symlinks=False)
    try:
        os.mknod(target, status.st_mode, status.st_rdev)
    except PermissionError:
        _bind(entry, target)
        return
    os.chmod(target, stat.S_IMODE(status.st_mode))
    os.chown(target, status.st_uid, status.st_gid)


def _bind(entry: os.DirEntry[str], target: str) -> None:
    if entry.is_dir():
        os.mkdir(target, 0o755)
    else:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644))
    linux.mount(entry.path, target, linux.MS_BIND | linux.MS_REC)
