"""A container's log: the CRI format, rotated.

Each line is `<RFC 3339 with nanoseconds> stdout|stderr F|P <bytes>`. P (partial) is a piece of a
line that goes on: lines are cut at 16 KiB, and what a process writes last without a line break is P
too, as containerd does (internal/cri/io/logger.go). Bytes are kept as they are.

The file is made when the first byte comes: a log that is not there is empty. When it is full it
becomes `<path>.1`, what was `.1` becomes `.2`, and so on; so many files are kept.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from typing import NamedTuple

from localjobs.shim.own_log import note

MOST_FOLDERS = 3
"""A log lies in its Job's folder, in its namespace's, in that of the logs."""

LONGEST_LINE = 16 << 10


class Rotation(NamedTuple):
    """When a log is full, and how many files are kept of it, the current one included."""

    max_bytes: int = 10 << 20
    max_files: int = 5


def stamp(at_ns: int) -> bytes:
    """RFC 3339 with nanoseconds, UTC, of nanoseconds since the epoch."""
    seconds, nanoseconds = divmod(at_ns, 1_000_000_000)
    moment = time.gmtime(seconds)
    return b"%04d-%02d-%02dT%02d:%02d:%02d.%09dZ" % (*moment[:6], nanoseconds)


def _make_folders(path: str, most: int) -> None:
    """Make a folder and what it is in: no more than are ours, so that a served directory that was
    taken away is not made anew, which would keep it from coming back.
    """
    if most > 0 and not os.path.isdir(path):
        _make_folders(os.path.dirname(path), most - 1)
        with contextlib.suppress(FileExistsError):
            os.mkdir(path)


class LineFormat:
    """Turns the bytes of one stream into log lines; holds on to the unfinished one."""

    __slots__ = ("_name", "_rest")

    def __init__(self, name: str) -> None:
        self._name = name.encode()
        self._rest = b""

    def feed(self, data: bytes, at_ns: int) -> bytes:
        """The lines that `data` completes, all stamped `at_ns`."""
        *lines, rest = (self._rest + data).split(b"\n")
        head = b"%s %s" % (stamp(at_ns), self._name)
        formatted = _full(head, lines) if lines else b""
        if len(rest) > LONGEST_LINE:
            *pieces, rest = _pieces(rest)
            formatted += b"".join(b"%s P %s\n" % (head, piece) for piece in pieces)
        self._rest = rest
        return formatted

    def finish(self, at_ns: int) -> bytes:
        """The stream ended: what is left is a partial line."""
        rest, self._rest = self._rest, b""
        return b"%s %s P %s\n" % (stamp(at_ns), self._name, rest) if rest else b""


def _full(head: bytes, lines: list[bytes]) -> bytes:
    full = head + b" F "
    if max(map(len, lines)) <= LONGEST_LINE:
        return full + (b"\n" + full).join(lines) + b"\n"
    formatted: list[bytes] = []
    for line in lines:
        *pieces, last = _pieces(line)
        formatted.extend(b"%s P %s\n" % (head, piece) for piece in pieces)
        formatted.append(b"%s%s\n" % (full, last))
    return b"".join(formatted)


def _pieces(line: bytes) -> list[bytes]:
    starts = range(0, len(line) or 1, LONGEST_LINE)
    return [line[start : start + LONGEST_LINE] for start in starts]


class LogFile:
    """The open log of one container. A disk that takes no more costs lines, never the container."""

    __slots__ = ("_broken", "_file", "_path", "_rotation", "_size")

    def __init__(self, path: str, rotation: Rotation) -> None:
        self._path = path
        self._rotation = rotation
        self._file = -1
        self._size = 0
        self._broken = False

    def write(self, data: bytes) -> None:
        """Append whole lines, to a new file if the present one is full."""
        try:
            self._append(data)
        except OSError as error:
            if not self._broken:
                note(f"{self._path}: {error}")
            self._broken = True

    def close(self) -> None:
        """All that was written is in the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _append(self, data: bytes) -> None:
        if self._file < 0:
            self._open()
        # Not until there is more: what came last is always under the log's own name.
        if self._size >= self._rotation.max_bytes:
            self.close()
            self._rotate()
            self._open()
        written = os.write(self._file, data)
        if written < len(data):
            # Half a line would spoil the one that comes next.
            os.ftruncate(self._file, self._size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size += written

    def _open(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        try:
            self._file = os.open(self._path, flags, 0o640)
        except FileNotFoundError:
            _make_folders(os.path.dirname(self._path), MOST_FOLDERS)
            self._file = os.open(self._path, flags, 0o640)
        self._size = os.fstat(self._file).st_size

    def _rotate(self) -> None:
        if self._rotation.max_files == 1:
            os.unlink(self._path)
        for number in range(self._rotation.max_files - 1, 0, -1):
            older = f"{self._path}.{number}"
            newer = f"{self._path}.{number - 1}" if number > 1 else self._path
            if os.path.exists(newer):
                os.replace(newer, older)
