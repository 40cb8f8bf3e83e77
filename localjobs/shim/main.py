"""Putting the shim together: arguments, lock, recovery, then the loop."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import signal
import socket
import time

from localjobs.shim import linux
from localjobs.shim.census import Census, choose_tags
from localjobs.shim.journal import NAME, Journal, recall
from localjobs.shim.log_file import Rotation
from localjobs.shim.own_log import note
from localjobs.shim.recovery import machine_boot, take_over
from localjobs.shim.server import Identity, Server
from localjobs.shim.spawning import Spawner
from localjobs.shim.supervisor import Supervisor
from localjobs.shim.views import Views

EXIT_BUSY = 75
"""Another shim serves this directory (sysexits.h: EX_TEMPFAIL)."""

LOCK_SECONDS = 3.0

MOST_OPEN_FILES = 1 << 16


def main(arguments: list[str]) -> int:
    """Serve the directory; return the exit code."""
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    directory = os.path.abspath(options["--directory"])
    grace = float(options.get("--grace", "10"))
    rotation = Rotation(int(options["--log-max-size"]), int(options["--log-max-files"]))
    descriptor = int(options["--listen-fd"])
    _close_inherited({0, 1, 2, descriptor})
    os.chdir("/")
    os.umask(0o022)
    lock = _lock(directory)
    if lock is None:
        note("another shim serves this directory")
        return EXIT_BUSY
    with socket.socket(fileno=descriptor) as listener:
        listener.set_inheritable(False)
        return _serve(directory, listener, grace, rotation)


def _serve(directory: str, listener: socket.socket, grace: float, rotation: Rotation) -> int:
    open_files = _raise_open_files()
    if linux.AVAILABLE:
        linux.become_subreaper()
    boot_id, base = os.urandom(16).hex(), choose_tags()
    stories = take_over(recall(f"{directory}/{NAME}"), time.time_ns() / 1e9)
    header = ["shim", os.getpid(), boot_id, machine_boot(), base]
    journal = Journal(f"{directory}/{NAME}", header, stories)
    staging = f"{directory}/root"
    with contextlib.suppress(FileExistsError):
        os.mkdir(staging, 0o700)
    views = Views(staging)
    supervisor = Supervisor(journal, Census(base), views, Spawner(open_files), rotation)
    server = Server(listener, supervisor, Identity(boot_id, views.supported, grace))
    in_peace = False
    try:
        in_peace = server.run()
    finally:
        if not in_peace:
            # As when a node goes down: its containers are killed, and count as lost.
            supervisor.abandon()
        journal.close()
    return 0


def _lock(directory: str) -> int | None:
    """Hold the directory for as long as this process lives; wait a little for one that is going."""
    lock = os.open(f"{directory}/lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, LOCK_SECONDS)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
    except TimeoutError:
        os.close(lock)
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return lock


def _give_up(number: int, frame: object) -> None:
    raise TimeoutError


def _close_inherited(kept: set[int]) -> None:
    """Close what whoever started the daemon left open in it: containers shall not hold it."""
    for name in os.listdir("/dev/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):  # the listing's own is closed by now
                os.close(int(name))


def _raise_open_files() -> int:
    """Make room for the pipes of many containers; return the limit that they shall have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_OPEN_FILES)
    if most > soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return soft
