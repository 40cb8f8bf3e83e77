"""The few kernel calls that the standard library does not offer, through ctypes.

Each raises OSError as Python's own wrappers do. Elsewhere than on Linux none may be called; the
callers ask `AVAILABLE` first.
"""

from __future__ import annotations

import ctypes
import os
import sys

AVAILABLE = sys.platform == "linux"

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000

MS_RDONLY = 0x1
MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_NOEXEC = 0x8
MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_NOATIME = 0x400
MS_NODIRATIME = 0x800
MS_MOVE = 0x2000
MS_REC = 0x4000
MS_UNBINDABLE = 0x20000
MS_PRIVATE = 0x40000
MS_SLAVE = 0x80000
MS_RELATIME = 0x200000

AT_FDCWD = -100
AT_RECURSIVE = 0x8000

# The same on every architecture (include/uapi/asm-generic/unistd.h); since Linux 5.2.
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_OPEN_TREE_CLONE = 0x1
_MOVE_MOUNT_F_EMPTY_PATH = 0x4

_PR_SET_CHILD_SUBREAPER = 36

# None opens the running program itself, which is linked with the C library.
_libc = ctypes.CDLL(None, use_errno=True)
if AVAILABLE:
    _text, _flags = ctypes.c_char_p, ctypes.c_ulong
    _libc.mount.argtypes = (_text, _text, _text, _flags, _text)
    _libc.setns.argtypes = (ctypes.c_int, ctypes.c_int)
    _libc.unshare.argtypes = (ctypes.c_int,)


def _check(result: int, *paths: str) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), *paths)


def become_subreaper() -> None:
    """Orphaned descendants become this process's children, not those of init (prctl(2))."""
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` name for new ones (unshare(2))."""
    _check(_libc.unshare(flags))


def set_mount_namespace(descriptor: int) -> None:
    """Enter a mount namespace; root and working directory become its root (setns(2))."""
    _check(_libc.setns(descriptor, CLONE_NEWNS))


def clone_tree(source: str) -> int:
    """A detached copy of what is seen at `source`, mounts below included, as a descriptor."""
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC | AT_RECURSIVE
    descriptor = int(_libc.syscall(_SYS_OPEN_TREE, AT_FDCWD, os.fsencode(source), flags))
    _check(descriptor, source)
    return descriptor


def attach_tree(descriptor: int, target: str) -> None:
    """Mount a detached copy at `target`."""
    _check(
        _libc.syscall(
            _SYS_MOVE_MOUNT,
            descriptor,
            b"",
            AT_FDCWD,
            os.fsencode(target),
            _MOVE_MOUNT_F_EMPTY_PATH,
        ),
        target,
    )


def mount(source: str, target: str, flags: int, kind: str = "", options: str = "") -> None:
    """mount(2); a failure names the target."""
    _check(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            os.fsencode(kind) if kind else None,
            flags,
            os.fsencode(options) if options else None,
        ),
        target,
    )
