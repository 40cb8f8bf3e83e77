"""Stopping: gracefully, saying so, counting no failure, and leaving no process behind."""

import os
import pty
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.daemon.client import JOBS, Client
from tests.daemon.jobs import job, processes, shims
from tests.daemon.served import LIMIT_SECONDS, Served, is_alive, reason, until

POLITE = """\
trap 'echo bye > $D/bye-$JOB_COMPLETION_INDEX; exit 0' TERM
echo $$$$ >> $D/ran
while [ ! -e $D/go ]; do sleep 0.02; done
"""
DEAF = "trap '' TERM INT; echo $$$$ >> $D/deaf; while :; do sleep 1; done"


def _script(text: str, folder: Path) -> str:
    return text.replace("$D", str(folder))


@pytest.fixture
def served(tmp_path: Path) -> Served:
    (tmp_path / "jobs.d").mkdir()
    return Served(tmp_path / "jobs.d")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_pods_end_gracefully_count_no_failure_and_are_made_anew(
    served: Served, tmp_path: Path, number: signal.Signals
) -> None:
    served.start()
    two: dict[str, Any] = {
        "completions": 2,
        "parallelism": 2,
        "completionMode": "Indexed",
        "backoffLimit": 0,
    }
    served.drop("a.yaml", job("a", _script(POLITE, tmp_path), tmp_path, **two))
    uid = served.running("a.yaml", 2)["uid"]
    assert served.stop(number) == 0
    assert served.logged("Stopping 2 pods; made anew at the next start")
    assert {path.name for path in tmp_path.glob("bye-*")} == {"bye-0", "bye-1"}
    assert not processes(tmp_path)
    assert not shims(served.directory)
    (tmp_path / "go").touch()
    with served:
        finished = served.finished("a.yaml")
        assert (finished["uid"], reason(finished)) == (uid, "CompletionsReached")
        status = finished["status"]
        assert (status["succeeded"], status.get("failed", 0)) == (2, 0)
        assert status["completedIndexes"] == "0,1"
        assert len((tmp_path / "ran").read_text().split()) == 4
    assert "Traceback" not in served.log.read_text()


def test_nothing_to_stop_stops_at_once(served: Served, tmp_path: Path) -> None:
    served.start()
    served.drop("a.yaml", job("a", "true", tmp_path))
    served.finished("a.yaml")
    assert served.stop() == 0
    assert served.logged("Stopping\n")
    assert not shims(served.directory)


def test_a_second_signal_hurries(served: Served, tmp_path: Path) -> None:
    served.start()
    served.drop("a.yaml", job("a", _script(DEAF, tmp_path), tmp_path,
                              {"terminationGracePeriodSeconds": 600}, backoffLimit=0))  # fmt: skip
    served.running("a.yaml")
    until(lambda: (tmp_path / "deaf").exists() or None, "the deaf one to be there")
    served.send(signal.SIGTERM)
    until(lambda: served.logged("Stopping 1 pod"), "the daemon to stop")
    assert processes(tmp_path)
    served.send(signal.SIGINT)
    assert served.wait() == 0
    assert not processes(tmp_path)
    assert not shims(served.directory)
    with served:
        assert served.running("a.yaml")["status"].get("failed", 0) == 0
        served.send(signal.SIGTERM)
        served.send(signal.SIGINT)
        assert served.wait() == 0


def test_a_stop_takes_no_longer_than_it_may(served: Served, tmp_path: Path) -> None:
    served.flags = ("--shutdown-timeout", "500ms")
    served.start()
    served.drop("a.yaml", job("a", _script(DEAF, tmp_path), tmp_path,
                              {"terminationGracePeriodSeconds": 600}))  # fmt: skip
    served.running("a.yaml")
    assert served.stop() == 0
    assert served.logged("Time is up: killing what still runs")
    assert not processes(tmp_path)


def test_detached_pods_run_on_and_are_taken_up(served: Served, tmp_path: Path) -> None:
    served.flags = ("--detach-on-exit",)
    served.start()
    served.drop("a.yaml", job("a", _script(POLITE, tmp_path), tmp_path, backoffLimit=0))
    served.drop("b.yaml", job("b", _script(POLITE, tmp_path).replace("/go", "/stop"), tmp_path))
    served.running("a.yaml")
    served.running("b.yaml")
    ran = until(lambda: _two_lines(tmp_path / "ran"), "both to be there")
    assert served.stop() == 0
    assert served.logged("Stopping; 2 pods left running for the next start")
    assert all(is_alive(int(pid)) for pid in ran)
    (tmp_path / "go").touch()  # one ends while no daemon is there
    until(lambda: sum(is_alive(int(pid)) for pid in ran) == 1 or None, "one to end")
    served.flags = ()
    with served:
        finished = served.finished("a.yaml")
        assert finished["status"].get("failed", 0) == 0
        assert finished["pods"][0]["exitCode"] == 0
        assert served.running("b.yaml")["status"]["active"] == 1
        assert (tmp_path / "ran").read_text().split() == ran
    assert not processes(tmp_path)
    assert not shims(served.directory)


def _two_lines(path: Path) -> list[str] | None:
    lines = path.read_text().split() if path.exists() else []
    return lines if len(lines) == 2 else None


def test_ctrl_c_at_a_terminal_reaches_pods_as_a_stop_only(served: Served, tmp_path: Path) -> None:
    """A terminal signals its whole foreground group; pods must get TERM, from the daemon."""
    script = (
        f"trap 'echo INT >> {tmp_path}/got' INT; trap 'echo TERM >> {tmp_path}/got; exit 0' TERM;"
        f" touch {tmp_path}/up; while :; do sleep 0.02; done"
    )
    (served.directory / "a.yaml").write_text(job("a", script, tmp_path))
    command = [sys.executable, "-m", "localjobs", "serve", str(served.directory)]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(command[0], command)
    said = threading.Thread(target=_drain, args=(terminal,))
    said.start()
    until(lambda: (tmp_path / "up").exists() or None, "the pod to run")
    os.write(terminal, b"\x03")
    status = os.waitpid(pid, 0)[1]
    said.join(LIMIT_SECONDS)
    os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 0
    assert (tmp_path / "got").read_text() == "TERM\n"
    assert not processes(tmp_path)


def _drain(terminal: int) -> None:
    try:
        while os.read(terminal, 4096):
            continue
    except OSError:
        return  # Linux says so when the last one at the other end has gone


def test_watches_do_not_hold_up_the_stop(served: Served, tmp_path: Path) -> None:
    served.start()
    served.drop("a.yaml", job("a", "echo hello; exec sleep 600", tmp_path))
    served.running("a.yaml")
    client = Client(served.state)
    [pod] = client.pods_of("a")
    name = pod["metadata"]["name"]
    streams = [
        _open(client, f"{JOBS}?watch=true"),
        _open(client, f"/api/v1/namespaces/default/pods/{name}/log?follow=true"),
    ]
    asked = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - asked < 10
    for stream in streams:
        stream.close()


def _open(client: Client, path: str) -> ssl.SSLSocket:
    url = urlsplit(client.server)
    raw = socket.create_connection((url.hostname or "", url.port or 0))
    stream = client.context.wrap_socket(raw, server_hostname=url.hostname)
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {client.token}\r\n\r\n"
    stream.sendall(head.encode())
    assert b"200 OK" in stream.recv(4096)
    return stream


def test_whoever_reads_what_it_prints_may_go(served: Served, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [sys.executable, "-m", "localjobs", "serve", str(served.directory)], stdout=writer
    )
    os.close(writer)
    served.drop("a.yaml", job("a", "true", tmp_path))
    assert reason(served.finished("a.yaml")) == "CompletionsReached"
    process.terminate()
    assert process.wait(LIMIT_SECONDS) == 0
