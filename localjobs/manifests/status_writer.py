"""Writes status files: whole or not at all, not too often, and without holding up the loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from loguru import logger

from localjobs.clock import Clock, Timer

MOST_PER_SECOND = 10
# Changes that can wait leave room in each second for those that cannot.
_SPACING = 0.125
_FIRST_RETRY, _LAST_RETRY = 1.0, 30.0
_TEMPORARY = ".localjobs-"


def write_atomically(path: Path, text: str) -> None:
    """Replace a file by one with this text: a reader sees the old or the new one, whole.

    Raises OSError, and leaves the old file and nothing else behind.
    """
    temporary = path.parent / f"{_TEMPORARY}{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def remove_leftovers(directory: Path) -> None:
    """Remove the temporary files of a writer that was killed."""
    with contextlib.suppress(OSError):
        for path in directory.glob(f"{_TEMPORARY}*.tmp"):
            path.unlink(missing_ok=True)


Render = Callable[[], str]


@dataclass(slots=True, eq=False)
class _File:
    """One status file: what is on disk, and what is to be done about it."""

    name: str
    written: str | None
    """Its text on disk; None if it is not there, or not known."""
    render: Render | None = None
    """Makes the text to write; None if nothing changed."""
    removed: bool = False
    times: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_PER_SECOND))
    timer: Timer | None = None
    due: float = 0.0
    urgent: bool = False
    running: asyncio.Future[None] | None = None
    retry_in: float = _FIRST_RETRY
    not_before: float = 0.0


class StatusWriter:
    """Writes each status file when it changed: at most ten times a second.

    Disks are slow, so threads write; what is written, and when, the loop decides.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._files: dict[str, _File] = {}
        self._threads = ThreadPoolExecutor(4, "localjobs-status")
        self._is_dropped = False

    def changed(self, name: str, render: Render, urgent: bool = False) -> None:
        """Write what `render` makes: at once if `urgent`, else with what comes next."""
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = _File(name, _read(self._directory / name))
        file.render, file.removed = render, False
        file.urgent = file.urgent or urgent
        self._arm(file)

    def remove(self, name: str) -> None:
        """Remove a status file."""
        file = self._files.setdefault(name, _File(name, None))
        file.render, file.removed, file.urgent = None, True, True
        self._arm(file)

    def distrust(self) -> None:
        """Forget what is on disk: the directory was away, and may not be the same."""
        for file in self._files.values():
            file.written = None

    def drop(self) -> None:
        """Write nothing from now on: there is another directory in the place of this one."""
        self._is_dropped = True
        for file in self._files.values():
            if file.timer is not None:
                file.timer.cancel()
                file.timer = None

    async def written(self) -> None:
        """Return once nothing is being written."""
        while running := [file.running for file in self._files.values() if file.running]:
            await asyncio.wait(running)

    async def close(self) -> None:
        """Write what is left, and end."""
        await self.written()
        for file in self._files.values():
            if file.timer is not None:
                file.timer.cancel()
                self._act(file)
        await self.written()
        self._threads.shutdown()

    def _arm(self, file: _File) -> None:
        if file.running is not None or self._is_dropped:
            return  # it looks again when it is done
        due = self._due(file)
        if file.timer is not None:
            if file.due <= due:
                return
            file.timer.cancel()
        file.due = due
        file.timer = self._clock.call_at(due, lambda: self._act(file))

    def _due(self, file: _File) -> float:
        due = max(self._clock.now(), file.not_before)
        if len(file.times) == MOST_PER_SECOND:
            due = max(due, file.times[0] + 1.0)
        if file.times and not file.urgent:
            due = max(due, file.times[-1] + _SPACING)
        return due

    def _act(self, file: _File) -> None:
        file.timer, file.urgent = None, False
        path = self._directory / file.name
        if file.removed:
            self._start(file, None, lambda: path.unlink(missing_ok=True))
        elif file.render is not None:
            text = file.render()
            if text == file.written:
                file.render = None
                return
            file.render = None
            file.times.append(self._clock.now())
            self._start(file, text, lambda: write_atomically(path, text))

    def _start(self, file: _File, text: str | None, work: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        file.running = loop.run_in_executor(self._threads, work)
        again = (lambda: text) if text is not None else None
        file.running.add_done_callback(lambda future: self._done(file, text, again, future))

    def _done(
        self, file: _File, text: str | None, again: Render | None, future: asyncio.Future[None]
    ) -> None:
        file.running = None
        error = future.exception()
        if error is None:
            file.written, file.retry_in, file.not_before = text, _FIRST_RETRY, 0.0
            if text is None and file.removed:
                self._files.pop(file.name, None)
        else:
            self._failed(file, again, error)
        if file.render is not None:
            self._arm(file)

    def _failed(self, file: _File, again: Render | None, error: BaseException) -> None:
        """The disk is full, or the directory is away: try again, less and less often."""
        if file.retry_in == _FIRST_RETRY:
            logger.warning("{} cannot be written: {}", self._directory / file.name, error)
        file.not_before = self._clock.now() + file.retry_in
        file.retry_in = min(file.retry_in * 2, _LAST_RETRY)
        if not file.removed and file.render is None:
            file.render = again


def _read(path: Path) -> str | None:
    with contextlib.suppress(OSError, UnicodeDecodeError):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None
