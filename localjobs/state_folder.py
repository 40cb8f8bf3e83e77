"""Where a daemon keeps what belongs to it, inside the directory it serves."""

from __future__ import annotations

from pathlib import Path

STATE_FOLDER = ".localjobs"
KUBECONFIG = "kubeconfig"
"""The file in it that leads clients to the daemon."""


def state_of(directory: Path) -> Path:
    """The state folder of a served directory."""
    return directory.resolve() / STATE_FOLDER
