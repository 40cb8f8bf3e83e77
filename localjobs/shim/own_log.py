"""What the shim says of itself, to the file that is its standard error."""

from __future__ import annotations

import contextlib
import os

_STDERR = 2


def note(text: str) -> None:
    """Write a line; one that a full disk does not take is no reason to fail."""
    with contextlib.suppress(OSError):
        os.write(_STDERR, f"{text}\n".encode("utf-8", "backslashreplace"))
