"""Starting one process: a session of its own, no signal blocked or ignored, stdin empty.

`posix_spawn` does not copy the shim, and reports at once whether the program could be executed. A
process of another user needs steps between fork and exec that posix_spawn has not, so it is forked:
the shim is small and has one thread.
"""

from __future__ import annotations

import os
import pwd
import resource
import signal
from dataclasses import dataclass

from localjobs.shim.executable import CannotStart, find_executable, reason

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class Request:
    """What to start, as the daemon asked for it."""

    container_id: str
    command: list[str]
    environment: dict[str, str]
    working_directory: str
    log_path: str
    mounts: list[tuple[str, str, bool]]
    user: int | None
    group: int | None
    memory_limit: int | None = None
    """Bytes of memory that its processes may hold together."""

    @property
    def changes_user(self) -> bool:
        """Whether it runs as somebody else than the shim."""
        user, group = self.user, self.group
        return (user is not None and user != os.getuid()) or (
            group is not None and group != os.getgid()
        )


class Spawner:
    """Starts processes in the present working directory and mount namespace."""

    def __init__(self, open_files: int) -> None:
        """`open_files`: the soft limit that processes get; the shim's own may be higher."""
        self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._own = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._theirs = open_files, self._own[1]
        # What the shim or whoever started it ignores, a new process would ignore too.
        self._ignored = [
            number
            for number in signal.valid_signals()
            if signal.getsignal(number) is signal.SIG_IGN
        ]

    def spawn(self, request: Request, stdout: int, stderr: int) -> int:
        """Start it and return its process id. Raises `CannotStart`."""
        try:
            path = find_executable(
                request.command[0], request.environment.get("PATH", DEFAULT_PATH)
            )
            resource.setrlimit(resource.RLIMIT_NOFILE, self._theirs)
            try:
                if request.changes_user:
                    return self._fork(path, request, (self._null, stdout, stderr))
                return self._posix_spawn(path, request, stdout, stderr)
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, self._own)
        except OSError as error:
            raise CannotStart(f"exec {request.command[0]}: {reason(error)}") from error
        except ValueError as error:
            # A zero byte, or a variable with "=" in its name: no such process can be.
            raise CannotStart(f"exec {request.command[0]}: {error}") from error

    def _posix_spawn(self, path: str, request: Request, stdout: int, stderr: int) -> int:
        return os.posix_spawn(
            path,
            request.command,
            request.environment,
            file_actions=(
                (os.POSIX_SPAWN_DUP2, self._null, 0),
                (os.POSIX_SPAWN_DUP2, stdout, 1),
                (os.POSIX_SPAWN_DUP2, stderr, 2),
            ),
            setsid=True,
            setsigmask=(),
            setsigdef=self._ignored,
        )

    def _fork(self, path: str, request: Request, streams: tuple[int, int, int]) -> int:
        groups = _groups(request)
        arguments = [os.fsencode(argument) for argument in request.command]
        environment = {
            os.fsencode(name): os.fsencode(value) for name, value in request.environment.items()
        }
        verdict, failure = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                self._become(request.user, groups, streams)
                os.execve(path, arguments, environment)
            except OSError as error:
                os.write(failure, str(error.errno).encode())
            finally:
                os._exit(127)
        os.close(failure)
        with open(verdict, "rb") as file:
            number = file.read()  # ends when exec closes the other end
        if number:
            os.waitpid(pid, 0)
            raise OSError(int(number), "")
        return pid

    def _become(self, user: int | None, groups: list[int], streams: tuple[int, int, int]) -> None:
        os.setsid()
        for target, descriptor in enumerate(streams):
            os.dup2(descriptor, target)
        signal.set_wakeup_fd(-1)
        for number in self._ignored:
            signal.signal(number, signal.SIG_DFL)
        os.setgroups(groups)
        os.setgid(groups[0])
        if user is not None:
            os.setuid(user)


def _groups(request: Request) -> list[int]:
    """The group of the new process, then its supplementary ones, from the machine's user table."""
    user = os.getuid() if request.user is None else request.user
    try:
        entry = pwd.getpwuid(user)
    except KeyError:
        return [request.group or 0]
    group = entry.pw_gid if request.group is None else request.group
    others = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return [group, *(other for other in others if other != group)]
