"""Whether a signal means anything to a container's processes.

In a container the first process is process 1 of its PID namespace, and the kernel drops every
signal that process 1 does not handle: a real kubelet's TERM does nothing to a plain `sleep`, and
KILL ends it when the grace period is over, with exit code 137. Here, where it would die of the TERM
itself, it is killed at once: the same end, without the wait.
"""

from __future__ import annotations

from pathlib import Path

PROC = Path("/proc")
_MASKS = ("SigCgt:", "SigIgn:")


def heeds(pid: int, parent: int, signal: int, proc: Path = PROC) -> bool:
    """Whether the process or a descendant handles or ignores the signal on purpose.

    `parent` is the process that has to be its parent. Where that cannot be seen the answer is yes.
    """
    if not parent or _field(proc, pid, "PPid:") != str(parent):
        return True
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        masks = [_field(proc, current, mask) for mask in _MASKS]
        if any(mask and int(mask, 16) >> (signal - 1) & 1 for mask in masks):
            return True
        try:
            children = (proc / f"{current}/task/{current}/children").read_text(encoding="ascii")
        except FileNotFoundError:
            if current == pid:
                return True  # a kernel that does not list children
            continue
        except ProcessLookupError:
            continue
        waiting.extend(int(child) for child in children.split())
    return False


def _field(proc: Path, pid: int, name: str) -> str:
    try:
        status = (proc / f"{pid}/status").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    for line in status.splitlines():
        if line.startswith(name):
            return line.removeprefix(name).strip()
    return ""
