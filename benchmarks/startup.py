"""How soon the command line answers, and a daemon is ready; beside Python doing nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.served import environment, launch
from benchmarks.table import Result, show

ROUNDS = 11


def seconds(*command: str) -> float:
    """How long a command takes."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment())
    return time.perf_counter() - began


def until_ready() -> float:
    """How long a daemon on a fresh directory takes until it serves."""
    with tempfile.TemporaryDirectory(prefix="localjobs-bench-") as folder:
        process, ready = launch(Path(folder))
        process.terminate()
        process.wait(30)
    return ready


def main() -> None:
    """Measure, and print."""
    bare, helped, ready = [], [], []
    for _ in range(ROUNDS):
        bare.append(seconds(sys.executable, "-c", "pass"))
        helped.append(seconds(sys.executable, "-m", "localjobs", "--help"))
        ready.append(until_ready())
    show(
        [
            Result("python -c pass", statistics.median(bare) * 1e3, "ms"),
            Result("localjobs --help", statistics.median(helped) * 1e3, "ms", most=150),
            Result("serve is ready", statistics.median(ready) * 1e3, "ms", most=500),
        ]
    )


if __name__ == "__main__":
    main()
