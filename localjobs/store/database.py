"""The store's SQLite file: its schema, reading it at the start, writing one turn at a time.

WAL with `synchronous=NORMAL`: a transaction survives the death of the daemon at any moment;
a power cut may take the last transactions with it, never tear one.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from localjobs.errors import LocaljobsError

SCHEMA_VERSION = 1
# Folding the log into the file costs two fsyncs; some 16 MB of log are soon read at a start.
_PAGES_PER_CHECKPOINT = 2000
# Two pods of 4 KB to a page. In SQLite's own 4 KB each would take a page and another for what hangs
# over, and a transaction writes every page that it touches.
_PAGE_BYTES = 8192

ObjectRow: TypeAlias = tuple[int, str, str, str, bytes]
"""(rowid, qualified resource, namespace, name, JSON)."""
RecordRow: TypeAlias = tuple[str, str, bytes]
"""(table, key, JSON)."""

# No index on (resource, namespace, name): the store in memory is the index, and keeping one here
# would double the cost of an insert. Reading the file checks that no object is there twice.
_CREATE = """
CREATE TABLE objects (
    row INTEGER PRIMARY KEY,
    resource TEXT NOT NULL,
    namespace TEXT NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE records (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('resourceVersion', 0);
"""

MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {}
"""From schema version N to N + 1: what to do inside the transaction that migrates."""


class DatabaseUnusable(LocaljobsError):
    """The database file is damaged, or was written by a newer localjobs."""


@dataclass(slots=True)
class Batch:
    """The rows that one transaction writes."""

    resource_version: int
    objects: list[ObjectRow] = field(default_factory=list)
    removed: list[tuple[int]] = field(default_factory=list)
    records: list[RecordRow] = field(default_factory=list)
    forgotten: list[tuple[str, str]] = field(default_factory=list)


class Database:
    """One open database file. Raises `DatabaseUnusable` if it cannot be read."""

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            _make_private(path)
            self._connection = sqlite3.connect(path, isolation_level=None)
            self._prepare()
        except (sqlite3.DatabaseError, OSError) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> DatabaseUnusable:
        return DatabaseUnusable(
            f"cannot use the database {self._path}: {error}"
            " (move the file away to start with an empty store)"
        )

    def _prepare(self) -> None:
        self._connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")  # of a file yet to be made
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._connection.execute(f"PRAGMA wal_autocheckpoint={_PAGES_PER_CHECKPOINT}")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise DatabaseUnusable(
                f"the database {self._path} has schema version {version}, written by a newer"
                f" localjobs; this one reads up to version {SCHEMA_VERSION}"
            )
        if version < SCHEMA_VERSION:
            self._migrate(version)

    def _migrate(self, version: int) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            if version == 0:
                for statement in filter(str.strip, _CREATE.split(";")):
                    self._connection.execute(statement)
            else:
                for step in range(version, SCHEMA_VERSION):
                    MIGRATIONS[step](self._connection)
            self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def resource_version(self) -> int:
        """The resourceVersion of the last commit."""
        query = "SELECT value FROM counters WHERE name = 'resourceVersion'"
        return int(self._read(query).fetchone()[0])

    def objects(self) -> Iterator[ObjectRow]:
        """Every object's row, in the order of first insertion."""
        yield from self._rows("SELECT row, resource, namespace, name, body FROM objects")

    def records(self) -> Iterator[RecordRow]:
        """Every record's row."""
        yield from self._rows("SELECT kind, key, value FROM records")

    def _read(self, query: str) -> sqlite3.Cursor:
        try:
            return self._connection.execute(query)
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _rows(self, query: str) -> Iterator[Any]:
        cursor = self._read(query)
        try:
            yield from cursor
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def write(self, batch: Batch) -> None:
        """Write the batch in one transaction: all of it or, raising `sqlite3.Error`, nothing."""
        run, run_many = self._connection.execute, self._connection.executemany
        run("BEGIN IMMEDIATE")
        try:
            if batch.removed:
                run_many("DELETE FROM objects WHERE row = ?", batch.removed)
            if batch.objects:
                run_many(
                    "INSERT INTO objects VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (row) DO UPDATE SET body = excluded.body",
                    batch.objects,
                )
            if batch.records:
                run_many("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", batch.records)
            if batch.forgotten:
                run_many("DELETE FROM records WHERE kind = ? AND key = ?", batch.forgotten)
            run(
                "UPDATE counters SET value = ? WHERE name = 'resourceVersion'",
                (batch.resource_version,),
            )
            run("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                run("ROLLBACK")
            raise

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log into it."""
        self._connection.close()


def _make_private(path: str) -> None:
    """Make the file, for its owner alone: it holds Secrets. The log beside it gets its mode."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
