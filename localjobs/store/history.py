"""The bounded history of changes that watches resume from.

Each resource has a window of its own, so that a burst of pods or events does not expire the
watches on Jobs (as each resource has its own cache in apiserver/pkg/storage/cacher).
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable

from localjobs.api.resources import EVENTS, Resource
from localjobs.store.changes import Change
from localjobs.store.refusals import too_old


class History:
    """The last `limit` changes of each resource (of events a quarter), after version `floor`."""

    def __init__(self, limit: int, floor: int) -> None:
        self._limit = limit
        self._first_floor = floor
        self._windows: dict[str, deque[Change]] = {}
        self._floors: dict[str, int] = {}

    def extend(self, changes: Iterable[Change]) -> None:
        """Add committed changes, in order; the oldest beyond the limit are forgotten."""
        for change in changes:
            key = change.resource.type_name
            window = self._windows.get(key)
            if window is None:
                window = self._windows[key] = deque()
            window.append(change)
            # Events come by the dozen, and nobody waits for a certain one.
            limit = self._limit // 4 if change.resource is EVENTS else self._limit
            if len(window) > limit:
                self._floors[key] = window.popleft().resource_version

    def floor(self, resource: Resource | None = None) -> int:
        """The oldest resourceVersion whose following changes are all still known."""
        if resource is None:
            return max(self._floors.values(), default=self._first_floor)
        return self._floors.get(resource.type_name, self._first_floor)

    def past(self, resource_version: int, resource: Resource | None = None) -> list[Change]:
        """What happened after that version, in order, to one resource or to all.

        Raises `Expired` if some of it is forgotten.
        """
        floor = self.floor(resource)
        if resource_version < floor:
            raise too_old(resource_version, floor)
        if resource is not None:
            return _after(self._windows.get(resource.type_name, deque()), resource_version)
        windows = [_after(window, resource_version) for window in self._windows.values()]
        return list(heapq.merge(*windows, key=lambda change: change.resource_version))


def _after(window: deque[Change], resource_version: int) -> list[Change]:
    # Watches mostly resume near the end: walk back from there.
    found: list[Change] = []
    for change in reversed(window):
        if change.resource_version <= resource_version:
            break
        found.append(change)
    found.reverse()
    return found
