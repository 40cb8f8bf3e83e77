"""`python -m benchmarks [NAME...]`: measure what is promised; without names, all of it.

Each benchmark is a module of this package and answers one question. What it measures it measures
beside a peer in the same run wherever there is one, so that a busy machine spoils neither.
"""

from __future__ import annotations

import importlib
import sys

NAMES = ("startup", "latency", "throughput", "api", "idle", "memory", "scaling")


def main(names: list[str]) -> int:
    """Run the benchmarks of these names."""
    if unknown := [name for name in names if name not in NAMES]:
        print(f"no such benchmark: {', '.join(unknown)}; there are {', '.join(NAMES)}")
        return 2
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
