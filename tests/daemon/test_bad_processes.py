"""Whatever a process does: its pod ends as a container would, and nothing of it is left."""

import sys
from pathlib import Path
from typing import Any

from tests.daemon.client import Client
from tests.daemon.jobs import command_job, job, processes
from tests.daemon.served import Served, reason, until

DAEMONIZE = """\
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for descriptor in range(3):
            os.close(descriptor)
        time.sleep(600)
    os._exit(0)
os.wait()
open(sys.argv[1], "w").close()
if len(sys.argv) > 2:
    time.sleep(600)
"""
FATAL = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 24, 25, 26, 27, 29, 30, 31, 34, 64)
"""The signals that end a process which does not say otherwise."""


def _terminated(served: Served, name: str) -> dict[str, object]:
    """How the container of the Job's first pod ended."""
    pods = Client(served.state).pods_of(name)
    end: dict[str, object] = pods[0]["status"]["containerStatuses"][0]["state"]["terminated"]
    return end


def test_processes_that_misbehave_end_as_on_a_cluster(tmp_path: Path) -> None:
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    plain = tmp_path / "plain.txt"
    plain.write_text("#!/bin/sh\n")
    quick: dict[str, Any] = {"backoffLimit": 0}
    soon: dict[str, Any] = {**quick, "activeDeadlineSeconds": 1}
    short = {"terminationGracePeriodSeconds": 1}
    detached = [sys.executable, "-ISc", DAEMONIZE]
    manifests = {
        "missing": command_job("missing", ["no-such-command"], tmp_path, **quick),
        "plain": command_job("plain", [str(plain)], tmp_path, **quick),
        "folder": command_job("folder", [str(tmp_path)], tmp_path, **quick),
        "long": command_job("long", ["true", "x" * 200_000], tmp_path, **quick),
        "deaf": job("deaf", "trap '' TERM INT HUP; while :; do sleep 1; done", tmp_path,
                    short, **soon),
        "stopped": job("stopped", "kill -STOP $$$$; exit 0", tmp_path, short, **soon),
        "leaver": command_job("leaver", [*detached, str(tmp_path / "left")], tmp_path, **quick),
        "breeder": command_job(
            "breeder", [*detached, str(tmp_path / "bred"), "stay"], tmp_path, short
        ),
        "mute": job("mute", "exec >&- 2>&- <&-; exit 3", tmp_path, **quick),
        "flood": job("flood", "yes $(seq 1000 | tr -d '\\n') | head -c 80000000", tmp_path,
                     **quick),
        "signals": job(
            "signals",
            f"set -- {' '.join(map(str, FATAL))}; shift $JOB_COMPLETION_INDEX; kill -$1 $$$$",
            tmp_path,
            completions=len(FATAL),
            parallelism=8,
            completionMode="Indexed",
            backoffLimitPerIndex=0,
        ),
    }  # fmt: skip
    with Served(directory, "--log-max-size", "1Mi", "--log-max-files", "2") as served:
        for name, text in manifests.items():
            served.drop(f"{name}.yaml", text)
        served.drop("good.yaml", job("good", "true", tmp_path))
        until(lambda: (tmp_path / "bred").exists() or None, "a daemon to be there")
        (directory / "breeder.yaml").unlink()
        ended = {
            name: reason(served.finished(f"{name}.yaml"))
            for name in (*manifests, "good")
            if name != "breeder"
        }
        assert ended == {
            **dict.fromkeys(("missing", "plain", "folder", "long", "mute"), "BackoffLimitExceeded"),
            **dict.fromkeys(("deaf", "stopped"), "DeadlineExceeded"),
            **dict.fromkeys(("leaver", "flood", "good"), "CompletionsReached"),
            "signals": "FailedIndexes",
        }
        _check_starts(served, plain, tmp_path)
        pods = {int(pod["index"]): pod for pod in (served.job("signals.yaml") or {})["pods"]}
        assert [pods[i]["exitCode"] for i in range(len(FATAL))] == [128 + n for n in FATAL]
        mute = _terminated(served, "mute")
        assert (mute["exitCode"], mute["reason"]) == (3, "Error")
        log = Path((served.job("flood.yaml") or {})["pods"][0]["log"])
        kept = sorted(path.stat().st_size for path in log.parent.iterdir())
        assert len(kept) == 2
        assert kept[-1] < 2 << 20
        assert (tmp_path / "left").exists()
        until(lambda: not processes(tmp_path) or None, "every process to be gone")
    assert "Traceback" not in served.log.read_text()


def _check_starts(served: Served, plain: Path, folder: Path) -> None:
    """What could not be started says so, as runc does."""
    expected = {
        "missing": 'exec: "no-such-command": executable file not found in $PATH',
        "plain": f'exec: "{plain}": permission denied',
        "folder": f'exec: "{folder}": is a directory',
        "long": "argument list too long",
    }
    for name, message in expected.items():
        end = _terminated(served, name)
        assert (end["exitCode"], end["reason"]) == (128, "StartError"), name
        assert message in str(end["message"]), name
