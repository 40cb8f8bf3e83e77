"""One daemon per directory: a lock file that the kernel releases when its holder dies."""

from __future__ import annotations

import fcntl
import os

from localjobs.errors import DirectoryBusy


class DirectoryLock:
    """An exclusive `flock` on `<directory>/lock`, which holds the pid of its owner.

    Raises `DirectoryBusy`, naming that pid, if somebody has it.
    """

    def __init__(self, directory: str) -> None:
        self._path = os.path.join(directory, "lock")
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._file, 32).decode().strip()
            os.close(self._file)
            raise DirectoryBusy(
                f"another localjobs, process {owner or 'unknown'}, serves {directory}"
            ) from None
        os.ftruncate(self._file, 0)
        os.write(self._file, f"{os.getpid()}\n".encode())

    def is_in_place(self) -> bool:
        """Whether the file is still the one of that name: the directory may be another now."""
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(self._file))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._file)
