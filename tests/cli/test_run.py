"""`localjobs run` as a user starts it: a process of its own, its output and its exit status."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

LIMIT_SECONDS = 60


def localjobs(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "localjobs", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,  # the status is what is tested
    )


def manifest(name: str, script: str, spec: str = "", restart: str = "Never") -> str:
    return f"""\
apiVersion: batch/v1
kind: Job
metadata: {{name: {name}}}
spec:
  {spec or "completions: 1"}
  template:
    spec:
      restartPolicy: {restart}
      terminationGracePeriodSeconds: 2
      containers: [{{name: c, image: busybox, command: [sh, -c, '{script}']}}]
"""


def test_logs_go_to_standard_output_and_the_rest_to_standard_error(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(manifest("a", "echo hello; echo there >&2"))
    done = localjobs("run", "a.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    source, *lines = sorted(line.partition("] ")[2] for line in done.stdout.splitlines())
    assert (source, *lines) == ("hello", "there")
    assert done.stdout.startswith("[a-")
    assert "job default/a: Complete: CompletionsReached" in done.stderr


def test_a_failure_is_told_with_reason_rule_and_log(tmp_path: Path) -> None:
    rules = (
        "podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}"
    )
    (tmp_path / "a.yaml").write_text(manifest("a", "echo last words; exit 42", rules))
    done = localjobs("run", "a.yaml", cwd=tmp_path)
    assert done.returncode == 1
    assert "Failed: PodFailurePolicy: Container c for pod default/a-" in done.stderr
    assert "exit code 42 (Error); counted: podFailurePolicy rule 0 says FailJob" in done.stderr
    assert "  | last words" in done.stderr


def test_a_refused_manifest_runs_nothing(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(manifest("a", "touch ran"))
    (tmp_path / "bad.yaml").write_text(manifest("b", "true", "backoffLimit: -1"))
    done = localjobs("run", "good.yaml", "bad.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "bad.yaml:5:3: error: spec.backoffLimit: Invalid value: -1" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_job_that_cannot_end_is_refused(tmp_path: Path) -> None:
    done = localjobs("run", "-", cwd=tmp_path, stdin=manifest("a", "true", "suspend: true"))
    assert done.returncode == 2
    assert "<stdin>:5:3: error: spec.suspend: the Job is suspended" in done.stderr


def test_several_jobs_share_what_is_in_the_files(tmp_path: Path) -> None:
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cm}\ndata: {word: yes-it-is}\n"
    job = manifest("a", "echo $WORD").replace(
        "image: busybox", "image: busybox, envFrom: [{configMapRef: {name: cm}}]"
    )
    (tmp_path / "config.yaml").write_text(config.replace("word", "WORD"))
    done = localjobs("run", "-", "config.yaml", cwd=tmp_path, stdin=job)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("] yes-it-is\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_process_behind(tmp_path: Path, number: signal.Signals) -> None:
    marker = f"sleep 98765.{os.getpid()}{int(number)}"
    (tmp_path / "a.yaml").write_text(manifest("a", f"echo started; {marker}"))
    running = subprocess.Popen(
        [sys.executable, "-m", "localjobs", "run", "a.yaml"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline().endswith("] started\n")
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    running.send_signal(number)
    _, errors = running.communicate(timeout=LIMIT_SECONDS)
    assert running.returncode == 130, errors
    assert not [child for child in children if child.is_running()]
    assert not _running(marker)


def _running(marker: str) -> list[psutil.Process]:
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if marker in " ".join(process.info["cmdline"] or ())
    ]


def test_a_terminal_gets_live_progress(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(manifest("a", "echo hello"))
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "localjobs", "run", "a.yaml"],
        cwd=tmp_path,
        stdout=theirs,
        stderr=theirs,
        stdin=subprocess.DEVNULL,
    )
    os.close(theirs)
    shown = _read_all(ours)
    assert running.wait(LIMIT_SECONDS) == 0
    assert b"hello" in shown
    assert b"\x1b[?25l" in shown  # the cursor is hidden while the table is drawn


def _read_all(descriptor: int) -> bytes:
    pieces = []
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        try:
            piece = os.read(descriptor, 4096)
        except OSError:
            break  # the other end is closed
        if not piece:
            break
        pieces.append(piece)
    return b"".join(pieces)
