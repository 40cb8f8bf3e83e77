"""Ctrl-C as the ordinary end of a verb that goes on for ever."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_interrupts() -> Iterator[None]:
    """Let Ctrl-C end the process as it ends other tools: at once, and without a word.

    Python's own handler waits for the interpreter: an interrupt that comes just before a read
    from a daemon with nothing to tell would be heeded only once there is something to be read.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
