"""The files of one container log, read line by line from the oldest to the newest.

The writer appends whole lines, and rotates: `<path>` becomes `<path>.1`, that `.2`, and so on. A
reader knows where it is by the inode of the file it holds open, so that no rotation, at whatever
moment, makes it skip or repeat a line (unless it falls so far behind that the file is deleted).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

ROTATED_FILES = 19
"""How many files are kept beside the newest one at most."""

BLOCK = 64 << 10


class LogReader:
    """Reads on from where it is; what is not there yet is empty."""

    def __init__(self, path: str) -> None:
        self._names = [path, *(f"{path}.{number}" for number in range(1, ROTATED_FILES + 1))]
        self._file: BinaryIO | None = None
        self._unfinished = b""

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def skip_to_tail(self, lines: int) -> None:
        """Go to where `lines` lines are left, or to the beginning if there are fewer."""
        newer = self._first(self._names)
        while newer is not None:
            self.close()
            self._file = newer
            position, found = _tail_position(newer, lines)
            newer.seek(position)
            lines -= found
            newer = self._neighbour(1) if lines > 0 else None

    def read_lines(self) -> list[bytes]:
        """The next lines, each with its line break, a block at most; none if none are there yet."""
        if self._file is None:
            self._file = self._first(reversed(self._names))
        while self._file is not None:
            block = self._file.read(BLOCK)
            if not block:
                # The file may have been written to, last of all, just before it was rotated.
                following = self._neighbour(-1)
                block = self._file.read(BLOCK)
                if not block and following is None:
                    return []
                if not block:
                    self.close()
                    self._file, self._unfinished = following, b""
                    continue
                if following is not None:
                    following.close()
            *lines, self._unfinished = (self._unfinished + block).split(b"\n")
            if lines:
                return [line + b"\n" for line in lines]
        return []

    def _first(self, names: Iterable[str]) -> BinaryIO | None:
        """The first of these files that is there."""
        for name in names:
            if (file := _open(name)) is not None:
                return file
        return None

    def _neighbour(self, step: int) -> BinaryIO | None:
        """The file next to ours: older with step 1, newer with step -1; None if there is none."""
        assert self._file is not None
        own = os.fstat(self._file.fileno()).st_ino
        for number, name in enumerate(self._names):
            if _inode(name) == own:
                there = 0 <= number + step < len(self._names)
                return _open(self._names[number + step]) if there else None
        # Ours is deleted: all that is left is newer.
        return self._first(reversed(self._names)) if step < 0 else None


def _open(name: str) -> BinaryIO | None:
    try:
        return Path(name).open("rb")
    except FileNotFoundError:
        return None


def _inode(name: str) -> int:
    try:
        return os.stat(name).st_ino
    except FileNotFoundError:
        return 0


def _tail_position(file: BinaryIO, lines: int) -> tuple[int, int]:
    """Where the last `lines` lines of the file begin, and how many there are from there on."""
    end = file.seek(0, os.SEEK_END)
    found = 0
    position = end
    while position > 0 and found <= lines:
        start = max(0, position - BLOCK)
        file.seek(start)
        block = file.read(position - start)
        breaks = block.count(b"\n")
        if found + breaks > lines:
            # The line break before the first line wanted is in this block.
            cut = len(block)
            for _ in range(lines - found + 1):
                cut = block.rfind(b"\n", 0, cut)
            return start + cut + 1, lines
        found += breaks
        position = start
    return 0, found
