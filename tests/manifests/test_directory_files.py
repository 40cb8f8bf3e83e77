"""Files that cannot be read, or not yet, and directories and disks that fail."""

import asyncio
import errno
import os
import socket
from pathlib import Path

import pytest

from localjobs.api.resources import JOBS
from localjobs.clock import SystemClock
from localjobs.errors import ManifestError
from localjobs.identities import RandomIdentities
from localjobs.manifests import status_writer
from localjobs.manifests.directory import ManifestDirectory
from localjobs.manifests.listing import read_manifest
from localjobs.store.registry import Registry
from localjobs.store.store import Store
from tests.manifests.harness import Served, job

HEAD = "kind: Job\napiVersion: batch/v1\n"


async def test_broken_yaml_changes_nothing_and_says_where(served: Served) -> None:
    await served.put("pi.yaml", job())
    uid = served.uid()
    await served.put("pi.yaml", "kind: Job\nspec: [1\n")
    (error,) = served.status()["errors"]
    assert (error["line"], error["column"]) == (3, 1)
    assert error["message"].startswith("yaml: while parsing a flow sequence")
    assert served.uid() == served.status()["jobs"][0]["uid"] == uid
    await served.put("pi.yaml", job(parallelism=2))
    assert served.errors() == []
    assert served.uid() == uid


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a: \udcff", "not UTF-8 text: byte 0xff"),
        ("\x7fELF\x00\x01", "yaml: control characters are not allowed (#x007f)"),
        ("#" * (3 * 1024 * 1024 + 1), "the file is too large: 3145729 bytes, at most 3145728"),
        ("a: 1\na: 2\n", 'yaml: key "a" already set in map, on line 1'),
        ("kind: Deployment\napiVersion: apps/v1\n", "apps/v1 Deployment is no kind that is run"),
        (HEAD + "metadata: {generateName: a-}", "metadata.generateName: a manifest must name"),
        (HEAD + "metadata: {name: [a]}", 'metadata.name: expected a text, found ["a"]; quote it'),
        (HEAD + "metadata: 5", "metadata.name: Required value"),
        (HEAD + "metadata: {name: a, namespace: ../b}", "metadata.namespace: Invalid value"),
        (HEAD + "metadata: {name: ../../a}", "metadata.name: Invalid value"),
        (HEAD + "metadata: {name: a, annotations: 1}", "Job in version"),
        (HEAD + "metadata: {name: a}\nspec: 5", "Job in version"),
        (HEAD + "metadata: {name: a}\nx: 1", 'unknown field "x"'),
    ],
)
async def test_bad_content_is_told_and_all_else_goes_on(
    served: Served, content: str, message: str
) -> None:
    (served.path / "bad.yaml").write_bytes(content.encode(errors="surrogateescape"))
    await served.put("pi.yaml", job())
    assert any(error.startswith(message) for error in served.errors("bad.status.yaml"))
    assert served.errors() == []
    assert [one["metadata"]["name"] for one in served.store.list(JOBS)] == ["pi"]


async def test_what_is_no_file_is_told_and_nobody_waits_for_it(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    (served.path / "directory.yaml").mkdir()
    os.mkfifo(served.path / "fifo.yaml")
    with socket.socket(socket.AF_UNIX) as bound:
        monkeypatch.chdir(served.path)  # the paths of sockets are short
        bound.bind("socket.yaml")
        (served.path / "loop.yaml").symlink_to("loop.yaml")
        (served.path / "broken.yaml").symlink_to("nowhere")
        await served.put("pi.yaml", job())
    told = {name: served.errors(f"{name}.status.yaml") for name in ("directory", "fifo", "socket")}
    assert told == {
        "directory": ["a directory, not a file"],
        "fifo": ["a named pipe, not a file"],
        "socket": ["a socket, not a file"],
    }
    assert served.errors("loop.status.yaml") == ["a symbolic link that leads to itself"]
    assert served.errors("broken.status.yaml") == ["a symbolic link that leads nowhere"]
    assert served.get() is not None


def test_a_file_that_may_not_be_read_is_told(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    (directory / "pi.yaml").touch()
    monkeypatch.setattr("os.open", refuse)
    with pytest.raises(ManifestError, match=r"^cannot be read: Permission denied$"):
        read_manifest(directory / "pi.yaml")


async def test_a_link_to_a_manifest_is_read_where_it_leads(served: Served, tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("{apiVersion: batch/v1, kind: Job, metadata: {name: pi}}")
    (served.path / "pi.yaml").symlink_to(real)
    await served.pass_time()
    assert "spec.template.spec.containers: Required value" in served.errors()
    served.write("../other.yaml", job())
    (tmp_path / "other.yaml").rename(real)
    await served.pass_time()
    assert served.get() is not None
    assert not (tmp_path / "real.status.yaml").exists()


async def test_a_file_is_read_when_its_writer_is_done(served: Served) -> None:
    with (served.path / "pi.yaml").open("w") as file:
        file.write("{apiVersion: batch/v1, kind: Job, metadata: {name: half}, spec: {template: ")
        file.write("{spec: {restartPolicy: Never, containers: [{name: a, image: b}]}}}}\n")
        file.flush()
        await served.pass_time(3)
        assert served.store.list(JOBS) == []
        assert not (served.path / "pi.status.yaml").exists()
        file.write("---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n")
    await served.pass_time()
    assert served.get("half") is not None
    assert served.errors() == []


async def test_a_writer_that_never_closes_is_not_waited_for_for_ever(served: Served) -> None:
    with (served.path / "pi.yaml").open("w") as file:
        file.write("{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}")
        file.flush()
        await served.pass_time(20)
        assert served.status()["errors"] == []


async def test_a_large_file_is_read_beside_the_loop(served: Served) -> None:
    text = "# " + "x" * 100_000 + "\n{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n---\n["
    served.write("big.yaml", text)
    while not (served.path / "big.status.yaml").exists():
        await served.pass_time(1)
    assert served.status("big.status.yaml")["errors"][0]["line"] == 4


async def test_many_files_are_all_read(served: Served) -> None:
    for number in range(30):
        served.write(f"{number:02}.yaml", job(f"job-{number}"))
    await served.pass_time()
    assert len(served.store.list(JOBS)) == 30


async def test_a_directory_that_vanishes_and_comes_back_loses_nothing(served: Served) -> None:
    await served.put("pi.yaml", job())
    uid = served.uid()
    away = served.path.with_name("away")
    served.path.rename(away)
    await served.pass_time(20)
    assert served.uid() == uid
    served.set_status(active=1)
    await served.pass_time()
    away.rename(served.path)
    await served.pass_time(40)
    assert served.uid() == uid
    assert served.status()["jobs"][0]["status"]["active"] == 1
    await served.put("pi.yaml", job(parallelism=2))
    assert served.uid() == uid


async def test_a_directory_that_comes_back_without_status_files_gets_them(served: Served) -> None:
    await served.put("pi.yaml", job())
    served.path.rename(served.path.with_name("away"))
    await served.pass_time(2)
    served.path.mkdir()
    served.write("pi.yaml", job())
    await served.pass_time(40)
    assert served.status()["jobs"][0]["uid"] == served.uid()


async def test_a_full_disk_is_waited_out(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(status_writer, "write_atomically", full)
        await served.put("pi.yaml", job())
    assert served.get() is not None
    await served.pass_time(30)
    assert served.status()["jobs"][0]["uid"] == served.uid()


async def test_a_status_file_that_cannot_be_replaced_stops_nothing(served: Served) -> None:
    (served.path / "pi.status.yaml").mkdir()
    await served.put("pi.yaml", job())
    assert served.get() is not None
    (served.path / "pi.status.yaml").rmdir()
    await served.pass_time(60)
    assert served.errors() == []


async def test_file_events_are_acted_on_at_once(directory: Path) -> None:
    clock, store = SystemClock(), Store.open(None)
    manifests = ManifestDirectory(
        Registry(store, clock, RandomIdentities(1)), clock, directory, lambda pod: ""
    )
    created = asyncio.Event()
    store.subscribe(lambda changes: created.set() if store.get(JOBS, "default", "pi") else None)
    manifests.start()
    text = '{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"pi"},"spec":{"template":'
    text += '{"spec":{"restartPolicy":"Never","containers":[{"name":"a","image":"b"}]}}}}'
    (directory / ".new").write_text(text)
    (directory / ".new").rename(directory / "pi.yaml")
    # Much less than the five seconds after which the directory is listed anyway.
    await asyncio.wait_for(created.wait(), 2)
    await manifests.stop()
    store.close()
    assert (directory / "pi.status.yaml").exists()
