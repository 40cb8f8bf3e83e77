"""What is on disk when: commits, failing disks, deaths at any moment, unusable files."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from loguru import logger

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS
from localjobs.clock import VirtualClock
from localjobs.errors import DirectoryBusy, Expired
from localjobs.store import database
from localjobs.store.changes import Change
from localjobs.store.database import SCHEMA_VERSION, Batch, Database, DatabaseUnusable
from localjobs.store.store import Store
from tests.store.invariants import contents
from tests.store.samples import job, pod


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "store.db")


def rows(path: str) -> list[tuple[str, str, str]]:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT resource, namespace, name FROM objects").fetchall()
    connection.close()
    return found


async def test_a_turn_is_one_transaction_with_one_row_per_object(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Batch] = []
    write = Database.write

    def spy(self: Database, batch: Batch) -> None:
        batches.append(batch)
        write(self, batch)

    monkeypatch.setattr(Database, "write", spy)
    store = Store.open(path)
    current = store.insert(JOBS, job("a"))
    for active in range(1, 4):
        current = store.replace(JOBS, objects.with_status(current, {"active": active}))
    store.insert(JOBS, job("brief"))
    store.remove(JOBS, "default", "brief")
    await store.durable()
    (batch,) = batches
    assert [row[1:4] for row in batch.objects] == [("jobs.batch", "default", "a")]
    assert batch.removed == []
    assert rows(path) == [("jobs.batch", "default", "a")]
    store.close()


def test_everything_is_there_after_a_restart(path: str) -> None:
    store = Store.open(path)
    store.insert(JOBS, job("a"))
    kept = store.insert(PODS, pod(labels={"x": "y"}))
    store.remove(JOBS, "default", "a")
    store.record("t", "k", {"deep": [1, None, "é"]})
    store.record("t", "gone", 1)
    store.record("t", "gone", None)
    version = store.resource_version
    store.close()
    store = Store.open(path)
    store.record("t", "later", 1)
    store.record("t", "later", None)
    store.close()
    store = Store.open(path)
    assert store.resource_version == version, "the deletion's version is not used again"
    assert store.list(JOBS) == []
    assert store.get(PODS, "default", "p") == kept
    assert store.records("t") == {"k": {"deep": [1, None, "é"]}}
    assert store.insert(JOBS, job())["metadata"]["resourceVersion"] == str(version + 1)
    store.close()


def test_history_does_not_reach_behind_a_restart(path: str) -> None:
    store = Store.open(path)
    store.insert(JOBS, job())
    store.close()
    store = Store.open(path)
    assert store.changes_since(1) == []
    with pytest.raises(Expired, match=r"too old resource version: 0 \(1\)"):
        store.changes_since(0)
    store.close()


def trouble(store: Store) -> str | None:
    return store.degraded


class FullDisk:
    """A disk that takes no writes while `error` is set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error: Exception | None = None
        self.attempts = 0
        write = Database.write

        def fail(database: Database, batch: Batch) -> None:
            self.attempts += 1
            if self.error is not None:
                raise self.error
            write(database, batch)

        monkeypatch.setattr(Database, "write", fail)


def test_a_full_disk_loses_nothing(
    path: str, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch)
    store = Store.open(path, clock=clock)
    heard: list[Change] = []
    store.subscribe(heard.extend)
    disk.error = sqlite3.OperationalError("database or disk is full")
    store.insert(JOBS, job("a"))
    store.flush()
    assert trouble(store) == "database or disk is full"
    assert store.get(JOBS, "default", "a") is not None, "reads go on"
    store.insert(JOBS, job("b"))
    store.record("t", "k", 1)
    clock.advance(1)
    assert heard == []
    disk.error = None
    clock.advance(20)
    assert trouble(store) is None
    assert [objects.name(change.object) for change in heard] == ["a", "b"]
    expected = contents(store)
    store.close()
    store = Store.open(path)
    assert contents(store) == expected
    assert store.records("t") == {"k": 1}
    store.close()


def test_retries_back_off(path: str, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = FullDisk(monkeypatch)
    store = Store.open(path, clock=clock)
    disk.error = sqlite3.OperationalError("disk I/O error")
    store.insert(JOBS, job())
    store.flush()
    clock.advance(60)
    assert 8 <= disk.attempts <= 14
    disk.error = None
    store.close()


async def test_durable_waits_until_the_disk_takes_it(
    path: str, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    disk = FullDisk(monkeypatch)
    disk.error = sqlite3.OperationalError("database or disk is full")
    store = Store.open(path, clock=clock)
    store.insert(JOBS, job())
    waiting = asyncio.ensure_future(store.durable())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    disk.error = None
    clock.advance(1)
    await asyncio.wait_for(waiting, 5)
    store.close()


def test_a_really_full_file_loses_nothing(path: str, clock: VirtualClock) -> None:
    store = Store.open(path, clock=clock)
    store.insert(JOBS, job("first"))
    store.flush()
    limit(store, pages=16)
    for number in range(40):
        store.insert(JOBS, job(f"j{number}", annotations={"big": "x" * 4000}))
    store.flush()
    assert trouble(store) == "database or disk is full"
    store.flush()
    limit(store, pages=100_000)
    clock.advance(20)
    assert trouble(store) is None
    expected = contents(store)
    assert len(expected) == 41
    store.close()
    store = Store.open(path)
    assert contents(store) == expected
    store.close()


def limit(store: Store, pages: int) -> None:
    database = store._database
    assert database is not None
    database._connection.execute(f"PRAGMA max_page_count={pages}")


def steps(store: Store) -> list[Callable[[], Object]]:
    """Writes that each depend on the one before."""
    return [
        lambda: store.insert(JOBS, job("a")),
        lambda: store.insert(PODS, pod("a-1")),
        lambda: store.replace(PODS, {**pod("a-1"), "status": {"phase": "Running"}}),
        lambda: store.insert(PODS, pod("a-2")),
        lambda: store.remove(PODS, "default", "a-1"),
        lambda: store.replace(JOBS, objects.with_status(job("a"), {"succeeded": 1})),
        lambda: store.remove(JOBS, "default", "a"),
    ]


def test_a_death_at_any_moment_leaves_a_prefix(path: str, tmp_path: Path) -> None:
    """The files as they are after each commit are what a killed daemon leaves behind."""
    store = Store.open(path)
    expected = [contents(store)]
    copies = [tmp_path / "copy-0"]
    shutil.copytree(tmp_path, copies[0], ignore=shutil.ignore_patterns("copy-*"))
    for number, step in enumerate(steps(store), start=1):
        step()
        copies.append(tmp_path / f"copy-{number}")
        # Written in memory and not committed yet: the copy is still the state before.
        shutil.copytree(tmp_path, copies[-1], ignore=shutil.ignore_patterns("copy-*"))
        store.flush()
        expected.append(contents(store))
    store.close()
    for number, copy in enumerate(copies):
        reopened = Store.open(str(copy / "store.db"))
        assert contents(reopened) == expected[max(number - 1, 0)]
        reopened.close()


def test_a_torn_log_leaves_a_prefix(path: str, tmp_path: Path) -> None:
    store = Store.open(path)
    states = [contents(store)]
    for step in steps(store):
        step()
        store.flush()
        states.append(contents(store))
    log = Path(path + "-wal").read_bytes()
    base = Path(path).read_bytes()
    store.close()
    found = []
    for cut in range(0, len(log) + 1, max(len(log) // 40, 1)):
        folder = tmp_path / f"cut-{cut}"
        folder.mkdir()
        (folder / "store.db").write_bytes(base)
        (folder / "store.db-wal").write_bytes(log[:cut])
        try:
            reopened = Store.open(str(folder / "store.db"))
        except DatabaseUnusable as error:  # pragma: no cover - would fail the test
            pytest.fail(str(error))
        found.append(states.index(contents(reopened)))
        reopened.close()
    assert found == sorted(found)
    assert found[0] == 0


def test_what_a_closing_store_cannot_write_is_told(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = FullDisk(monkeypatch)
    disk.error = sqlite3.OperationalError("database or disk is full")
    told: list[str] = []
    sink = logger.add(told.append, format="{level} {message}")
    store = Store.open(path)
    store.insert(JOBS, job())
    store.close()
    logger.remove(sink)
    assert told[-1] == "ERROR The last writes are lost: database or disk is full\n"
    Store.open(path).close()


def test_a_directory_has_one_daemon(path: str, tmp_path: Path) -> None:
    store = Store.open(path)
    with pytest.raises(DirectoryBusy, match=rf"process {os.getpid()}, serves {tmp_path}"):
        Store.open(path)
    store.close()
    Store.open(path).close()


def test_the_lock_dies_with_its_owner(path: str) -> None:
    script = (
        "import os, sys; from localjobs.store.store import Store;"
        "store = Store.open(sys.argv[1]); store.record('t', 'k', 1); store.flush();"
        "os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", script, path], check=False).returncode == -9
    store = Store.open(path)
    assert store.records("t") == {"k": 1}
    store.close()


def test_a_damaged_file_is_named(path: str, tmp_path: Path) -> None:
    Path(path).write_bytes(b"this is no database" * 1000)
    with pytest.raises(DatabaseUnusable, match=rf"cannot use the database {path}: file is not"):
        Store.open(path)
    Path(path).unlink()
    Store.open(path).close()  # and the directory is free again


def test_a_damaged_row_is_named(path: str) -> None:
    store = Store.open(path)
    store.insert(JOBS, job())
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE objects SET body = x'7b'")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseUnusable, match="a row that cannot be read"):
        Store.open(path)


def test_an_object_that_is_there_twice_is_named(path: str) -> None:
    store = Store.open(path)
    store.insert(JOBS, job())
    store.close()
    connection = sqlite3.connect(path)
    connection.execute(
        "INSERT INTO objects SELECT row + 1, resource, namespace, name, body FROM objects"
    )
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseUnusable, match=r"holds jobs\.batch 'j' twice"):
        Store.open(path)


def test_a_newer_file_is_refused(path: str) -> None:
    Store.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(DatabaseUnusable, match="written by a newer localjobs"):
        Store.open(path)


def test_an_older_file_is_migrated(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(path)
    store.insert(JOBS, job())
    store.close()
    monkeypatch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION + 1)

    def migrate(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE objects SET name = 'k', body = replace(body, '\"j\"', '\"k\"')")

    monkeypatch.setitem(database.MIGRATIONS, SCHEMA_VERSION, migrate)
    store = Store.open(path)
    assert [objects.name(one) for one in store.list(JOBS)] == ["k"]
    store.close()


def test_a_failed_migration_changes_nothing(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store.open(path)
    store.insert(JOBS, job())
    store.close()

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM objects")
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patch:
        patch.setattr(database, "SCHEMA_VERSION", SCHEMA_VERSION + 1)
        patch.setitem(database.MIGRATIONS, SCHEMA_VERSION, fail)
        with pytest.raises(DatabaseUnusable, match="disk I/O error"):
            Store.open(path)
    store = Store.open(path)
    assert len(store.list(JOBS)) == 1
    store.close()
