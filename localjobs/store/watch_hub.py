"""Hands the store's changes to the watches that select them.

An object that comes to match a selection is ADDED, one that ceases to is DELETED with its last
matching state (apiserver/pkg/storage/cacher/cache_watcher.go). Thousands of idle watches cost
nothing: a change reaches only those of its resource, namespace, name and label; watches that
ask for the same share the work, and all of them one encoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TypeAlias

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.selectors import Operator
from localjobs.clock import Clock, Timer
from localjobs.errors import Expired
from localjobs.store.changes import Change, ChangeType
from localjobs.store.list_options import ListOptions, version_to_start_at
from localjobs.store.listing import too_large
from localjobs.store.refusals import too_old
from localjobs.store.selection import Selection
from localjobs.store.store import Store
from localjobs.store.version import Version
from localjobs.store.watch import Watch, WatchEvent

INITIAL_EVENTS_END = {"k8s.io/initial-events-end": "true"}

Label: TypeAlias = tuple[str, str]
Place: TypeAlias = tuple[str, str | None, str | None, Label | None]
"""(type name, namespace, name, label): what a selection insists on; None: anything."""
Members: TypeAlias = dict[Watch, None]
News: TypeAlias = list[tuple[int, WatchEvent]]
"""Events and the resourceVersions they happened at, in order."""

CROWD = 50
"""Fewer watches can be told without anybody noticing."""
SHORTEST_REST_SECONDS, LONGEST_REST_SECONDS = 0.0, 2.0


class WatchHub:
    """Opens watches over a store. A watch can resume from what happened since `floor`.

    With a `clock`, news that follows on news to a crowd waits a moment: the loop would do nothing
    but wake them one by one, for one event each. What comes after a silence is told at once.
    """

    def __init__(self, store: Store, floor: int | None = None, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock
        self._waiting: list[Change] = []
        self._timer: Timer | None = None
        """Until it is due, nobody is told anything."""
        self._floor = store.resource_version if floor is None else floor
        self._told = store.resource_version
        self._places: dict[Place, dict[Selection, Members]] = {}
        self._label_keys: dict[str, int] = {}
        self._unsubscribe = store.subscribe(self._on_changes)

    def watch(self, selection: Selection, options: ListOptions) -> Watch:
        """Open a watch; the options are valid.

        One whose version is forgotten gets an ERROR event and ends, and so does one that wants
        the initial state at a version not reached yet. Raises `UnknownError` if its version is
        no number.
        """
        start = version_to_start_at(options.resource_version)
        current = self._store.resource_version
        wants_state = options.send_initial_events
        if wants_state is None and start == 0:
            wants_state = True
        watch = Watch(selection, start or current, lambda: self._told, self._forget)
        if wants_state and start > current:
            watch.fail(too_large(start, current))
        elif wants_state:
            watch.start = current
            watch.preload(self._state(selection))
            if options.send_initial_events and options.allow_watch_bookmarks:
                watch.bookmark(INITIAL_EVENTS_END)
        elif start:
            self._catch_up(watch)
        if not watch.is_closed:
            self._remember(watch)
        return watch

    def close(self) -> None:
        """End every watch."""
        self._unsubscribe()
        if self._timer is not None:
            self._timer.cancel()
        groups = [group for place in self._places.values() for group in place.values()]
        for watch in [watch for members in groups for watch in members]:
            watch.close()

    def _state(self, selection: Selection) -> list[WatchEvent]:
        versions = self._store.versions(selection.resource, selection.namespace)
        return [WatchEvent("ADDED", v) for v in versions if selection.matches_version(v)]

    def _catch_up(self, watch: Watch) -> None:
        try:
            if watch.start < self._floor:
                raise too_old(watch.start, self._floor)
            changes = self._store.changes_since(watch.start, watch.selection.resource)
        except Expired as error:
            watch.fail(error)
            return
        for change in changes:
            event = None
            if watch.selection.namespace in (None, objects.namespace(change.object)):
                event = _Telling(change).event(watch.selection)
            if event is not None:
                watch.preload((event,))
            watch.start = change.resource_version

    def _remember(self, watch: Watch) -> None:
        place = _place(watch.selection)
        self._places.setdefault(place, {}).setdefault(watch.selection, {})[watch] = None
        if place[3] is not None:
            key = place[3][0]
            self._label_keys[key] = self._label_keys.get(key, 0) + 1

    def _forget(self, watch: Watch) -> None:
        place = _place(watch.selection)
        groups = self._places.get(place, {})
        members = groups.get(watch.selection, {})
        if watch not in members:
            return  # it failed before it was remembered
        del members[watch]
        if not members:
            del groups[watch.selection]
        if not groups:
            del self._places[place]
        if place[3] is not None:
            key = place[3][0]
            self._label_keys[key] -= 1
            if not self._label_keys[key]:
                del self._label_keys[key]

    def _on_changes(self, changes: Sequence[Change]) -> None:
        self._waiting.extend(changes)
        if self._timer is None:
            self._tell_all()

    def _tell_all(self) -> None:
        self._timer = None
        changes, self._waiting = self._waiting, []
        if not changes:
            return
        told = sum(self._offer(*news) for news in self._news(changes).items())
        self._told = changes[-1].resource_version
        if self._clock is not None and told >= CROWD:
            self._measure(self._clock, self._clock.now(), turns=2)

    def _measure(self, clock: Clock, began: float, turns: int) -> None:
        """Rest for as long as it takes to wake everybody, and to send what they have to."""
        if turns:
            # Woken in this turn of the loop, they write in the next and send in the one after.
            again = partial(self._measure, clock, began, turns - 1)
            self._timer = clock.call_at(clock.now(), again)
        else:
            now = clock.now()
            rest = min(max(now - began, SHORTEST_REST_SECONDS), LONGEST_REST_SECONDS)
            self._timer = clock.call_at(now + rest, self._tell_all)

    def _news(self, changes: Sequence[Change]) -> dict[tuple[Place, Selection], News]:
        """What each selection is told of these changes."""
        found: dict[tuple[Place, Selection], News] = {}
        for change in changes if self._places else ():
            telling = _Telling(change)
            for place in self._places_of(change):
                for selection in self._places.get(place, ()):
                    event = telling.event(selection)
                    if event is not None:
                        news = found.setdefault((place, selection), [])
                        news.append((change.resource_version, event))
        return found

    def _offer(self, to: tuple[Place, Selection], news: News) -> int:
        """Give a selection's watches their news; how many there are."""
        place, selection = to
        members = tuple(self._places[place][selection])
        events = [event for _, event in news]
        first = news[0][0]
        for watch in members:
            if watch.start < first:
                watch.offer(events)
            else:
                watch.offer([event for version, event in news if version > watch.start])
        return len(members)

    def _places_of(self, change: Change) -> Iterator[Place]:
        meta = change.object["metadata"]
        type_name = change.resource.type_name
        labels = self._labels_of(change)
        for namespace in {meta.get("namespace", ""), None}:
            for name in (meta["name"], None):
                for label in labels:
                    yield type_name, namespace, name, label

    def _labels_of(self, change: Change) -> list[Label | None]:
        if not self._label_keys:
            return [None]
        found: dict[Label | None, None] = {None: None}
        for obj in (change.object, change.previous or {}):
            for key, value in objects.labels(obj).items():
                if key in self._label_keys:
                    found[key, value] = None
        return list(found)


def _place(selection: Selection) -> Place:
    return selection.resource.type_name, selection.namespace, selection.name, _label(selection)


def _label(selection: Selection) -> Label | None:
    """A label that every selected object has."""
    for requirement in selection.labels.requirements:
        if requirement.operator is Operator.IN and len(requirement.values) == 1:
            (value,) = requirement.values
            return requirement.key, value
    return None


class _Telling:
    """What one change is to each selection. Events are made once for all that see it alike."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._events: dict[str, WatchEvent] = {}

    def event(self, selection: Selection) -> WatchEvent | None:
        """What the selection's watches are told; None if it is no news to them."""
        change = self._change
        matches = change.type is not ChangeType.DELETED and selection.matches(change.object)
        matched = change.previous is not None and selection.matches(change.previous)
        if matches:
            return self._made("MODIFIED" if matched else "ADDED")
        return self._made("DELETED") if matched else None

    def _made(self, type_: str) -> WatchEvent:
        event = self._events.get(type_)
        if event is None:
            event = self._events[type_] = WatchEvent(type_, self._version(type_))
        return event

    def _version(self, type_: str) -> Version:
        change = self._change
        if type_ == "DELETED" and change.type is not ChangeType.DELETED:
            return Version(_as_of(change.previous or {}, change.resource_version))
        return change.version


def _as_of(obj: Object, resource_version: int) -> Object:
    return objects.with_metadata(obj, resourceVersion=str(resource_version))
