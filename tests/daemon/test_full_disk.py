"""A disk that takes no more: nothing is lost, and all goes on once it does again."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.client import JOBS, Client
from tests.daemon.jobs import job, processes, shims
from tests.daemon.served import NotStarted, Served, reason, until

SIZE_KIB = 6144
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("mount") is None, reason="mounts a small disk: needs root"
)


class Disk:
    """A small disk that can be filled to the last byte."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 12, 1):
                try:
                    while file.write(b"\0" * size):
                        continue
                except OSError:
                    continue

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    options = f"size={SIZE_KIB}k"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder], check=False)
    if done.returncode != 0:
        pytest.skip("may not mount")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_what_ends_while_the_disk_is_full_is_not_lost(disk: Disk, tmp_path: Path) -> None:
    directory = disk.folder / "jobs.d"
    directory.mkdir()
    go = tmp_path / "go"
    wait = f"echo $$$$ >> {tmp_path}/ran; while [ ! -e {go} ]; do sleep 0.02; done; "
    two: dict[str, Any] = {"completions": 2, "completionMode": "Indexed", "backoffLimitPerIndex": 0}
    served = Served(directory, "--log-max-size", "100k", "--log-max-files", "2")
    served.log = tmp_path / "log"
    with served:
        script = wait + f"date >> {tmp_path}/$JOB_COMPLETION_INDEX; exit $JOB_COMPLETION_INDEX"
        served.drop("a.yaml", job("a", script, tmp_path, parallelism=2, **two))
        served.drop("b.yaml", job("b", wait + "yes | head -c 3000000", tmp_path))
        served.running("a.yaml", 2)
        served.running("b.yaml")
        client = Client(served.state)
        disk.fill()
        go.touch()
        until(lambda: served.logged("The store cannot write to its disk"), "the disk to be full")
        until(lambda: not processes(tmp_path) or None, "the processes to end")
        # Reads go on, and show what is true.
        assert {job["metadata"]["name"] for job in client.get(JOBS)["items"]} == {"a", "b"}
        disk.free()
        finished = served.finished("a.yaml")
        assert (reason(finished), finished["status"]["completedIndexes"]) == ("FailedIndexes", "0")
        assert finished["status"]["failedIndexes"] == "1"
        assert reason(served.finished("b.yaml")) == "CompletionsReached"
        served.drop("c.yaml", job("c", "true", tmp_path))
        assert reason(served.finished("c.yaml")) == "CompletionsReached"
        assert [len((tmp_path / name).read_text().splitlines()) for name in "01"] == [1, 1]
    assert "Traceback" not in served.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_stop_on_a_full_disk_ends_and_loses_no_job(
    disk: Disk, tmp_path: Path, number: signal.Signals
) -> None:
    directory = disk.folder / "jobs.d"
    directory.mkdir()
    script = f"echo $$$$ >> {tmp_path}/ran; while [ ! -e {tmp_path}/go ]; do sleep 0.02; done"
    served = Served(directory, "--shutdown-timeout", "1s")
    served.log = tmp_path / "log"
    served.start()
    served.drop("a.yaml", job("a", script, tmp_path))
    uid = served.running("a.yaml")["uid"]
    disk.fill()
    assert served.stop(number) == (0 if number == signal.SIGTERM else -number)
    if number == signal.SIGTERM:
        assert not processes(tmp_path)
        assert not shims(directory)
    # A start on the full disk either works or says why it does not.
    try:
        served.start()
    except NotStarted as refused:
        said = str(refused)
        disk.free()
        served.start()
    else:
        said = ""
        disk.free()
    assert "Traceback" not in said
    (tmp_path / "go").touch()
    finished = served.finished("a.yaml")
    assert (finished["uid"], reason(finished)) == (uid, "CompletionsReached")
    assert served.stop() == 0
    assert not processes(tmp_path)
    assert not shims(directory)
    assert "Traceback" not in served.log.read_text()
