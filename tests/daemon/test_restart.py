"""A daemon that goes and comes finds every Job where it was, whatever stage it was at."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.client import JOBS, PODS, Client
from tests.daemon.jobs import job, processes, shims
from tests.daemon.served import Served, conditions, reason, until

STAGES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "pending": ("true", {}, {"container": {"resources": {"requests": {"cpu": "100000"}}}}),
    "running": ("$ran; while [ ! -e $D/go ]; do sleep 0.05; done; exit 7", {"backoffLimit": 0}, {}),
    "back-off": ("$ran; [ $(wc -l < $D/back-off) = 2 ]", {}, {}),
    "crash-loop": ("$ran; [ $(wc -l < $D/crash-loop) = 3 ]", {}, {"restartPolicy": "OnFailure"}),
    "suspended": ("$ran", {"suspend": True}, {}),
    "deadline": ("$ran; exec sleep 600", {"activeDeadlineSeconds": 4}, {}),
    "terminating": (
        "trap '' TERM; $ran; while [ ! -e $D/terminated ]; do sleep 0.05; done",
        {},
        {"terminationGracePeriodSeconds": 600},
    ),
    "finished": ("$ran; exit 3", {"backoffLimit": 0}, {}),
    "waiting-for-ttl": ("$ran", {"ttlSecondsAfterFinished": 4}, {}),
    "deleted-by-ttl": ("$ran", {"ttlSecondsAfterFinished": 0}, {}),
    "changed": ("$ran; exec sleep 600", {"parallelism": 1, "completions": 9}, {}),
    "removed": ("$ran; exec sleep 600", {}, {}),
    "renamed": ("$ran; while [ ! -e $D/go ]; do sleep 0.05; done", {}, {}),
    "broken": ("$ran; while [ ! -e $D/go ]; do sleep 0.05; done", {}, {}),
}
"""What each Job runs, its spec, and its pod's."""


class Stages:
    """A served directory with a Job at every stage."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served = served
        self.folder = folder
        self.uids: dict[str, str] = {}

    def manifest(self, name: str, **more: Any) -> str:
        script, spec, pod = STAGES[name]
        script = script.replace("$ran", f"echo $$$$ >> $D/{name}").replace("$D", str(self.folder))
        return job(name, script, self.folder, pod, **{**spec, **more})

    def runs(self, name: str) -> int:
        """How often a process of the Job was started."""
        path = self.folder / name
        return len(path.read_text().split()) if path.exists() else 0

    def bring_about(self) -> None:
        served = self.served
        for name in STAGES:
            served.drop(f"{name}.yaml", self.manifest(name))
        for name in STAGES:
            self._await(name)
            self.uids[name] = (served.job(f"{name}.yaml") or {})["uid"]
        client = Client(served.state)
        client.delete(f"{JOBS}/terminating", propagationPolicy="Foreground")
        served.job_when("terminating.yaml", lambda job: "deletionTimestamp" in job)

    def _await(self, name: str) -> None:
        served, file = self.served, f"{name}.yaml"
        match name:
            case "pending":
                served.job_when(file, lambda job: _pod(job).get("reason") == "Unschedulable")
            case "back-off":
                served.job_when(file, lambda job: job["status"].get("failed") == 1)
            case "crash-loop":
                served.job_when(file, lambda job: _pod(job).get("reason") == "CrashLoopBackOff")
            case "suspended":
                served.job_when(file, lambda job: "Suspended" in conditions(job))
            case "finished" | "waiting-for-ttl":
                served.finished(file)
            case "deleted-by-ttl":
                served.job_when(file, lambda job: "deletedAt" in job)
            case _:
                served.running(file)

    def meddle(self) -> None:
        """Change, remove, rename and break manifests."""
        directory = self.served.directory
        self.served.drop("changed.yaml", self.manifest("changed", parallelism=2))
        (directory / "removed.yaml").unlink()
        (directory / "renamed.yaml").rename(directory / "new-name.yaml")
        self.served.drop("broken.yaml", "a: [b")


def _pod(job: dict[str, Any]) -> dict[str, Any]:
    pods = job.get("pods") or [{}]
    found: dict[str, Any] = pods[0]
    return found


@pytest.fixture
def stages(tmp_path: Path) -> Iterator[Stages]:
    (tmp_path / "jobs.d").mkdir()
    served = Served(tmp_path / "jobs.d", "--detach-on-exit")
    with served:
        yield Stages(served, tmp_path)
        served.flags = ()


def test_a_job_at_every_stage_goes_on_from_there(stages: Stages) -> None:
    served, folder = stages.served, stages.folder
    stages.bring_about()
    served.stop(signal.SIGKILL)
    stages.meddle()
    served.flags = ()
    served.start()
    served.job_when("changed.yaml", lambda job: job["status"].get("active") == 2)
    until(lambda: _is_gone(served, "removed"), "the removed manifest's Job to go")
    _check_what_stays(stages)
    (folder / "go").touch()
    _check_what_ends(stages)
    client = Client(served.state)
    assert client.get(f"{JOBS}/terminating")["metadata"]["deletionTimestamp"]
    (folder / "terminated").touch()
    served.job_when("terminating.yaml", lambda job: "deletedAt" in job)
    expected = dict.fromkeys(STAGES, 1) | {"pending": 0, "suspended": 0, "changed": 2}
    expected |= {"back-off": 2, "crash-loop": 3}
    assert {name: stages.runs(name) for name in STAGES} == expected
    assert served.stop() == 0
    assert not processes(folder)
    assert not shims(served.directory)
    assert "Traceback" not in served.log.read_text()


def _is_gone(served: Served, name: str) -> bool | None:
    listed = Client(served.state).get(JOBS)["items"]
    status = served.directory / f"{name}.status.yaml"
    if any(one["metadata"]["name"] == name for one in listed) or status.exists():
        return None
    return True


def _check_what_stays(stages: Stages) -> None:
    served, uids = stages.served, stages.uids
    jobs = {one["metadata"]["name"]: one for one in Client(served.state).get(JOBS)["items"]}
    gone = {"removed", "deleted-by-ttl"}
    assert set(STAGES) - set(jobs) - {"waiting-for-ttl", "deadline"} == gone
    assert {name: one["metadata"]["uid"] for name, one in jobs.items()} == {
        name: uid for name, uid in uids.items() if name in jobs
    }
    assert _pod(served.job("pending.yaml") or {})["reason"] == "Unschedulable"
    assert "Suspended" in conditions(served.job("suspended.yaml") or {})
    finished = served.job("finished.yaml") or {}
    assert (reason(finished), _pod(finished)["exitCode"]) == ("BackoffLimitExceeded", 3)
    deleted = served.job("deleted-by-ttl.yaml") or {}
    assert (reason(deleted), "deletedAt" in deleted) == ("CompletionsReached", True)
    assert served.running("new-name.yaml")["uid"] == uids["renamed"]
    assert "did not find" in served.errors("broken.yaml")
    assert served.running("broken.yaml")["uid"] == uids["broken"]


def _check_what_ends(stages: Stages) -> None:
    served = stages.served
    running = served.finished("running.yaml")
    assert (reason(running), _pod(running)["exitCode"]) == ("BackoffLimitExceeded", 7)
    assert reason(served.finished("deadline.yaml")) == "DeadlineExceeded"
    served.job_when("waiting-for-ttl.yaml", lambda job: "deletedAt" in job)
    back_off = served.finished("back-off.yaml")
    assert (back_off["status"]["failed"], back_off["status"]["succeeded"]) == (1, 1)
    crash_loop = served.finished("crash-loop.yaml")
    assert (_pod(crash_loop)["restarts"], "failed" in crash_loop["status"]) == (2, False)
    for name in ("new-name", "broken"):
        assert reason(served.finished(f"{name}.yaml")) == "CompletionsReached"


def test_a_graceful_stop_keeps_every_stage_too(stages: Stages) -> None:
    """What runs is stopped, counts as no failure, and is made anew."""
    served, folder = stages.served, stages.folder
    served.stop()
    served.flags = ("--shutdown-timeout", "1s")
    served.start()
    stages.bring_about()
    assert served.stop() == 0
    assert not processes(folder)
    assert not shims(served.directory)
    stages.meddle()
    served.start()
    served.job_when("changed.yaml", lambda job: job["status"].get("active") == 2)
    (folder / "go").touch()
    for name, failed in (("running", 1), ("new-name", 0), ("broken", 0)):
        assert served.finished(f"{name}.yaml")["status"].get("failed", 0) == failed
    served.job_when("terminating.yaml", lambda job: "deletedAt" in job)
    served.job_when("waiting-for-ttl.yaml", lambda job: "deletedAt" in job)
    assert reason(served.finished("deadline.yaml")) == "DeadlineExceeded"
    assert stages.runs("deleted-by-ttl") == stages.runs("finished") == 1
    back_off, crash_loop = served.job("back-off.yaml"), served.job("crash-loop.yaml")
    assert back_off is not None
    assert crash_loop is not None
    assert back_off["status"]["failed"] == 1
    assert crash_loop["status"].get("failed", 0) == 0
    assert Client(served.state).get(PODS)["items"]
    assert "Traceback" not in served.log.read_text()
