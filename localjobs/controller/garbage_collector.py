"""The garbage collector: performs what `garbage_collection` decides.

It follows the store's changes and looks at an object only when something about its owners or
its own deletion changed, so the events of running pods cost it nearly nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, assert_never

from localjobs.admission.deletion import FOREGROUND, ORPHAN, DeleteOptions
from localjobs.api import objects
from localjobs.api.job import CONTROLLER_UID_LABEL
from localjobs.api.objects import Object
from localjobs.api.resources import ALL, BY_KIND, EVENTS, Resource
from localjobs.clock import Clock, Timer
from localjobs.controller import garbage_collection
from localjobs.controller.garbage_collection import Delete, Detach, Keep, OwnerState
from localjobs.errors import Conflict, NotFound
from localjobs.store.changes import Change, ChangeType
from localjobs.store.registry import Registry
from localjobs.store.store import Store
from localjobs.store.version import Version

MAX_PER_TURN: Final = 500
"""How many objects are looked at before the loop's other work has its turn."""
LINGER_SECONDS: Final = 0.1
"""How long a deletion that involves dependents stays as it was asked for.

On a cluster the collector takes a moment to hear of it, so a client that reads at once what it
has deleted finds it, being deleted. A deletion in the background leaves nothing to be read, and
its dependents are collected at once.
"""


class GarbageCollector:
    """Deletes what nothing owns any more, and finishes foreground and orphaning deletions."""

    def __init__(self, store: Store, registry: Registry, clock: Clock) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._queue: dict[str, None] = {}
        self._lingering: dict[str, Timer] = {}
        self._timer: Timer | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Look at everything once, then follow the changes."""
        self._unsubscribe = self._store.subscribe(self._on_changes)
        owners: dict[str, bool] = {}
        for resource in ALL:
            if resource is not EVENTS:
                for version in self._store.versions(resource):
                    if not (version.is_at_rest and self._is_owned(version, owners)):
                        self._consider(version.object)
        self._work()

    def stop(self) -> None:
        """Follow no more changes."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for timer in (self._timer, *self._lingering.values()):
            if timer is not None:
                timer.cancel()

    def _is_owned(self, version: Version, known: dict[str, bool]) -> bool:
        """Whether an object at rest belongs to a Job that stays, told without unpacking it."""
        uid = version.labels.get(CONTROLLER_UID_LABEL)
        if uid is None:
            return False
        if uid not in known:
            owner = self._store.by_uid(uid)
            known[uid] = owner is not None and not objects.is_deleting(owner)
        return known[uid]

    def _on_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.resource is EVENTS:
                continue
            uid = objects.uid(change.object)
            if change.type is ChangeType.DELETED:
                self._has_gone(change.object)
            elif _starts_work(change):
                self._linger(uid)
            elif uid not in self._lingering and _concerns_owners(change):
                self._consider(change.object)
        self._work()

    def _linger(self, uid: str) -> None:
        """Queue it after a while."""
        if uid not in self._lingering:
            due = self._clock.now() + LINGER_SECONDS
            self._lingering[uid] = self._clock.call_at(due, lambda: self._end_lingering(uid))

    def _end_lingering(self, uid: str) -> None:
        del self._lingering[uid]
        self._queue[uid] = None
        self._work()

    def _has_gone(self, obj: Object) -> None:
        """Its dependents lost an owner; owners that waited for it wait for one less."""
        if (timer := self._lingering.pop(objects.uid(obj), None)) is not None:
            timer.cancel()
        for dependent in self._store.owned_uids(objects.uid(obj)):
            self._queue[dependent] = None
        for reference in garbage_collection.references(obj):
            self._queue[reference["uid"]] = None

    def _consider(self, obj: Object) -> None:
        """Queue it if there may be something to do: not for a pod whose Job simply goes on."""
        if _has_work(obj) or not all(
            self._state(obj, reference) is OwnerState.SOLID
            for reference in garbage_collection.references(obj)
        ):
            self._queue[objects.uid(obj)] = None

    def _state(self, dependent: Object, reference: Object) -> OwnerState:
        owner = self._store.by_uid(reference["uid"])
        return garbage_collection.owner_state(dependent, reference, owner)

    def _work(self) -> None:
        """Look at what is queued, as much as fits in a turn."""
        for _ in range(min(len(self._queue), MAX_PER_TURN)):
            uid = next(iter(self._queue))
            del self._queue[uid]
            self._look_at(uid)
        if self._queue and self._timer is None:
            self._timer = self._clock.call_at(self._clock.now(), self._go_on)

    def _go_on(self) -> None:
        self._timer = None
        self._work()

    def _look_at(self, uid: str) -> None:
        obj = self._store.by_uid(uid)
        if obj is None:
            return
        if garbage_collection.is_orphaning(obj):
            self._orphan_dependents(obj)
        elif garbage_collection.is_waiting_for_dependents(obj):
            self._wait_for_dependents(obj)
        self._collect(uid)

    def _orphan_dependents(self, owner: Object) -> None:
        uid = objects.uid(owner)
        for dependent in self._store.owned(uid):
            freed = garbage_collection.without_owners(dependent, (uid,))
            self._registry.put(_resource(dependent), freed)
        self._registry.put(_resource(owner), garbage_collection.without_finalizer(owner, ORPHAN))

    def _wait_for_dependents(self, owner: Object) -> None:
        uid = objects.uid(owner)
        blocking = False
        for dependent in self._store.owned(uid):
            blocking = blocking or garbage_collection.blocks(dependent, uid)
            if not objects.is_deleting(dependent):
                self._queue[objects.uid(dependent)] = None
        if not blocking:
            freed = garbage_collection.without_finalizer(owner, FOREGROUND)
            self._registry.put(_resource(owner), freed)

    def _collect(self, uid: str) -> None:
        dependent = self._store.by_uid(uid)
        if dependent is None or not garbage_collection.references(dependent):
            return
        has_dependents = bool(self._store.owned_uids(uid))
        decision = garbage_collection.decide(dependent, self._store.by_uid, has_dependents)
        match decision:
            case Keep():
                return
            case Detach(uids=uids):
                freed = garbage_collection.without_owners(dependent, uids)
                self._registry.put(_resource(dependent), freed)
            case Delete(propagation_policy=policy):
                self._delete(dependent, policy)
            case _:
                assert_never(decision)

    def _delete(self, dependent: Object, policy: str) -> None:
        options = DeleteOptions(propagation_policy=policy, uid=objects.uid(dependent))
        namespace, name = objects.namespace(dependent), objects.name(dependent)
        try:
            self._registry.delete(_resource(dependent), namespace, name, options)
        except (NotFound, Conflict):
            return  # it went, or another one took its name: nothing is left to collect


def _starts_work(change: Change) -> bool:
    """Whether from this change on there is something to do about an object's dependents."""
    if not _has_work(change.object):
        return False
    return change.previous is None or not _has_work(change.previous)


def _concerns_owners(change: Change) -> bool:
    """Whether a change can make a difference: new owners, or the start of a deletion."""
    meta = change.object["metadata"]
    if "deletionTimestamp" in meta:
        return _has_work(change.object)
    before = change.previous["metadata"] if change.previous is not None else {}
    return meta.get("ownerReferences") is not before.get("ownerReferences")


def _has_work(obj: Object) -> bool:
    return garbage_collection.is_orphaning(obj) or garbage_collection.is_waiting_for_dependents(obj)


def _resource(obj: Object) -> Resource:
    return BY_KIND[obj["apiVersion"], obj["kind"]]
