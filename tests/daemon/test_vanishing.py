"""The directory goes away, and comes back: as it was, or empty."""

import shutil
import signal
from pathlib import Path

from tests.daemon.client import JOBS, Client
from tests.daemon.jobs import job, processes, shims
from tests.daemon.served import Served, reason, until

WAIT = "while [ ! -e $D/go ]; do sleep 0.02; done"


def test_a_directory_that_is_moved_away_and_back(tmp_path: Path) -> None:
    directory, away = tmp_path / "jobs.d", tmp_path / "away"
    directory.mkdir()
    with Served(directory) as served:
        wait = WAIT.replace("$D", str(tmp_path))
        served.drop("a.yaml", job("a", wait + "; echo done", tmp_path))
        # Its second pod is started while the directory is away.
        served.drop("b.yaml", job("b", wait + "; echo done", tmp_path, completions=2))
        for name in "ab":
            served.running(f"{name}.yaml")
        client = Client(served.state)
        directory.rename(away)
        until(lambda: served.logged("is not there; waiting for it"), "the loss to be noticed")
        (tmp_path / "go").touch()
        until(lambda: _has_ended(client, "a"), "a Job to end meanwhile")
        # Nobody makes the directory anew, or what comes back could not take its place.
        assert not directory.exists()
        away.rename(directory)
        assert reason(served.finished("a.yaml")) == "CompletionsReached"
        assert reason(served.finished("b.yaml")) == "CompletionsReached"
        served.drop("c.yaml", job("c", "true", tmp_path))
        assert reason(served.finished("c.yaml")) == "CompletionsReached"
    assert "Traceback" not in served.log.read_text()


def _has_ended(client: Client, name: str) -> bool | None:
    return "completionTime" in client.get(f"{JOBS}/{name}")["status"] or None


def test_a_directory_that_is_removed_and_made_anew(tmp_path: Path) -> None:
    """What it held is gone, so what that had made goes too; the daemon settles in again."""
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    served = Served(directory)
    served.start()
    served.drop("old.yaml", job("old", "exec sleep 600", tmp_path))
    served.running("old.yaml")
    shutil.rmtree(directory)
    until(lambda: served.logged("is not there; waiting for it"), "the loss to be noticed")
    directory.mkdir()
    until(lambda: not processes(tmp_path) or None, "what the lost manifest made to end")
    go = WAIT.replace("$D", str(tmp_path))
    served.drop("new.yaml", job("new", f"echo $$$$ >> {tmp_path}/ran; {go}; echo done", tmp_path))
    served.running("new.yaml")
    until(lambda: (tmp_path / "ran").exists() or None, "the new Job to run")
    client = Client(served.state)
    assert [one["metadata"]["name"] for one in client.get(JOBS)["items"]] == ["new"]
    assert served.status("old.yaml") is None
    # Nothing is lost and nothing runs twice in the new place either.
    served.stop(signal.SIGKILL)
    with served:
        assert len(shims(directory)) == 1
        served.running("new.yaml")
        (tmp_path / "go").touch()
        finished = served.finished("new.yaml")
        assert reason(finished) == "CompletionsReached"
        assert Path(finished["pods"][0]["log"]).read_text().endswith("stdout F done\n")
        assert len((tmp_path / "ran").read_text().split()) == 1
    assert not processes(tmp_path)
    assert not shims(directory)
    assert "Traceback" not in served.log.read_text()


def test_a_directory_whose_state_is_missed_first(tmp_path: Path) -> None:
    """As it may look while it is removed file by file: the daemon ends well before it is back."""
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    with Served(directory) as served:
        served.drop("a.yaml", job("a", "exec sleep 600", tmp_path))
        served.running("a.yaml")
        lock = served.state / "lock"
        lock.unlink()
        until(lambda: served.logged("is another now"), "its end")
        shutil.rmtree(directory)
        until(lambda: served.logged("is not there; waiting for it"), "the loss to be noticed")
        assert not directory.exists()
        until(lambda: not processes(tmp_path) or None, "its pod to end")
        assert served.stop(signal.SIGTERM) == 0
    assert not shims(directory)
    assert "Traceback" not in served.log.read_text()


def test_a_state_that_is_removed_is_begun_anew(tmp_path: Path) -> None:
    """As `git clean` does it: the manifests stay, what the daemon knew of them is gone."""
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    with Served(directory) as served:
        script = f"echo $$$$ >> {tmp_path}/ran; exec sleep 600"
        served.drop("a.yaml", job("a", script, tmp_path))
        uid = served.running("a.yaml")["uid"]
        shutil.rmtree(served.state)
        served.job_when("a.yaml", lambda job: job["uid"] != uid and job["status"].get("ready"))
        until(lambda: len(processes(tmp_path)) == 1 or None, "the old process to be gone")
        assert len((tmp_path / "ran").read_text().split()) == 2
        assert len(shims(directory)) == 1
        [pod] = Client(served.state).pods_of("a")
        assert pod["status"]["phase"] == "Running"
    assert not processes(tmp_path)
    assert not shims(directory)
    assert "Traceback" not in served.log.read_text()
