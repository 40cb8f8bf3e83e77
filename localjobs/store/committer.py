"""When writes become durable: one transaction per turn of the asyncio loop, then the news.

Who answers writes with nothing but writes (controllers, the scheduler) may listen before the
commit: their answers, and the answers to these, are part of the same transaction. A pod's end is
so one transaction with its Job's count and with the pod that comes next.

A disk that refuses (full, I/O error) loses nothing: the batch stays, grows and is tried again
with growing delays; listeners and `durable` wait for as long as it takes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from loguru import logger

from localjobs.api.resources import Resource
from localjobs.clock import Clock, Timer
from localjobs.store.changes import Change, Listener
from localjobs.store.database import Batch, Database
from localjobs.store.index import Entry
from localjobs.store.version import encode

FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 10.0
MOST_ROUNDS = 16
"""So often the answers of one turn are answered; what is left then waits for the next turn."""


class Committer:
    """Collects a turn's writes, commits them, then tells the listeners.

    `committed` is called with what was committed, and the entries it is in, before them;
    `resource_version` is the last one committed so far.
    """

    def __init__(
        self,
        database: Database | None,
        clock: Clock,
        resource_version: int,
        committed: Callable[[Sequence[Change], Iterable[Entry]], None],
    ) -> None:
        self._database = database
        self._clock = clock
        self._committed = committed
        self._changes: list[Change] = []
        self._dirty: dict[Entry, None] = {}
        self._records: dict[tuple[str, str], Any | None] = {}
        self._unheard: list[Change] = []
        """What those who listen before the commit have not heard of."""
        self._listeners: dict[object, Listener] = {}
        self._early_listeners: dict[object, Listener] = {}
        self._defects: list[Exception] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._resource_version = resource_version
        self.committed_version = resource_version
        """The resourceVersion of the last write that is durable."""
        self._scheduled = False
        self._notifying = False
        self._failures = 0
        self._retrying: Timer | None = None
        self.degraded: str | None = None
        """Why nothing can be committed at the moment; None if all is well."""

    def subscribe(self, listener: Listener, before_commit: bool) -> Callable[[], None]:
        """Call `listener` after each commit, or before it; returns what ends that."""
        token = object()
        listeners = self._early_listeners if before_commit else self._listeners
        listeners[token] = listener
        return lambda: listeners.pop(token, None) and None

    def add(self, change: Change, entry: Entry) -> None:
        """A change that was made in memory and waits for its commit."""
        self._changes.append(change)
        if self._early_listeners:
            self._unheard.append(change)
        self._dirty[entry] = None
        self._resource_version = change.resource_version
        self._schedule()

    def add_record(self, table: str, key: str, value: Any | None) -> None:
        """A record that was set, or forgotten (None), in memory and waits for its commit."""
        self._records[table, key] = value
        self._schedule()

    def uncommitted(self, resource_version: int, resource: Resource) -> list[Change]:
        """What waits for its commit and happened to the resource after that version."""
        return [
            change
            for change in self._changes
            if change.resource_version > resource_version and change.resource is resource
        ]

    @property
    def pending(self) -> bool:
        """Whether anything waits for its commit."""
        return bool(self._changes or self._records or self._unheard)

    async def durable(self) -> None:
        """Return once everything written so far is committed."""
        if self.pending:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            self._schedule()
            await waiter

    def flush(self) -> None:
        """Commit and notify now, and again while listeners write more."""
        while self.pending and not self._notifying:
            self._settle()
            if not self._commit():
                return
            self._notify()

    def _schedule(self) -> None:
        if self._scheduled or self.degraded is not None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return  # nobody's turn: the caller flushes
        self._scheduled = True
        loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._scheduled = False
        if not self.pending:
            return
        if self._notifying:
            self._schedule()
            return
        self._settle()
        if self._commit():
            self._notify()

    def _settle(self) -> None:
        """Let what was written be answered, and the answers, within this transaction."""
        for _ in range(MOST_ROUNDS):
            if not self._unheard:
                return
            unheard, self._unheard = self._unheard, []
            self._tell(unheard, self._early_listeners)

    def _commit(self) -> bool:
        if self._database is not None:
            try:
                self._database.write(self._batch())
            except sqlite3.Error as error:
                self._fail(error)
                return False
        if self.degraded is not None:
            logger.info("The store's disk takes writes again")
        self.degraded, self._failures = None, 0
        dirty, self._dirty = self._dirty, {}
        self._records = {}
        self.committed_version = self._resource_version
        for entry in dirty:
            entry.stored = entry.version is not None
        self._committed(self._changes, dirty)
        return True

    def _batch(self) -> Batch:
        batch = Batch(self._resource_version)
        for entry in self._dirty:
            if entry.version is not None:
                key = (entry.resource.qualified, entry.namespace, entry.name)
                batch.objects.append((entry.row, *key, entry.version.body))
            elif entry.stored:
                batch.removed.append((entry.row,))
        for (table, key_), value in self._records.items():
            if value is None:
                batch.forgotten.append((table, key_))
            else:
                batch.records.append((table, key_, encode(value)))
        return batch

    def _fail(self, error: sqlite3.Error) -> None:
        if self.degraded is None:
            logger.error("The store cannot write to its disk, and will try again: {}", error)
        self.degraded = str(error) or type(error).__name__
        delay = min(FIRST_RETRY_SECONDS * 2**self._failures, LONGEST_RETRY_SECONDS)
        self._failures = min(self._failures + 1, 16)
        if self._retrying is not None:
            self._retrying.cancel()
        try:
            self._retrying = self._clock.call_at(self._clock.now() + delay, self._retry)
        except RuntimeError:
            self._retrying = None  # no loop, no timers: the caller flushes again

    def _retry(self) -> None:
        if self.degraded is not None and self._commit():
            self._notify()

    def _notify(self) -> None:
        changes, self._changes = self._changes, []
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        if changes:
            self._tell(changes, self._listeners)
        if self._unheard:
            self._schedule()
        if self._defects:
            defects, self._defects = self._defects, []
            raise ExceptionGroup("listeners of the store failed", defects)

    def _tell(self, changes: list[Change], listeners: dict[object, Listener]) -> None:
        # One listener's defect must not keep the news from the others, nor prevent a commit.
        self._notifying = True
        try:
            for listener in tuple(listeners.values()):
                try:
                    listener(changes)
                except Exception as error:  # noqa: BLE001 - collected, and raised in the end
                    self._defects.append(error)
        finally:
            self._notifying = False
