"""Finding a container's program, and saying why it cannot be run, in runc's words.

The messages are those of Go's os/exec.LookPath and of runc's init (libcontainer), which users of a
cluster know.
"""

from __future__ import annotations

import errno
import os
import stat


class CannotStart(Exception):
    """No process came to be; the text is what the container's status will say."""


def reason(error: OSError) -> str:
    """The system's own text for an error, in lower case as Go prints it."""
    number = error.errno or 0
    text = os.strerror(number) if number else str(error)
    return _GO_WORDS.get(number) or text[:1].lower() + text[1:]


# Where Go's table of messages differs from the C library's by more than its first letter.
_GO_WORDS = {
    errno.EMFILE: "too many open files",
    errno.EAGAIN: "resource temporarily unavailable",
    errno.ENOEXEC: "exec format error",
}


def find_executable(name: str, path: str) -> str:
    """The file that `name` means with this PATH, looked for in the present working directory."""
    if not name:
        raise CannotStart('exec: "": executable file not found in $PATH')
    if "/" in name:
        _require_executable(name)
        return name
    for directory in path.split(":"):
        candidate = f"{directory or '.'}/{name}"
        if _is_executable(candidate):
            if not directory.startswith("/"):
                raise CannotStart(
                    f'exec: "{name}": cannot run executable found relative to current directory'
                )
            return candidate
    raise CannotStart(f'exec: "{name}": executable file not found in $PATH')


def _is_executable(path: str) -> bool:
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not stat.S_ISDIR(mode) and os.access(path, os.X_OK)


def _require_executable(path: str) -> None:
    try:
        mode = os.stat(path).st_mode
    except OSError as error:
        raise CannotStart(f'exec: "{path}": stat {path}: {reason(error)}') from error
    if stat.S_ISDIR(mode):
        raise CannotStart(f'exec: "{path}": is a directory')
    if not os.access(path, os.X_OK):
        raise CannotStart(f'exec: "{path}": permission denied')


def enter_directory(path: str) -> None:
    """Make `path` the working directory for the process to be started."""
    try:
        os.chdir(path)
    except OSError as error:
        raise CannotStart(
            f'chdir to cwd ("{path}") set in config.json failed: {reason(error)}'
        ) from error
