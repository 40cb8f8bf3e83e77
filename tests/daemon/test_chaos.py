"""At random moments the daemon dies, or the shim, or both: every Job still ends as it should."""

import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.client import JOBS, Client
from tests.daemon.jobs import job, processes, shims
from tests.daemon.served import Served, until

INDEXES = 150
JOB_NAMES = ("first", "second", "third")
RECORD = "echo $JOB_COMPLETION_INDEX $$$$ >> $D/started; sleep 0.0$(($JOB_COMPLETION_INDEX % 9)); "


# A loss is waited for as any failure is; per index, lest one doubles what the others wait.
SPEC: dict[str, Any] = {
    "completions": INDEXES,
    "parallelism": 8,
    "completionMode": "Indexed",
    "backoffLimitPerIndex": 10,
    "podFailurePolicy": {
        "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]
    },
}


def _fill(served: Served, folder: Path) -> None:
    for name in JOB_NAMES:
        (folder / name).mkdir()
        script = RECORD.replace("$D", str(folder / name)) + (
            f"echo $JOB_COMPLETION_INDEX >> {folder}/{name}/ended"
        )
        served.drop(f"{name}.yaml", job(name, script, folder, **SPEC))


@pytest.mark.chaos
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("victims", ["daemon", "any"])
def test_jobs_end_as_they_should_whatever_dies(tmp_path: Path, seed: int, victims: str) -> None:
    chance = random.Random(f"{victims} {seed}")
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    served = Served(directory)
    served.start()
    _fill(served, tmp_path)
    for _ in range(8):
        # Chaos is about moments nobody chose: this sleep waits for nothing.
        time.sleep(chance.uniform(0, 0.8))
        victim = "daemon" if victims == "daemon" else chance.choice(["daemon", "shim", "both"])
        if victim != "shim":
            served.stop(signal.SIGKILL)
        if victim != "daemon":
            for shim in shims(directory):
                shim.kill()
        if victim != "shim":
            served.start()
        _check_parallelism(served)
    for name in JOB_NAMES:
        finished = served.finished(f"{name}.yaml")["status"]
        assert finished["succeeded"] == INDEXES
        assert finished.get("failed", 0) == 0
        assert "active" not in finished
        started = (tmp_path / name / "started").read_text().splitlines()
        indexes = [int(line.split()[0]) for line in started]
        assert set(indexes) == set(range(INDEXES))
        if victims == "daemon":
            assert len(indexes) == INDEXES, "an index ran twice"
    until(lambda: not processes(tmp_path) or None, "every process to be gone")
    assert served.stop() == 0
    assert not shims(directory)
    assert "Traceback" not in served.log.read_text()


def _check_parallelism(served: Served) -> None:
    for one in Client(served.state).get(JOBS)["items"]:
        assert one["status"].get("active", 0) <= one["spec"]["parallelism"]
