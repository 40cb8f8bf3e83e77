"""The objects in memory: by resource, namespace and name; by uid; by owner."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from localjobs.api.objects import Object
from localjobs.api.resources import Resource


class Entry:
    """One object's place: its current version, and that version's JSON once it was needed."""

    __slots__ = ("encoded", "name", "namespace", "object", "resource", "row", "stored")

    def __init__(self, resource: Resource, namespace: str, name: str, row: int) -> None:
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.row = row
        """The rowid of its row in the database, never used again."""
        self.stored = False
        """Whether the database has its row."""
        self.object: Object | None = None
        """None once it is removed."""
        self.encoded: bytes | None = None


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
        entries = self.entries
        return [entries[name] for name in self._in_order]


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
        """The entry whose object has this uid, or None."""
        return self._uids.get(uid)

    def owned(self, uid: str) -> Iterable[Entry]:
        """The entries whose objects have an ownerReference to this uid, oldest first."""
        return tuple(self._owned.get(uid, ()))

    def listed(self, resource: Resource, namespace: str | None) -> Iterator[Entry]:
        """The entries sorted by namespace and name; of every namespace if it is None."""
        shelves = self._shelves.get(resource.type_name, {})
        for key in (namespace,) if namespace is not None else sorted(shelves):
            if (shelf := shelves.get(key)) is not None:
                yield from shelf.in_order()

    def add(self, entry: Entry, obj: Object) -> None:
        """Take in an entry that is not there yet, with its first object."""
        shelves = self._shelves.setdefault(entry.resource.type_name, {})
        shelf = shelves.get(entry.namespace)
        if shelf is None:
            shelf = shelves[entry.namespace] = Shelf()
        shelf.add(entry)
        self._link(entry, obj)
        entry.object = obj

    def swap(self, entry: Entry, previous: Object, obj: Object) -> None:
        """Give an entry its next object."""
        old, new = previous["metadata"], obj["metadata"]
        if old.get("uid") != new.get("uid") or old.get("ownerReferences") != new.get(
            "ownerReferences"
        ):
            self._unlink(entry, previous)
            self._link(entry, obj)
        entry.object = obj
        entry.encoded = None

    def drop(self, entry: Entry, previous: Object) -> None:
        """Forget an entry."""
        shelves = self._shelves[entry.resource.type_name]
        shelf = shelves[entry.namespace]
        shelf.discard(entry.name)
        if not shelf.entries:
            del shelves[entry.namespace]
        self._unlink(entry, previous)
        entry.object = None
        entry.encoded = None

    def new_entry(self, resource: Resource, namespace: str, name: str) -> Entry:
        """An entry with a row of its own, not taken in yet."""
        entry = Entry(resource, namespace, name, self._next_row)
        self._next_row += 1
        return entry

    def restore(self, entry: Entry, obj: Object) -> None:
        """Take in an entry that the database holds."""
        entry.stored = True
        self._next_row = max(self._next_row, entry.row + 1)
        self.add(entry, obj)

    def _link(self, entry: Entry, obj: Object) -> None:
        meta = obj["metadata"]
        if uid := meta.get("uid"):
            self._uids[uid] = entry
        for reference in meta.get("ownerReferences") or ():
            self._owned.setdefault(reference["uid"], {})[entry] = None

    def _unlink(self, entry: Entry, obj: Object) -> None:
        meta = obj["metadata"]
        if self._uids.get(meta.get("uid", "")) is entry:
            del self._uids[meta["uid"]]
        for reference in meta.get("ownerReferences") or ():
            owned = self._owned.get(reference["uid"])
            if owned is not None:
                owned.pop(entry, None)
                if not owned:
                    del self._owned[reference["uid"]]
