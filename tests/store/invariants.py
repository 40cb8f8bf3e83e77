"""What is true of every store at any time: checked after each test, and by the model test."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import ALL, EVENTS, Resource
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store

Key = tuple[str, str, str]
Contents = dict[Key, Object]


def contents(store: Store) -> Contents:
    return {
        (resource.plural, objects.namespace(obj), objects.name(obj)): obj
        for resource in ALL
        for obj in store.list(resource)
    }


def replay(changes: Sequence[Change], onto: Contents) -> Contents:
    """What is there after these changes; fails on one that does not follow from those before."""
    found = dict(onto)
    for change in changes:
        key = change.resource.plural, objects.namespace(change.object), objects.name(change.object)
        assert found.get(key) == change.previous
        if change.type is ChangeType.DELETED:
            del found[key]
        else:
            assert (change.previous is None) is (change.type is ChangeType.ADDED)
            found[key] = change.object
        assert change.object["metadata"]["resourceVersion"] == str(change.resource_version)
    return found


class Witness:
    """Listens to a store from the start, and says whether what it heard is what is there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._first = contents(store)
        self._start = store.resource_version
        self.heard: list[Change] = []
        store.subscribe(self.heard.extend)

    def check(self) -> None:
        """Everything is committed."""
        store, now = self._store, contents(self._store)
        versions = [change.resource_version for change in self.heard]
        assert versions == list(range(self._start + 1, store.resource_version + 1))
        assert replay(self.heard, self._first) == now
        assert list(store.changes_since(self._start)) == self.heard
        for resource in ALL:
            check_reads(store, resource)

    def check_reopened(self, reopened: Store) -> None:
        assert contents(reopened) == contents(self._store)
        assert reopened.resource_version == self._store.resource_version
        for resource in ALL:
            check_reads(reopened, resource)


def check_reads(store: Store, resource: Resource) -> None:
    """Every way to read an object shows the same."""
    found = store.list(resource)
    places = [(objects.namespace(obj), objects.name(obj)) for obj in found]
    assert places == sorted(places, key=lambda place: (f"{place[0]}/", place[1]))
    versions = store.versions(resource)
    for obj, place, version in zip(found, places, versions, strict=True):
        assert store.get(resource, *place) == obj
        assert msgspec.json.decode(version.body) == obj
        assert msgspec.json.decode(store.encoded(resource, obj)) == obj
        assert version.labels == objects.labels(obj)
        uid = objects.uid(obj)
        if uid and resource is not EVENTS:
            assert store.by_uid(uid) == obj
        for owner in objects.metadata(obj).get("ownerReferences") or ():
            assert obj in store.owned(owner["uid"])
