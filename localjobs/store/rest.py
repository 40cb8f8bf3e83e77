"""Which objects are at rest: finished, and not likely to be read or written again soon."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, PODS, Resource
from localjobs.store.index import Entry
from localjobs.store.version import Packer, Version


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
    """Puts finished objects to rest once `patience` other writes have passed them by.

    Right after its end an object is still read and written, by controllers and watches. The work
    is done in slices, beside the commits.
    """

    SLICE = 100

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._waiting: deque[tuple[Entry, Version]] = deque()
        self._packers: dict[str, Packer] = {}

    def written(self, entries: Iterable[Entry]) -> None:
        """Take note of committed writes."""
        for entry in entries:
            if entry.version is not None and is_finished(entry.resource, entry.version.object):
                self._waiting.append((entry, entry.version))

    def found(self, entry: Entry) -> None:
        """Take note of an object that was finished before this process began."""
        self._waiting.append((entry, entry.current))

    @property
    def due(self) -> int:
        """How many objects it is time for."""
        return max(len(self._waiting) - self._patience, 0)

    def work(self, most: int | None = None) -> None:
        """Put so many of those to rest."""
        for _ in range(min(self.due, self.SLICE if most is None else most)):
            entry, version = self._waiting.popleft()
            if entry.version is version:
                version.pack(self._packers.setdefault(entry.resource.type_name, Packer()))
