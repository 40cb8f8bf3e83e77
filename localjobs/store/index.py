"""The objects in memory: by resource, namespace and name; by uid; by owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, Resource
from localjobs.store.version import Version


class Entry(Struct, eq=False, gc=False):
    """One object's place, and its current version."""

    # As many as objects, in no cycle: the garbage collector need not look at them.

    resource: Resource
    namespace: str
    name: str
    row: int
    """The rowid of its row in the database, never used again."""
    uid: str = ""
    """The object's uid, once it is taken in."""
    stored: bool = False
    """Whether the database has its row."""
    version: Version | None = None
    """None before it is taken in and once it is removed."""

    @property
    def current(self) -> Version:
        """The version of an entry that is in the index."""
        assert self.version is not None, "an entry in the index has a version"
        return self.version


class Shelf:
    """The entries of one resource and namespace, listed by name."""

    __slots__ = ("_in_order", "entries")

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self._in_order: list[str] | None = None

    def add(self, entry: Entry) -> None:
        self.entries[entry.name] = entry
        self._in_order = None

    def discard(self, name: str) -> None:
        del self.entries[name]
        self._in_order = None

    def in_order(self) -> list[Entry]:
        """The entries sorted by name."""
        if self._in_order is None:
            self._in_order = sorted(self.entries)
        return list(map(self.entries.__getitem__, self._in_order))


class Index:
    """Every entry, and the ways to find it."""

    def __init__(self) -> None:
        self._shelves: dict[str, dict[str, Shelf]] = {}
        self._uids: dict[str, Entry] = {}
        self._owned: dict[str, dict[Entry, None]] = {}
        self._next_row = 1

    def find(self, resource: Resource, namespace: str, name: str) -> Entry | None:
        """The entry of that name, or None."""
        shelves = self._shelves.get(resource.type_name)
        shelf = shelves.get(namespace) if shelves else None
        return shelf.entries.get(name) if shelf else None

    def by_uid(self, uid: str) -> Entry | None:
        """The entry whose object has this uid, or None. Events are not found so."""
        return self._uids.get(uid)

    def owned(self, uid: str) -> Iterable[Entry]:
        """The entries whose objects have an ownerReference to this uid, oldest first."""
        return tuple(self._owned.get(uid, ()))

    def listed(self, resource: Resource, namespace: str | None) -> Iterator[Entry]:
        """The entries sorted by namespace and name; of every namespace if it is None."""
        shelves = self._shelves.get(resource.type_name, {})
        # Of all namespaces: in the order of upstream's keys, `namespace/name`.
        keys = (namespace,) if namespace is not None else sorted(shelves, key=lambda n: f"{n}/")
        for key in keys:
            if (shelf := shelves.get(key)) is not None:
                yield from shelf.in_order()

    def new_entry(self, resource: Resource, namespace: str, name: str) -> Entry:
        """An entry with a row of its own, not taken in yet."""
        entry = Entry(resource, namespace, name, self._next_row)
        self._next_row += 1
        return entry

    def add(self, entry: Entry, version: Version, obj: Object) -> None:
        """Take in an entry that is not there yet, with its first version."""
        shelves = self._shelves.setdefault(entry.resource.type_name, {})
        shelf = shelves.get(entry.namespace)
        if shelf is None:
            shelf = shelves[entry.namespace] = Shelf()
        shelf.add(entry)
        entry.version = version
        self._link(entry, obj)

    def restore(self, entry: Entry, version: Version, obj: Object) -> None:
        """Take in an entry that the database holds. `obj` needs only its metadata."""
        entry.stored = True
        self._next_row = max(self._next_row, entry.row + 1)
        self.add(entry, version, obj)

    def swap(self, entry: Entry, version: Version, previous: Object, obj: Object) -> None:
        """Give an entry its next version."""
        entry.version = version
        if _links(previous) != _links(obj):
            self._unlink(entry, previous)
            self._link(entry, obj)

    def drop(self, entry: Entry, previous: Object) -> None:
        """Forget an entry."""
        shelves = self._shelves[entry.resource.type_name]
        shelf = shelves[entry.namespace]
        shelf.discard(entry.name)
        if not shelf.entries:
            del shelves[entry.namespace]
        self._unlink(entry, previous)
        entry.version = None

    def _link(self, entry: Entry, obj: Object) -> None:
        uid, owners = _links(obj)
        if uid and entry.resource is not EVENTS:
            entry.uid = uid
            self._uids[uid] = entry
        for reference in owners or ():
            self._owned.setdefault(reference["uid"], {})[entry] = None

    def _unlink(self, entry: Entry, obj: Object) -> None:
        uid, owners = _links(obj)
        if uid and self._uids.get(uid) is entry:
            del self._uids[uid]
        for reference in owners or ():
            owned = self._owned.get(reference["uid"])
            if owned is not None:
                owned.pop(entry, None)
                if not owned:
                    del self._owned[reference["uid"]]


def _links(obj: Object) -> tuple[str | None, list[Object] | None]:
    meta = obj["metadata"]
    return meta.get("uid"), meta.get("ownerReferences")
