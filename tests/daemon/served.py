"""`localjobs serve` as a process of its own, and what it says of itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
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


class NotStarted(Exception):
    """The daemon ended before it served; the text is its log."""


class Served:
    """A directory, and the daemon that serves it."""

    def __init__(
        self, directory: Path, *flags: str, command: Sequence[str] = (sys.executable,)
    ) -> None:
        """`command`: the interpreter, perhaps run by something like `setpriv`."""
        self.directory = directory
        self.flags = flags
        self.command = command
        self.log = directory.parent / f"{directory.name[:50]}.log"
        self.process: subprocess.Popen[str] | None = None
        self.said = ""
        """What the daemon printed when it was ready."""

    @property
    def state(self) -> Path:
        """The daemon's own folder."""
        return self.directory / ".localjobs"

    def start(self) -> None:
        """Start the daemon; returns once it says that it serves."""
        command = [*self.command, "-m", "localjobs", "serve", str(self.directory), *self.flags]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        assert self.process.stdout is not None
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if line.startswith("export KUBECONFIG="):
                return
        self.wait()
        raise NotStarted(self.log.read_text())

    def send(self, number: signal.Signals) -> None:
        """Signal the daemon, and do not wait."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait for the daemon's end; returns its exit status."""
        assert self.process is not None
        status = self.process.wait(LIMIT_SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal the daemon and wait for its end; returns its exit status."""
        self.send(number)
        return self.wait()

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.stop()

    def logged(self, text: str) -> bool | None:
        """Whether the daemon's log says so, for `until`."""
        return text in self.log.read_text() or None

    def drop(self, name: str, text: str) -> None:
        """Put a manifest into the directory, whole."""
        temporary = self.directory / f".{name}.new"
        temporary.write_text(text)
        temporary.rename(self.directory / name)

    def status(self, name: str) -> dict[str, Any] | None:
        """The status file of a manifest, if there is one."""
        path = self.directory / f"{name.rpartition('.')[0]}.status.yaml"
        try:
            found: dict[str, Any] = yaml.load(path.read_text(), yaml.CSafeLoader)
        except FileNotFoundError:
            return None
        return found

    def errors(self, name: str) -> str:
        """The manifest's errors as text, once it has some."""
        return until(lambda: self._errors(name), f"errors of {name}")

    def _errors(self, name: str) -> str | None:
        errors = (self.status(name) or {}).get("errors") or ()
        return "\n".join(error["message"] for error in errors) or None

    def job(self, name: str) -> dict[str, Any] | None:
        """The status of the manifest's first Job, if there is one."""
        jobs = (self.status(name) or {}).get("jobs") or ()
        return jobs[0] if jobs else None

    def job_when(self, name: str, fits: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        """The status of the manifest's first Job, once it `fits`."""

        def look() -> dict[str, Any] | None:
            job = self.job(name)
            return job if job is not None and fits(job) else None

        try:
            return until(look, f"{name} to be as wanted")
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.status(name)}") from None

    def finished(self, name: str) -> dict[str, Any]:
        """The status of the manifest's first Job, once it is Complete or Failed."""
        return self.job_when(name, lambda job: conditions(job) & {"Complete", "Failed"})

    def running(self, name: str, count: int = 1) -> dict[str, Any]:
        """The status of the manifest's first Job, once so many of its pods are ready."""
        return self.job_when(name, lambda job: job["status"].get("ready", 0) >= count)


def conditions(job: dict[str, Any]) -> set[str]:
    """The types of the Job's conditions that are true."""
    found = (job.get("status") or {}).get("conditions") or ()
    return {one["type"] for one in found if one["status"] == "True"}


def reason(job: dict[str, Any]) -> str:
    """The reason of the Job's end."""
    found = job["status"]["conditions"]
    return str(next(one["reason"] for one in found if one["type"] in ("Complete", "Failed")))


def is_alive(pid: int) -> bool:
    """Whether a process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
