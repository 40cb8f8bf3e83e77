"""Finds out what is in a directory: which manifests are new, changed, or gone.

File events only say when to look; what is true, a listing says. A file is read when it is
complete, and delivered when its content is not the one delivered before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from loguru import logger
from msgspec import Struct

from localjobs.clock import Clock, Timer
from localjobs.errors import ManifestError
from localjobs.manifests import sync
from localjobs.manifests.listing import (
    Content,
    Signature,
    find_manifests,
    list_manifests,
    read_manifest,
)
from localjobs.manifests.parse import Document, parse
from localjobs.manifests.watcher import Watcher

FILES_PER_TURN = 8
"""So many files are read in one turn of the loop, before others have theirs."""
_PARSED_AT_ONCE = 64 * 1024  # larger files are parsed on a thread
_SETTLING = 0.1  # how soon a file that is being written is looked at again
_PATIENCE = 10.0  # a file that does not change is complete, though somebody keeps it open
_DOUBT = 0.3  # what cannot be parsed may be half of what comes
_POLL_WATCHED, _POLL_UNWATCHED, _POLL_AWAY = 5.0, 1.0, 0.5


class Reading(Struct, frozen=True):
    """What is in a manifest now: its documents, or why there are none."""

    name: str
    digest: str
    """"" if it could not be read at all."""
    documents: tuple[Document, ...] = ()
    error: ManifestError | None = None


@dataclass(slots=True)
class _File:
    signature: Signature | None = None
    """What it looked like when it was read last."""
    delivered: str | None = None
    """The digest, or the error, that was delivered last."""
    unfinished: Signature | None = None
    parsing: str = ""
    """The digest of what is being parsed, or was parsed last."""
    doubted: Reading | None = None
    """An error that may be gone in a moment."""
    since: float = 0.0
    """Since when it is unfinished, or doubted."""


class Reader:
    """Reads a directory for as long as it lives; what it finds, it delivers on the loop."""

    def __init__(
        self,
        directory: Path,
        clock: Clock,
        deliver: Callable[[Reading], None],
        removed: Callable[[str], None],
        found: Callable[[bool], bool],
    ) -> None:
        """`found` is told at each look whether the directory is one that was not there at the
        last; it returns whether to go on.
        """
        self._directory = directory
        self._clock = clock
        self._deliver, self._removed, self._found = deliver, removed, found
        self._watcher = Watcher(directory, self.hint)
        self._is_watched = False
        self._identity: tuple[int, int] | None = None
        """The directory that was there at the last look; None if none was."""
        self._is_followed = False
        """Whether that is the directory by this name still, as far as is known."""
        self._files: dict[str, _File] = {}
        self._missing: dict[str, float] = {}
        self._hinted: set[str] = set()
        self._queue: dict[str, None] = {}
        self._timers: dict[str, Timer] = {}
        self._is_away = False
        self._is_stopped = False

    @property
    def missing(self) -> frozenset[str]:
        """The files that were there, and may be gone."""
        return frozenset(self._missing)

    def expect(self, name: str) -> None:
        """There was a manifest of this name when the daemon ran last."""
        self._files.setdefault(name, _File())

    def start(self) -> None:
        """Look now, and whenever there is reason to."""
        self.look()

    def stop(self) -> None:
        """Look no more."""
        self._is_stopped = True
        for timer in self._timers.values():
            timer.cancel()
        self._watcher.stop()

    def hint(self, names: frozenset[str]) -> None:
        """These files may have changed; if none is named, the directory itself did."""
        now = self._clock.now()
        if not names:
            self._is_followed = False
            self._wake("directory", now, self.look)
        else:
            self._hinted |= names
            self._wake("hints", now, self._follow_hints)

    def _follow_hints(self) -> None:
        """Look at the named files alone; that one is gone for good, only a listing can say."""
        hinted, self._hinted = self._hinted, set()
        found = find_manifests(self._directory, hinted)
        for name, signature in found.items():
            self._missing.pop(name, None)
            self._files.setdefault(name, _File()).signature = signature
            self._queue[name] = None
        now = self._clock.now()
        for name in hinted & self._files.keys() - found.keys():
            self._missing.setdefault(name, now)
            self._wake("missing", now + sync.REMOVAL_GRACE, self.look)
        self._read_some()

    def look(self) -> None:
        """List the directory, and queue what is to be read."""
        listing = list_manifests(self._directory)
        if listing is None:
            self._away()
            return
        is_new = listing.identity != self._identity or not self._is_followed
        if not self._found(is_new):
            self.stop()
            return
        if is_new:
            self._follow(listing.identity)
        signatures = {name: file.signature for name, file in self._files.items()}
        now = self._clock.now()
        look = sync.compare(listing.files, signatures, self._hinted, self._missing, now)
        self._missing, self._hinted = look.missing, set()
        for name in look.read:
            self._files.setdefault(name, _File()).signature = listing.files[name]
            self._queue[name] = None
        for name in look.removed:
            del self._files[name]
            self._queue.pop(name, None)
            self._removed(name)
        if look.wake_at is not None:
            self._wake("missing", look.wake_at, self.look)
        poll = _POLL_WATCHED if self._is_watched else _POLL_UNWATCHED
        self._wake("poll", now + poll, self.look)
        self._read_some()

    def _wake(self, reason: str, when: float, call: Callable[[], None]) -> None:
        """Call at a time, unless that is already to be done for this reason."""
        if reason in self._timers or self._is_stopped:
            return

        def wake() -> None:
            del self._timers[reason]
            call()

        self._timers[reason] = self._clock.call_at(when, wake)

    def _away(self) -> None:
        if not self._is_away:
            logger.warning("{} is not there; waiting for it", self._directory)
        self._identity, self._is_away = None, True
        self._wake("away", self._clock.now() + _POLL_AWAY, self.look)

    def _follow(self, identity: tuple[int, int]) -> None:
        """A watch follows the directory it was given, not its name."""
        self._watcher.stop()
        self._is_watched = self._watcher.start()
        self._identity, self._is_followed, self._is_away = identity, True, False

    def _read_some(self) -> None:
        for name in list(self._queue)[:FILES_PER_TURN]:
            del self._queue[name]
            self._read(name)
        if self._queue:
            self._wake("queue", self._clock.now(), self._read_some)

    def _read(self, name: str) -> None:
        file = self._files.get(name)
        if file is None:
            return
        try:
            content = read_manifest(self._directory / name)
        except ManifestError as error:
            self._found_error(name, file, Reading(name, "", error=error))
            return
        if content is not None and self._is_complete(name, file, content):
            self._parse(name, file, content.data)

    def _is_complete(self, name: str, file: _File, content: Content) -> bool:
        if content.is_whole:
            file.unfinished = None
            return True
        now = self._clock.now()
        if file.unfinished != content.signature:
            file.unfinished, file.since = content.signature, now
        elif now >= file.since + _PATIENCE:
            return True
        self._again(name, now + _SETTLING)
        return False

    def _again(self, name: str, when: float) -> None:
        self._wake(f"file {name}", when, lambda: self.hint(frozenset((name,))))

    def _parse(self, name: str, file: _File, data: bytes) -> None:
        digest = sync.digest(data)
        if digest == file.delivered:
            return
        if file.doubted is not None and file.doubted.digest == digest:
            self._found_error(name, file, file.doubted)
            return
        file.parsing = digest
        if len(data) <= _PARSED_AT_ONCE:
            self._parsed(file, _reading(name, digest, data))
            return
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(None, _reading, name, digest, data)
        future.add_done_callback(lambda done: self._parsed(file, done.result()))

    def _parsed(self, file: _File, reading: Reading) -> None:
        if file.parsing != reading.digest or self._is_stopped:
            return  # there is a newer content
        if self._files.get(reading.name) is not file:
            return
        if reading.error is not None:
            self._found_error(reading.name, file, reading)
            return
        file.doubted = None
        file.delivered = reading.digest
        self._deliver(reading)

    def _found_error(self, name: str, file: _File, reading: Reading) -> None:
        """Deliver an error once it has lasted: what cannot be read may be half of a file."""
        found = _told(reading)
        if found == file.delivered:
            return
        now = self._clock.now()
        if file.doubted is None or _told(file.doubted) != found:
            file.doubted, file.since = reading, now
        if now < file.since + _DOUBT:
            self._again(name, file.since + _DOUBT)
            return
        file.delivered = found
        self._deliver(reading)


def _told(reading: Reading) -> str:
    """What is delivered once: a content, or why there is none."""
    return reading.digest or str(reading.error)


def _reading(name: str, digest: str, data: bytes) -> Reading:
    try:
        return Reading(name, digest, parse(data, name))
    except ManifestError as error:
        return Reading(name, digest, error=error)
