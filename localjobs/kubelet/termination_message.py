"""The last words of a container: a file that it writes, or the end of its log.

Upstream: getTerminationMessage in pkg/kubelet/kuberuntime/kuberuntime_container.go.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from localjobs.kubelet.pod_template import DEFAULT_MESSAGE_PATH, ContainerTemplate

LONGEST_MESSAGE = 4096
LONGEST_LOG_TAIL = 2048
MOST_LOG_LINES = 80


def path_of(container: ContainerTemplate) -> str:
    """Where the container writes its message."""
    path: str = container.spec.get("terminationMessagePath") or DEFAULT_MESSAGE_PATH
    return path


def make_file(path: str) -> None:
    """Make the empty file that the container will see. Anyone may write to it."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    file.chmod(0o666)


def message_of(container: ContainerTemplate, exit_code: int, file: str, log: str) -> str:
    """The message of a container that ended; "" if there is none."""
    message = _head(file, LONGEST_MESSAGE) if container.writes_message else ""
    if message or not container.falls_back or exit_code == 0:
        return message
    return _log_tail(log)


def _head(path: str, size: int) -> str:
    with contextlib.suppress(FileNotFoundError), Path(path).open("rb") as file:
        return file.read(size).decode("utf-8", "replace")
    return ""


def _log_tail(path: str) -> str:
    """The last lines of a log in CRI format, without their stamps."""
    try:
        with Path(path).open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            # The stamps are about 45 bytes a line; more than enough lines for the tail.
            file.seek(max(0, size - 2 * LONGEST_LOG_TAIL - 64 * MOST_LOG_LINES))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return ""
    text = b"".join(_text(line) for line in lines[-MOST_LOG_LINES:])
    return text[-LONGEST_LOG_TAIL:].decode("utf-8", "replace")


def _text(line: bytes) -> bytes:
    parts = line.split(b" ", 3)
    if len(parts) < 4:
        return b""
    return parts[3] + (b"\n" if parts[2] == b"F" else b"")
