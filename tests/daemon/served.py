"""`localjobs serve` as a process of its own, and what it says of itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import yaml

LIMIT_SECONDS = 90.0
POLL_SECONDS = 0.005

_T = TypeVar("_T")


def until(look: Callable[[], _T | None], what: str) -> _T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"still waiting after {LIMIT_SECONDS:.0f} s: {what}")
        time.sleep(POLL_SECONDS)
    return found


class Served:
    """A directory, and the daemon that serves it."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.directory = directory
        self.flags = flags
        self.log = directory.parent / f"{directory.name}.log"
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the daemon; returns once it says that it serves."""
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "localjobs", "serve", str(self.directory), *self.flags],
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("export KUBECONFIG="):
                return
        raise AssertionError(f"it does not start: {self.log.read_text()}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the daemon and wait for its end; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(LIMIT_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def drop(self, name: str, text: str) -> None:
        """Put a manifest into the directory, whole."""
        temporary = self.directory / f".{name}.new"
        temporary.write_text(text)
        temporary.rename(self.directory / name)

    def status(self, name: str) -> dict[str, Any] | None:
        """The status file of a manifest, if there is one."""
        path = self.directory / f"{name.rpartition('.')[0]}.status.yaml"
        try:
            found: dict[str, Any] = yaml.safe_load(path.read_text())
        except FileNotFoundError:
            return None
        return found

    def job(self, name: str) -> dict[str, Any] | None:
        """The status of the manifest's first Job, if there is one."""
        jobs = (self.status(name) or {}).get("jobs") or ()
        return jobs[0] if jobs else None

    def finished(self, name: str) -> dict[str, Any]:
        """The status of the manifest's first Job, once it is Complete or Failed."""
        return until(lambda: self._finished(name), f"{name} to finish")

    def _finished(self, name: str) -> dict[str, Any] | None:
        job = self.job(name)
        return job if job is not None and conditions(job) & {"Complete", "Failed"} else None


def conditions(job: dict[str, Any]) -> set[str]:
    """The types of the Job's conditions that are true."""
    found = (job.get("status") or {}).get("conditions") or ()
    return {one["type"] for one in found if one["status"] == "True"}


def is_alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
