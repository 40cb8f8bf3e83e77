"""How fast a big Job of short pods runs, beside xargs, which does nothing but start them.

One Indexed Job of 5,000 times /bin/true, eight at a time, from its manifest to its final status
file, and the same with xargs; in turns, so that both have the same machine.
"""

from __future__ import annotations

import statistics
import subprocess
import time

from benchmarks.served import indexed_job, serving
from benchmarks.table import Result, show

PODS, PARALLELISM, ROUNDS = 5000, 8, 3


def xargs() -> float:
    """The seconds that xargs takes."""
    command = f"seq {PODS} | xargs -P{PARALLELISM} -n1 /bin/true"
    began = time.perf_counter()
    subprocess.run(["/bin/sh", "-c", command], check=True)
    return time.perf_counter() - began


def main() -> None:
    """Measure, and print."""
    with serving() as served:
        served.run("warm", indexed_job("warm", 200, PARALLELISM))
        ours, theirs, before = [], [], served.usage()
        for number in range(ROUNDS):
            theirs.append(xargs())
            ours.append(served.run(f"j{number}", indexed_job(f"j{number}", PODS, PARALLELISM)))
        used = served.usage().since(before)
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    each = 1e6 / (PODS * ROUNDS)
    show(
        [
            Result("pods per second", PODS / statistics.median(ours), "/s"),
            Result("xargs", PODS / statistics.median(theirs), "/s"),
            Result("ratio", ratio, "", least=0.8, note=f"median of {ROUNDS} rounds, in turns"),
            Result("daemon's CPU per pod", used.daemon * each, "us"),
            Result("shim's CPU per pod", used.shim * each, "us"),
        ]
    )


if __name__ == "__main__":
    main()
