"""Lists a directory of manifests and reads its files, whatever they turn out to be.

A name may belong to a pipe, a device, a directory, or a file that somebody is still writing:
nothing here waits for any of them.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from localjobs.errors import ManifestError
from localjobs.manifests.parse import MOST_BYTES
from localjobs.manifests.sync import is_manifest

Signature: TypeAlias = tuple[int, ...]
"""What tells one state of a file from another without reading it."""

_KINDS = {
    stat.S_IFDIR: "a directory",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class Listing(Struct, frozen=True):
    """The manifests of a directory, and which directory that is."""

    identity: tuple[int, int]
    files: dict[str, Signature]


class Content(Struct, frozen=True):
    """What is in a manifest; `is_whole` is False if somebody may be still writing it."""

    data: bytes
    signature: Signature
    is_whole: bool


def list_manifests(directory: Path) -> Listing | None:
    """The manifests there are now; None if the directory is not there, or cannot be listed."""
    try:
        found = os.stat(directory)
        with os.scandir(directory) as entries:
            files = {entry.name: _signature(entry) for entry in entries if is_manifest(entry.name)}
    except OSError:
        return None
    return Listing((found.st_dev, found.st_ino), files)


def find_manifests(directory: Path, names: Iterable[str]) -> dict[str, Signature]:
    """Those of the named manifests that are there now."""
    found: dict[str, Signature] = {}
    for name in names:
        try:
            found[name] = signature_of(os.stat(directory / name))
        except FileNotFoundError:
            if os.path.lexists(directory / name):
                found[name] = (errno.ENOENT,)
        except OSError as error:
            found[name] = (error.errno or 0,)
    return found


def _signature(entry: os.DirEntry[str]) -> Signature:
    try:
        return signature_of(entry.stat())
    except OSError as error:
        # A broken link, or one that leads to itself: reading says so.
        return (error.errno or 0,)


def signature_of(found: os.stat_result) -> Signature:
    """The signature of a file with this status."""
    return (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_mode)


def read_manifest(path: Path) -> Content | None:
    """The content of a manifest; None if it has gone. Raises ManifestError if it is unfit."""
    try:
        _check(os.stat(path))
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        if path.is_symlink():
            raise ManifestError("a symbolic link that leads nowhere") from None
        return None
    except OSError as error:
        raise _unreadable(error) from error
    try:
        return _read(descriptor)
    except OSError as error:
        raise _unreadable(error) from error
    finally:
        os.close(descriptor)


def _check(found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind != stat.S_IFREG:
        raise ManifestError(f"{_KINDS.get(kind, 'something else')}, not a file")
    if found.st_size > MOST_BYTES:
        raise ManifestError(f"the file is too large: {found.st_size} bytes, at most {MOST_BYTES}")


def _read(descriptor: int) -> Content:
    before = os.fstat(descriptor)
    _check(before)  # it may have been exchanged for another since
    is_whole = not _is_being_written(descriptor)
    data = b""
    while len(data) <= MOST_BYTES and (part := os.read(descriptor, MOST_BYTES + 1 - len(data))):
        data += part
    after = os.fstat(descriptor)
    unchanged = signature_of(after) == signature_of(before) and len(data) == after.st_size
    return Content(data, signature_of(after), is_whole and unchanged)


def _unreadable(error: OSError) -> ManifestError:
    if error.errno == errno.ELOOP:
        return ManifestError("a symbolic link that leads to itself")
    return ManifestError(f"cannot be read: {error.strerror}")


def _is_being_written(descriptor: int) -> bool:
    """Whether somebody has the file open for writing; False where that cannot be told.

    Linux grants a read lease only on files that nobody writes. A writer who comes while it is
    held makes the kernel send a signal: one that is ignored, instead of SIGIO, which kills.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
