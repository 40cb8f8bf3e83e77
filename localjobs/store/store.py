"""The store: every object in memory for reads, in SQLite for the next start.

Reads see writes at once. Listeners and whoever awaits `durable` hear of them after the
commit, which happens once per turn of the asyncio loop.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from loguru import logger

from localjobs.api import objects, resources
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.clock import Clock, SystemClock
from localjobs.store import heap
from localjobs.store.changes import Change, ChangeType, Listener
from localjobs.store.committer import Committer
from localjobs.store.database import Database, DatabaseUnusable
from localjobs.store.directory_lock import DirectoryLock
from localjobs.store.history import History
from localjobs.store.index import Entry, Index
from localjobs.store.refusals import already_exists, not_found
from localjobs.store.rest import Resting, is_finished
from localjobs.store.version import Version, decode, encode

DEFAULT_HISTORY = 4096
# How many finished objects stay as they are for those who still read them; how long after the
# last write others are compressed, and how often then; and how many may wait for that.
PATIENCE = 256
QUIET_SECONDS = 0.5
TIDY_SECONDS = 0.02
MOST_UNTIDY = 10_000

_BY_QUALIFIED = {resource.qualified: resource for resource in resources.ALL}


class Store:
    """Objects with one increasing resourceVersion, and small durable records beside them."""

    def __init__(
        self,
        database: Database | None,
        lock: DirectoryLock | None,
        clock: Clock,
        history: int,
    ) -> None:
        self._database = database
        self._lock = lock
        self._clock = clock
        self._is_tidying = False
        self._was_quiet = False
        self._index = Index()
        self._resting = Resting(PATIENCE, history)
        self._records: dict[str, dict[str, Any]] = {}
        self.resource_version = 0
        """The version of the last write, committed or not."""
        if database is not None:
            self._load(database)
        self._history = History(history, self.resource_version)
        self._committer = Committer(database, clock, self.resource_version, self._committed)

    @classmethod
    def open(
        cls, path: str | None, *, history: int = DEFAULT_HISTORY, clock: Clock | None = None
    ) -> Store:
        """Open the database file at `path`, creating it if need be; None: memory only.

        `history` is how many changes of each resource are kept for watches. `clock` times the
        retries of failed commits. Raises `DirectoryBusy` if another process has the directory
        open, `DatabaseUnusable` if the file is damaged or from a newer version.
        """
        clock = clock or SystemClock()
        if path is None:
            return cls(None, None, clock, history)
        lock = DirectoryLock(os.path.dirname(os.path.abspath(path)))
        try:
            return cls(Database(path), lock, clock, history)
        except BaseException:
            lock.release()
            raise

    def _load(self, database: Database) -> None:
        self.resource_version = database.resource_version()
        try:
            for row, qualified, namespace, name, body in database.objects():
                resource = _BY_QUALIFIED[qualified]
                if self._index.find(resource, namespace, name) is not None:
                    raise DatabaseUnusable(f"the database holds {qualified} {name!r} twice")
                entry = Entry(resource, namespace, name, row)
                obj = decode(body)
                version = Version(obj, body)
                self._index.restore(entry, version, obj)
                if is_finished(entry.resource, obj):
                    self._resting.found(entry, version)
            for table, key, value in database.records():
                self._records.setdefault(table, {})[key] = decode(value)
        except (msgspec.DecodeError, KeyError) as error:
            raise DatabaseUnusable(
                f"the database holds a row that cannot be read: {error}"
            ) from error

    def _committed(self, changes: Sequence[Change], entries: Iterable[Entry]) -> None:
        self._history.extend(changes)
        self._resting.written(entries)
        self._resting.replaced(changes)
        self._was_quiet = False
        if self._resting.due > MOST_UNTIDY:
            self._resting.work()
        if not self._resting.is_tidy and not self._is_tidying:
            self._tidy_later(QUIET_SECONDS)

    def _tidy_later(self, delay: float) -> None:
        try:
            self._clock.call_at(self._clock.now() + delay, self._tidy)
            self._is_tidying = True
        except RuntimeError:
            self._resting.work()  # no loop, no timers

    def _tidy(self) -> None:
        """Do some of it, if nothing was written meanwhile: writes come first."""
        self._is_tidying = False
        if self._was_quiet:
            self._resting.work()
        if not self._resting.is_tidy:
            self._tidy_later(TIDY_SECONDS if self._was_quiet else QUIET_SECONDS)
        else:
            heap.give_back()
        self._was_quiet = True

    # Reading

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """The object of that name ("" is the namespace of what has none), or None."""
        entry = self._index.find(resource, namespace, name)
        return entry.current.object if entry is not None else None

    def by_uid(self, uid: str) -> Object | None:
        """The object with that uid, or None. Events are not found so."""
        entry = self._index.by_uid(uid)
        return entry.current.object if entry is not None else None

    def list(self, resource: Resource, namespace: str | None = None) -> list[Object]:
        """The objects sorted by namespace and name; of all namespaces if it is None."""
        return [entry.current.object for entry in self._index.listed(resource, namespace)]

    def owned(self, uid: str) -> Iterable[Object]:
        """The objects with an ownerReference to that uid, of all resources."""
        return [entry.current.object for entry in self._index.owned(uid)]

    def owned_uids(self, uid: str) -> Sequence[str]:
        """The uids of what `owned` gives, at no cost for objects at rest."""
        return [entry.uid for entry in self._index.owned(uid)]

    def version(self, resource: Resource, namespace: str, name: str) -> Version | None:
        """What `get` gives, with its JSON and labels at hand, or None."""
        entry = self._index.find(resource, namespace, name)
        return entry.version if entry is not None else None

    def versions(self, resource: Resource, namespace: str | None = None) -> Sequence[Version]:
        """What `list` gives, each with its JSON and labels at hand."""
        return [entry.current for entry in self._index.listed(resource, namespace)]

    def versions_at(
        self, resource: Resource, namespace: str | None, resource_version: int
    ) -> Sequence[Version]:
        """What `versions` gave when `resource_version` was the latest. Raises `Expired`."""
        later = self._history.past(resource_version, resource)
        later += self._committer.uncommitted(resource_version, resource)
        if not later:
            return self.versions(resource, namespace)
        entries = self._index.listed(resource, namespace)
        found = {(entry.namespace, entry.name): entry.current for entry in entries}
        for change in reversed(later):
            key = change.key
            if namespace is not None and key[0] != namespace:
                continue
            if change.before is None:
                del found[key]
            else:
                found[key] = change.before
        return [found[key] for key in sorted(found, key=lambda key: (f"{key[0]}/", key[1]))]

    def encoded(self, resource: Resource, obj: Object) -> bytes:
        """The JSON of an object that the store gave out; made once while it is current."""
        meta = obj["metadata"]
        version = self.version(resource, meta.get("namespace", ""), meta.get("name", ""))
        if version is None or not version.is_of(obj):
            return encode(obj)
        return version.body

    # Writing

    def insert(self, resource: Resource, obj: Object) -> Object:
        """Add an object; gives it its resourceVersion. Raises `AlreadyExists`."""
        namespace, name = objects.namespace(obj), objects.name(obj)
        if self._index.find(resource, namespace, name) is not None:
            raise already_exists(resource, obj)
        obj = self._versioned(resource, obj)
        entry = self._index.new_entry(resource, namespace, name)
        version = Version(obj)
        self._index.add(entry, version, obj)
        self._changed(ChangeType.ADDED, entry, version, None)
        return obj

    def insert_at_rest(
        self, resource: Resource, key: tuple[str, str], encoded: Callable[[str], bytes]
    ) -> None:
        """Add an object without labels and owners of which its JSON is all that is needed.

        `key` is its namespace and name, `encoded` makes its JSON, given its resourceVersion.
        That costs a fraction of `insert`. Raises `AlreadyExists`.
        """
        if self._index.find(resource, *key) is not None:
            raise already_exists(resource, {"metadata": {"namespace": key[0], "name": key[1]}})
        self.resource_version += 1
        entry = self._index.new_entry(resource, *key)
        version = Version.at_rest(encoded(str(self.resource_version)))
        self._index.add(entry, version, _UNLINKED)
        self._changed(ChangeType.ADDED, entry, version, None)

    def replace(self, resource: Resource, obj: Object) -> Object:
        """Put an object in the place of the one of its name; gives it a new resourceVersion.

        An object equal to the one there but for its resourceVersion is no write. Raises
        `NotFound`.
        """
        entry = self._existing(resource, objects.namespace(obj), objects.name(obj))
        before = entry.current
        previous = before.object
        if _same(obj, previous):
            return previous
        obj = self._versioned(resource, obj)
        version = Version(obj)
        self._index.swap(entry, version, previous, obj)
        self._changed(ChangeType.MODIFIED, entry, version, before)
        return obj

    def remove(
        self, resource: Resource, namespace: str, name: str, last: Object | None = None
    ) -> Object:
        """Take an object out; returns its last state. Raises `NotFound`.

        `last` is that last state if it differs from the one stored.
        """
        entry = self._existing(resource, namespace, name)
        before = entry.current
        previous = before.object
        last = self._versioned(resource, previous if last is None else last)
        self._index.drop(entry, previous)
        self._changed(ChangeType.DELETED, entry, Version(last), before)
        return last

    def _existing(self, resource: Resource, namespace: str, name: str) -> Entry:
        entry = self._index.find(resource, namespace, name)
        if entry is None:
            raise not_found(resource, name)
        return entry

    def _versioned(self, resource: Resource, obj: Object) -> Object:
        self.resource_version += 1
        meta = {**obj["metadata"], "resourceVersion": str(self.resource_version)}
        return {**_heads[resource.type_name], **obj, "metadata": meta}

    def _changed(
        self, type_: ChangeType, entry: Entry, version: Version, before: Version | None
    ) -> None:
        key = (entry.namespace, entry.name)
        change = Change(type_, entry.resource, key, version, before, self.resource_version)
        self._committer.add(change, entry)

    # Records: small durable tables for what is no API object

    def record(self, table: str, key: str, value: Any | None) -> None:
        """Set a record (any JSON value), or forget it (None)."""
        records = self._records.setdefault(table, {})
        if value is None:
            if records.pop(key, None) is None:
                return
        else:
            records[key] = value
        self._committer.add_record(table, key, value)

    def records(self, table: str) -> dict[str, Any]:
        """The records of a table."""
        return dict(self._records.get(table, {}))

    # News and durability

    def subscribe(self, listener: Listener, *, before_commit: bool = False) -> Callable[[], None]:
        """Call `listener` with each turn's changes after their commit; returns what ends that.

        With `before_commit` it is called before: what it writes is part of the same
        transaction. It may do nothing then that cannot be taken back but write to this store.
        """
        return self._committer.subscribe(listener, before_commit)

    @property
    def committed_version(self) -> int:
        """The resourceVersion of the last write that is durable."""
        return self._committer.committed_version

    def changes_since(
        self, resource_version: int, resource: Resource | None = None
    ) -> Sequence[Change]:
        """The committed changes after that version, of one resource or all; may raise `Expired`."""
        return self._history.past(resource_version, resource)

    @property
    def degraded(self) -> str | None:
        """Why nothing can be committed at the moment; None if all is well."""
        return self._committer.degraded

    async def durable(self) -> None:
        """Return once everything written so far is committed."""
        await self._committer.durable()

    def flush(self) -> None:
        """Commit and notify now; `degraded` says why if that failed."""
        self._committer.flush()

    def is_in_place(self) -> bool:
        """Whether its directory is there still, and not removed or exchanged for another."""
        return self._lock is None or self._lock.is_in_place()

    def close(self) -> None:
        """Commit what is left, and release the file and the directory."""
        self.flush()
        if self.degraded is not None:
            logger.error("The last writes are lost: {}", self.degraded)
        if self._database is not None:
            self._database.close()
        if self._lock is not None:
            self._lock.release()


_UNLINKED: Object = {"metadata": {}}
"""An object that nobody finds but by its name."""

_heads: dict[str, Object] = {
    resource.type_name: {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": None,
    }
    for resource in resources.ALL
}
"""Per type the members that every object's JSON begins with."""


def _same(obj: Object, current: Object) -> bool:
    """Whether an object equals the stored one in everything but its resourceVersion."""
    if obj is current:
        return True
    version = current["metadata"]["resourceVersion"]
    if obj["metadata"].get("resourceVersion") != version:
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": version}}
    return obj == current
