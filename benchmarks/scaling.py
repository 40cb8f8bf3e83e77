"""Whether a pod of a Job of 100,000 costs more than one of a Job of 1,000."""

from __future__ import annotations

import statistics

from benchmarks.served import indexed_job, serving
from benchmarks.table import Result, show

SMALL, BIG, PARALLELISM, ROUNDS = 1000, 100_000, 8, 3


def cost(completions: int) -> float:
    """The microseconds of CPU that daemon and shim use per pod of a Job, on a fresh daemon."""
    with serving() as served:
        served.run("warm", indexed_job("warm", 500, PARALLELISM))
        before = served.usage()
        served.run("measured", indexed_job("measured", completions, PARALLELISM))
        used = served.usage().since(before)
    return (used.daemon + used.shim) * 1e6 / completions


def main() -> None:
    """Measure, and print."""
    small = [cost(SMALL) for _ in range(ROUNDS)]
    big = cost(BIG)
    small += [cost(SMALL) for _ in range(ROUNDS)]
    base = statistics.median(small)
    show(
        [
            Result(f"per pod of {SMALL}", base, "us", note="CPU of daemon and shim"),
            Result(f"per pod of {BIG}", big, "us"),
            Result("ratio", big / base, "", most=1.2),
        ]
    )


if __name__ == "__main__":
    main()
