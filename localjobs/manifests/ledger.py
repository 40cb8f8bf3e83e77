"""Which file made which object: kept in memory, and durably in the store's records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from localjobs.manifests import records
from localjobs.manifests.records import Applied
from localjobs.manifests.targets import Target
from localjobs.store.store import Store

_NONE: frozenset[Target] = frozenset()


class Ledger:
    """The objects that manifests made, and the claims that files have on objects."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._applied = {
            file: records.load(record) for file, record in store.records(records.TABLE).items()
        }
        self._claims = {file: frozenset(applied) for file, applied in self._applied.items()}
        self._holders = {target: file for file, made in self._claims.items() for target in made}
        self._refused: dict[Target, set[str]] = {}
        self._by_uid = {
            one.uid: (file, target)
            for file, applied in self._applied.items()
            for target, one in applied.items()
        }

    @property
    def holders(self) -> Mapping[Target, str]:
        """The file that has an object."""
        return self._holders

    def files(self) -> list[str]:
        """The files of which something is remembered."""
        return list(self._applied)

    def applied(self, file: str) -> Mapping[Target, Applied]:
        """What a file made."""
        return self._applied.get(file, {})

    def made(self, uid: str) -> tuple[str, Applied] | None:
        """The file that made the object with this uid, and what is remembered of it."""
        found = self._by_uid.get(uid)
        if found is None:
            return None
        file, target = found
        return file, self._applied[file][target]

    def claim(self, file: str, claims: frozenset[Target], refused: Iterable[Target]) -> set[str]:
        """Give a file its claims; returns the files that were refused what it now gives up."""
        given_up = self._claims.get(file, _NONE) - claims
        for target in given_up:
            if self._holders.get(target) == file:
                del self._holders[target]
        self._holders.update(dict.fromkeys(claims, file))
        self._claims[file] = claims
        for files in self._refused.values():
            files.discard(file)
        for target in refused:
            self._refused.setdefault(target, set()).add(file)
        waiting = [self._refused.get(target, set()) for target in given_up]
        return set().union(*waiting) - {file}

    def remember(self, file: str, applied: Applied) -> None:
        """Take note of an object that a file made; `save` makes it durable."""
        applied_before = self._applied.setdefault(file, {}).get(applied.target)
        if applied_before is not None:
            self._by_uid.pop(applied_before.uid, None)
        self._applied[file][applied.target] = applied
        self._by_uid[applied.uid] = (file, applied.target)

    def drop(self, file: str, target: Target) -> None:
        """Forget an object that a file made."""
        applied = self._applied.get(file, {}).pop(target, None)
        if applied is not None:
            self._by_uid.pop(applied.uid, None)

    def move(self, target: Target, old: str, new: str) -> None:
        """Pass an object on to the file that names it now."""
        applied = self.applied(old).get(target)
        self._claims[old] = self._claims.get(old, _NONE) - {target}
        self._holders.pop(target, None)
        if applied is not None:
            self.drop(old, target)
            self.remember(new, applied)
            self.save(old)

    def save(self, file: str) -> None:
        """Make what is remembered of a file durable, with the next commit."""
        self._store.record(records.TABLE, file, records.dump(self.applied(file)))

    def forget(self, file: str) -> set[str]:
        """Forget a file; returns the files that were refused what it had."""
        released = self.claim(file, _NONE, ())
        for target in list(self.applied(file)):
            self.drop(file, target)
        self.save(file)
        self._applied.pop(file, None)
        self._claims.pop(file, None)
        return released
