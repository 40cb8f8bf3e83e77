"""What the daemon keeps in memory of a pod that has finished, its events included."""

from __future__ import annotations

import time

from benchmarks.served import Served, indexed_job, serving
from benchmarks.table import Result, show

PODS, PARALLELISM = 10_000, 8
SETTLING = 15.0
"""Finished objects are compressed in quiet moments, a few thousand a second."""


def settled(served: Served) -> int:
    """The daemon's memory once nothing changes any more."""
    time.sleep(SETTLING)
    return served.memory()


def main() -> None:
    """Measure, and print."""
    with serving() as served:
        served.run("warm", indexed_job("warm", 2000, PARALLELISM))
        before = settled(served)
        served.run("measured", indexed_job("measured", PODS, PARALLELISM))
        after = settled(served)
    each = (after - before) / PODS / 1024
    show(
        [
            Result("daemon before", before / 2**20, "MiB"),
            Result(f"after {PODS} more pods", after / 2**20, "MiB"),
            Result("per finished pod", each, "KiB", most=4),
        ]
    )


if __name__ == "__main__":
    main()
