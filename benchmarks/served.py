"""A daemon as users have it: `localjobs serve` as a process, on a directory of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

PATIENCE = 900.0


@dataclass(frozen=True)
class Usage:
    """What the daemon and its shim have used so far: seconds of CPU."""

    daemon: float
    shim: float

    def since(self, before: Usage) -> Usage:
        return Usage(self.daemon - before.daemon, self.shim - before.shim)


class Served:
    """A daemon that runs, and its directory."""

    def __init__(self, directory: Path, process: subprocess.Popen[str]) -> None:
        self.directory = directory
        self._process = process
        self._daemon = psutil.Process(process.pid)
        self._shim = next(
            child for child in self._daemon.children() if "--listen-fd" in child.cmdline()
        )

    def drop(self, name: str, *jobs: Any) -> float:
        """Put a manifest there as one renames a finished file into a directory; when that was."""
        hidden = self.directory / f".{name}.json"
        hidden.write_text("\n---\n".join(json.dumps(job) for job in jobs))
        began = time.perf_counter()
        hidden.rename(self.directory / f"{name}.yaml")
        return began

    def finished(self, name: str, jobs: int = 1, pause: float = 0.005) -> float:
        """Wait until the manifest's status file says that all Jobs completed; when it did."""
        path = self.directory / f"{name}.status.yaml"
        end, seen = time.perf_counter() + PATIENCE, 0
        while time.perf_counter() < end:
            with contextlib.suppress(FileNotFoundError):
                status = path.stat()
                if status.st_mtime_ns != seen:
                    seen = status.st_mtime_ns
                    now = time.perf_counter()
                    if path.read_text().count("completionTime:") >= jobs:
                        return now
            time.sleep(pause)
        raise TimeoutError(f"{name} does not finish: {path.read_text()}")

    def run(self, name: str, job: Any) -> float:
        """Run one Job; the seconds from its manifest's rename to its final status file."""
        began = self.drop(name, job)
        return self.finished(name) - began

    def usage(self) -> Usage:
        """The CPU used so far, without what the pods' processes used."""
        return Usage(*(_cpu_seconds(process.pid) for process in (self._daemon, self._shim)))

    def memory(self) -> int:
        """The bytes that only the daemon has."""
        return int(self._daemon.memory_full_info().uss)

    def resident(self) -> tuple[int, int]:
        """The resident bytes of the daemon and of the shim."""
        return self._daemon.memory_info().rss, self._shim.memory_info().rss

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)


def _cpu_seconds(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


@contextlib.contextmanager
def serving() -> Iterator[Served]:
    """A daemon on a fresh directory, stopped in the end."""
    with tempfile.TemporaryDirectory(prefix="localjobs-bench-") as folder:
        process, _ = launch(Path(folder))
        served = Served(Path(folder), process)
        try:
            yield served
        finally:
            served.stop()


def launch(directory: Path) -> tuple[subprocess.Popen[str], float]:
    """Start a daemon; it and the seconds that it took to be ready."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "localjobs", "serve", "--log-level", "warning", directory],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    ready = time.perf_counter() - began
    assert said.startswith("serving"), f"the daemon does not start: {said!r}"
    return process, ready


def environment() -> dict[str, str]:
    """The environment without what would keep Python from its compiled modules."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


def indexed_job(name: str, completions: int, parallelism: int) -> Any:
    """An Indexed Job of `/bin/true`."""
    container = {"name": "main", "image": "busybox", "command": ["/bin/true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {
        "completions": completions,
        "parallelism": parallelism,
        "completionMode": "Indexed",
        "template": template,
    }
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}
