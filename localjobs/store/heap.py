"""The memory that a burst of work took and that nothing holds any more."""

from __future__ import annotations

import sys


def give_back() -> None:
    """Give it back to the system, where the C library keeps it unless asked (glibc)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes  # heavy, and not needed before there was something to do

    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other libraries have none
    if trim is not None:
        trim(0)
