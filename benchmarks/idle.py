"""What a daemon costs that has nothing to do: 1,000 finished Jobs are on record."""

from __future__ import annotations

import time

from benchmarks.served import Served, indexed_job, serving
from benchmarks.table import Result, show

JOBS, FILES = 1000, 10
SETTLING, WATCHED = 5.0, 20.0


def run_jobs(served: Served) -> None:
    """A hundred Jobs a file."""
    each = JOBS // FILES
    for file in range(FILES):
        served.drop(f"f{file}", *(indexed_job(f"j-{file}-{n}", 1, 1) for n in range(each)))
        served.finished(f"f{file}", jobs=each)


def main() -> None:
    """Measure, and print."""
    with serving() as served:
        run_jobs(served)
        time.sleep(SETTLING)
        before = served.usage()
        time.sleep(WATCHED)
        used = served.usage().since(before)
        daemon, shim = served.resident()
    percent = (used.daemon + used.shim) / WATCHED * 100
    show(
        [
            Result("CPU of one core", percent, "%", most=0.5),
            Result("resident, daemon", daemon / 1e6, "MB"),
            Result("resident, shim", shim / 1e6, "MB"),
            Result("resident, both", (daemon + shim) / 1e6, "MB", most=120),
        ]
    )


if __name__ == "__main__":
    main()
