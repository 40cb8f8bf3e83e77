"""Events are forgotten an hour after they were last told, as upstream's storage leases them."""

from __future__ import annotations

from collections.abc import Sequence

from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS
from localjobs.clock import Clock
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store

DEFAULT_LIFETIME_SECONDS = 3600.0
# Events that are due within the same minute go together.
_STEP_SECONDS = 60.0


class EventExpiry:
    """Removes old events from a store, whoever wrote them."""

    def __init__(
        self, store: Store, clock: Clock, lifetime_seconds: float = DEFAULT_LIFETIME_SECONDS
    ) -> None:
        self._store = store
        self._clock = clock
        self._lifetime = lifetime_seconds
        self._due: dict[int, dict[str, list[str]]] = {}
        """Step of time -> namespace -> names."""
        self._armed: int | None = None

    def start(self) -> None:
        """Follow the events that are there, and the new ones."""
        for version in self._store.versions(EVENTS):
            self._expect(version.object, _last_told(version.object))
        self._store.subscribe(self._on_changes)
        self._arm()

    def _on_changes(self, changes: Sequence[Change]) -> None:
        now = self._clock.now()
        step = self._step(now)
        for change in changes:
            if change.resource is EVENTS and change.type is ChangeType.ADDED:
                self._note(step, *change.key)
        self._arm()

    def _expect(self, event: Object, told: float) -> None:
        meta = event["metadata"]
        self._note(self._step(told), meta.get("namespace", ""), meta["name"])

    def _step(self, told: float) -> int:
        """When what was told then is due."""
        return int((told + self._lifetime) // _STEP_SECONDS) + 1

    def _note(self, step: int, namespace: str, name: str) -> None:
        self._due.setdefault(step, {}).setdefault(namespace, []).append(name)

    def _arm(self) -> None:
        if not self._due:
            return
        first = min(self._due)
        if self._armed is None or first < self._armed:
            self._armed = first
            self._clock.call_at(first * _STEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._armed = None
        step = int(self._clock.now() // _STEP_SECONDS)
        for due in [one for one in self._due if one <= step]:
            for namespace, names in self._due.pop(due).items():
                for name in names:
                    self._expire(namespace, name)
        self._arm()

    def _expire(self, namespace: str, name: str) -> None:
        event = self._store.get(EVENTS, namespace, name)
        if event is None:
            return
        told = _last_told(event)
        if told + self._lifetime > self._clock.now():
            self._expect(event, told)  # it was told again meanwhile
        else:
            self._store.remove(EVENTS, namespace, name)


def _last_told(event: Object) -> float:
    series = event.get("series") or {}
    meta = event["metadata"]
    text = (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or meta["creationTimestamp"]
    )
    return timestamps.parse(text)
