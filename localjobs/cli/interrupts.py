"""Ctrl-C as the ordinary end of a verb that goes on for ever."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

INTERRUPTED = 130
"""The exit status: 128 and the number of SIGINT."""


@contextlib.contextmanager
def quiet_interrupts() -> Iterator[None]:
    """Exit at Ctrl-C with the status that says so, and nothing else."""
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
