"""Hints that something changed in the directory, from the operating system's file events.

Events come on threads of their own and may be missed, doubled or late; all they do is name
files for the loop to look at.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from loguru import logger
from watchdog.events import (
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver

from localjobs.manifests.sync import is_manifest

Hint = Callable[[frozenset[str]], None]
"""Takes the names of files that may have changed; none of them: anything may have."""

# Reading a file makes events too; those would never end.
_EVENTS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]


class Watcher:
    """Watches one directory, and hands what it hears over to the loop."""

    def __init__(self, directory: Path, hint: Hint) -> None:
        self._directory = directory
        self._hint = hint
        self._observer: BaseObserver | None = None

    def start(self) -> bool:
        """Watch from now on; False if the system has no watch left to give."""
        handler = _Handler(asyncio.get_running_loop(), self._hint)
        observer = Observer()
        try:
            observer.schedule(handler, str(self._directory), event_filter=_EVENTS)
            observer.start()
        except OSError as error:
            logger.warning("no file events for {}: {}; listing it instead", self._directory, error)
            return False
        self._observer = observer
        return True

    def stop(self) -> None:
        """Hear no more."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None


class _Handler(FileSystemEventHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop, hint: Hint) -> None:
        self._loop = loop
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        names = frozenset(
            name
            for path in (event.src_path, event.dest_path)
            if path and is_manifest(name := os.path.basename(os.fsdecode(path)))
        )
        if names or event.is_directory:
            # The loop may be closed before the watcher's thread has ended.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._hint, names)
