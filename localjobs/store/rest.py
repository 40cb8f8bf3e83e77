"""Which versions are at rest: of finished objects, or replaced; not likely to be read soon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, PODS, Resource
from localjobs.store.changes import Change, ChangeType
from localjobs.store.index import Entry
from localjobs.store.version import Version


def is_finished(resource: Resource, obj: Object) -> bool:
    """Whether nothing more is expected to happen to the object but its deletion."""
    if resource is EVENTS:
        return True
    status = obj.get("status") or {}
    if resource is PODS:
        return status.get("phase") in ("Succeeded", "Failed")
    return resource is JOBS and any(
        condition["type"] in ("Complete", "Failed") and condition["status"] == "True"
        for condition in status.get("conditions") or ()
    )


class Resting:
    """Puts finished objects to rest, in two steps, beside the commits.

    Right after its end an object is still read and written, by controllers and watches: once
    `patience` other writes have passed it by, its JSON is all that is kept. That costs next to
    nothing. It is compressed, with others of its kind, when there is time or too much of it.

    What was replaced is kept for watches that resume, which hardly ever happens: it is compressed
    by the slice when there is time, and forgotten here once `history` others were replaced since.
    """

    SLICE = 128

    def __init__(self, patience: int, history: int) -> None:
        self._patience = patience
        self._replaced: deque[Version] = deque(maxlen=history)
        self._waiting: deque[tuple[Entry, Version]] = deque()
        self._loose: dict[str, deque[tuple[Entry, Version]]] = {}
        self._loose_count = 0

    def written(self, entries: Iterable[Entry]) -> None:
        """Take note of committed writes, which are yet to be told."""
        while len(self._waiting) > self._patience:
            self._calm()
        for entry in entries:
            version = entry.version
            if version is None:
                continue
            if version.is_at_rest:
                self.found(entry, version)
            elif is_finished(entry.resource, version.object):
                self._waiting.append((entry, version))

    def replaced(self, changes: Iterable[Change]) -> None:
        """Take note of the versions that are no object's current one any more."""
        for change in changes:
            if change.before is not None:
                self._replaced.append(change.before)
            if change.type is ChangeType.DELETED:
                self._replaced.append(change.version)

    def found(self, entry: Entry, version: Version) -> None:
        """Take note of an object that is finished and that nobody uses."""
        version.rest()
        self._loose.setdefault(entry.resource.type_name, deque()).append((entry, version))
        self._loose_count += 1

    def _calm(self) -> None:
        entry, version = self._waiting.popleft()
        if entry.version is version:
            self.found(entry, version)

    @property
    def due(self) -> int:
        """How many finished objects are yet to be compressed."""
        return self._loose_count

    @property
    def is_tidy(self) -> bool:
        """Whether there is nothing left to compress that is worth it."""
        return not self._loose and len(self._replaced) < self.SLICE

    def work(self) -> None:
        """Compress a slice of them: finished objects first."""
        if self._loose:
            self._pack_finished()
        elif not self.is_tidy:
            Version.pack([self._replaced.popleft() for _ in range(self.SLICE)])

    def _pack_finished(self) -> None:
        kind, loose = max(self._loose.items(), key=lambda item: len(item[1]))
        taken = [loose.popleft() for _ in range(min(len(loose), self.SLICE))]
        if not loose:
            del self._loose[kind]
        self._loose_count -= len(taken)
        Version.pack([version for entry, version in taken if entry.version is version])
