"""The last words of a container: a file that it writes, or the end of its log.

Upstream: getTerminationMessage in pkg/kubelet/kuberuntime/kuberuntime_container.go.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from localjobs.kubelet.logs import LogOptions, read_log
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
    tail = b"".join(read_log(path, LogOptions(tail_lines=MOST_LOG_LINES)))
    return tail[-LONGEST_LOG_TAIL:].decode("utf-8", "replace")
