"""Private views of the file system: what a start's mounts ask for, unseen by the machine.

At the start the shim moves into a mount namespace of its own (as root directly, else in a user
namespace that maps its user to itself), which sees what is mounted on the machine later and shows
it nothing. For each container with mounts it makes another, mounts there, starts the process there
and goes back: two tenths of a millisecond.

A mount point that does not exist is not made on the machine: the nearest directory that exists is
replaced, in the view, by a mirror of itself (a small tmpfs through which its entries are seen), and
the mount point is made there. /dev gets its mirror once for all, with the mount point
/dev/termination-log in it, since every container asks for that. Within a volume of the
container's own a mount point is made for real, as container runtimes do.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext

from localjobs.shim import linux
from localjobs.shim.executable import CannotStart, reason
from localjobs.shim.mirror import Mirrors
from localjobs.shim.own_log import note

TERMINATION_LOG = "/dev/termination-log"

MountRequest = tuple[str, str, bool]
"""Source, target, whether it is read-only."""


_HERE = nullcontext()


class Views:
    """Makes private views, where the machine can (`supported`)."""

    def __init__(self, staging: str) -> None:
        """`staging`: an empty directory of the shim's own, where a new root is put together."""
        self._staging = staging
        self._base = -1
        self.supported = linux.AVAILABLE and _probe()
        if self.supported:
            try:
                self._base = self._make_base()
            except OSError as error:
                self.supported = False
                note(f"private views: {error}")

    def entered(self, mounts: list[MountRequest]) -> AbstractContextManager[None]:
        """Be in a view with these mounts; raises `CannotStart` if it cannot be made."""
        return self._entered(mounts) if mounts else _HERE

    @contextmanager
    def _entered(self, mounts: list[MountRequest]) -> Iterator[None]:
        if not self.supported:
            raise CannotStart(
                f'mount "{mounts[0][1]}": this machine allows no private mount namespace'
            )
        try:
            linux.unshare(linux.CLONE_NEWNS)
        except OSError as error:
            raise CannotStart(f"private mount namespace: {reason(error)}") from error
        try:
            if len(mounts) == 1 and tuple(mounts[0][1:]) == (TERMINATION_LOG, False):
                # What every container has, and most have nothing else: its point is made already.
                with _naming(mounts[0]):
                    linux.mount(mounts[0][0], TERMINATION_LOG, linux.MS_BIND)
            else:
                self._mount_all(mounts)
            yield
        finally:
            linux.set_mount_namespace(self._base)

    @contextmanager
    def joined(self, pid: int) -> Iterator[None]:
        """Be in the view of a process; 0 is none, and has the machine's own."""
        if not pid:
            yield
            return
        try:
            view = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise CannotStart(f"container is not running: {reason(error)}") from error
        try:
            linux.set_mount_namespace(view)
            yield
        finally:
            os.close(view)
            linux.set_mount_namespace(self._base)

    def _make_base(self) -> int:
        _leave_namespace()
        self._mirrors = Mirrors(self._staging)
        self._mirrors.replace("/dev")
        self._mirrors.make_point(TERMINATION_LOG, is_directory=False)
        return os.open("/proc/self/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)

    def _mount_all(self, mounts: list[MountRequest]) -> None:
        mirrors = self._mirrors.copy()
        # Sources are the machine's: they are taken before anything is mounted over them.
        with ExitStack() as opened:
            sources = []
            for mount in sorted(mounts, key=_depth):
                with _naming(mount):
                    tree = linux.clone_tree(mount[0])
                opened.callback(os.close, tree)
                sources.append((mount, tree))
            for mount, tree in sources:
                with _naming(mount):
                    _mount(mirrors, tree, mount[1], mount[2])


def _depth(mount: MountRequest) -> int:
    return len([part for part in mount[1].split("/") if part])


@contextmanager
def _naming(mount: MountRequest) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        text = f'mount "{mount[0]}" at "{mount[1]}": {reason(error)}'
        raise CannotStart(text) from error


def _mount(mirrors: Mirrors, tree: int, target: str, read_only: bool) -> None:
    point = os.path.realpath(target)
    if point == "/":
        mirrors.change_root(tree)
        return
    if not os.path.lexists(point):
        mirrors.make_point(point, stat.S_ISDIR(os.fstat(tree).st_mode))
    linux.attach_tree(tree, point)
    mirrors.volumes.append(point)
    if read_only:
        linux.mount(
            "none", point, linux.MS_BIND | linux.MS_REMOUNT | linux.MS_RDONLY | _locked(point)
        )


def _locked(path: str) -> int:
    """The restrictions a remount must keep: in a user namespace they may not be dropped."""
    flags = os.statvfs(path).f_flag
    pairs = (
        (os.ST_NOSUID, linux.MS_NOSUID),
        (os.ST_NODEV, linux.MS_NODEV),
        (os.ST_NOEXEC, linux.MS_NOEXEC),
        (os.ST_NOATIME, linux.MS_NOATIME),
        (os.ST_NODIRATIME, linux.MS_NODIRATIME),
        (os.ST_RELATIME, linux.MS_RELATIME),
    )
    return sum(mount_flag for flag, mount_flag in pairs if flags & flag)


def _leave_namespace() -> None:
    user, group = os.geteuid(), os.getegid()
    try:
        linux.unshare(linux.CLONE_NEWNS)
    except PermissionError:
        linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWNS)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"{user} {user} 1")
        _write("/proc/self/gid_map", f"{group} {group} 1")
    # Slave: mounts of the machine come in, ours never go out.
    linux.mount("none", "/", linux.MS_REC | linux.MS_SLAVE)


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def _probe() -> bool:
    """Try in a child: what the namespaces take away on the way cannot be got back."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            _leave_namespace()
            linux.mount("tmpfs", "/dev", 0, "tmpfs", "mode=755,size=64k")
            os.close(linux.clone_tree("/"))
            code = 0
        except OSError as error:
            note(f"no private views: {error}")
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0
