"""When the owner of the processes dies, its pods are a lost node's: failed, and retried."""

import contextlib
import json
import os
import signal
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.daemon.client import Client
from tests.daemon.jobs import job, processes, shims
from tests.daemon.served import Served, conditions, reason, until

RUN = "echo $$$$ >> $D/ran-$NAME; while [ ! -e $D/go ]; do sleep 0.02; done"
RULES: dict[str, dict[str, Any]] = {
    "counts": {"backoffLimit": 0},
    "retries": {"backoffLimit": 1},
    "ignores": {
        "backoffLimit": 0,
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
        },
    },
}
FAILED = {"retries": 1, "ignores": 0}
"""The failures that count, of the Jobs that go on."""


def _start(served: Served, folder: Path) -> None:
    served.start()
    for name, spec in RULES.items():
        script = RUN.replace("$D", str(folder)).replace("$NAME", name)
        served.drop(f"{name}.yaml", job(name, script, folder, **spec))
    for name in RULES:
        served.running(f"{name}.yaml")
        until(partial(_has_run, folder, name), f"{name} to run")


def _has_run(folder: Path, name: str) -> bool | None:
    return _runs(folder, name) == 1 or None


def _runs(folder: Path, name: str) -> int:
    path = folder / f"ran-{name}"
    return len(path.read_text().split()) if path.exists() else 0


def _check_losses(served: Served) -> None:
    """The Jobs' own rules decide what becomes of a loss."""
    counted = served.finished("counts.yaml")
    assert (reason(counted), counted["status"]["failed"]) == ("BackoffLimitExceeded", 1)
    for name in RULES:
        [pod] = Client(served.state).pods_of(name)
        lost = [one for one in pod["status"]["conditions"] if one["type"] == "DisruptionTarget"]
        assert [one["status"] for one in lost] == ["True"]
        assert pod["status"]["phase"] == "Failed"
    for name, failed in FAILED.items():
        job = served.job_when(f"{name}.yaml", lambda job: "active" not in job["status"])
        assert job["status"].get("failed", 0) == failed
        assert not conditions(job)


def _check_retries(served: Served, folder: Path) -> None:
    (folder / "go").touch()
    for name, failed in FAILED.items():
        finished = served.finished(f"{name}.yaml")
        assert reason(finished) == "CompletionsReached"
        assert finished["status"].get("failed", 0) == failed
        assert _runs(folder, name) == 2


@pytest.mark.parametrize("victims", ["shim", "both", "machine"])
def test_its_pods_are_reported_lost_and_retried(tmp_path: Path, victims: str) -> None:
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    served = Served(directory)
    _start(served, tmp_path)
    old = processes(tmp_path)
    [shim] = shims(directory)
    if victims != "shim":
        served.stop(signal.SIGKILL)
    shim.kill()
    if victims == "machine":
        _end_the_machine(served, tmp_path)
    if victims != "shim":
        served.start()
    # What ran before is gone, so that nothing runs beside its replacement.
    until(lambda: not any(one.is_running() for one in old) or None, "the old ones to be gone")
    _check_losses(served)
    if victims == "shim":
        _check_retries(served, tmp_path)
    assert served.stop() == 0
    assert not processes(tmp_path)
    assert not shims(directory)
    assert "Traceback" not in served.log.read_text()


def _end_the_machine(served: Served, folder: Path) -> None:
    """What a reboot leaves: no process, and files that speak of another run of the kernel."""
    for process in processes(folder):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: not processes(folder) or None, "every process to be gone")
    journal = served.state / "shim" / "journal"
    head, _, rest = journal.read_bytes().partition(b"\n")
    [[kind, _, boot, _, base]] = json.loads(head)
    before = json.dumps([[kind, os.getpid(), boot, "another-boot", base]])
    journal.write_bytes(before.encode() + b"\n" + rest)


def test_half_a_line_in_the_journal_is_no_obstacle(tmp_path: Path) -> None:
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    served = Served(directory)
    _start(served, tmp_path)
    served.stop(signal.SIGKILL)
    for shim in shims(directory):
        shim.kill()
    journal = served.state / "shim" / "journal"
    journal.write_bytes(journal.read_bytes() + b'[["exited","')
    served.start()
    _check_losses(served)
    assert served.stop() == 0
