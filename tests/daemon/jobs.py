"""Manifests of Jobs whose processes can be told from all others on the machine."""

from pathlib import Path
from typing import Any

import psutil
import yaml

MARK = "LOCALJOBS_TEST"


def job(name: str, script: str, mark: Path, pod: dict[str, Any] | None = None, **spec: Any) -> str:
    """A Job of one container that runs a shell script; `$$` in it is a `$`, as on a cluster."""
    return command_job(name, ["sh", "-c", script], mark, pod, **spec)


def command_job(
    name: str, command: list[str], mark: Path, pod: dict[str, Any] | None = None, **spec: Any
) -> str:
    """A Job of one container that runs a command. Every process of it carries the mark."""
    container: dict[str, Any] = {
        "name": "c",
        "image": "busybox",
        "command": command,
        "env": [{"name": MARK, "value": str(mark)}],
    }
    pod = dict(pod or {})
    container |= pod.pop("container", {})
    template = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 2,
        "containers": [container],
        **pod,
    }
    manifest = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {**spec, "template": {"spec": template}},
    }
    return yaml.safe_dump(manifest, sort_keys=False)


def processes(mark: Path) -> list[psutil.Process]:
    """Every process of Jobs with this mark, daemonized ones too; dead ones do not count."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(mark) and process.status() != "zombie":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def shims(directory: Path) -> list[psutil.Process]:
    """The shims of a served directory: more than one would be a defect."""
    folder = str(directory / ".localjobs" / "shim")
    found = []
    for process in psutil.process_iter():
        try:
            if folder in process.cmdline() and process.status() != "zombie":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
