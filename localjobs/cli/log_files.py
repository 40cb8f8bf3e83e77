"""The log files of a Job, as its pods left them."""

from __future__ import annotations

import os
from contextlib import closing

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.kubelet import directories
from localjobs.kubelet.log_reader import LogReader
from localjobs.kubelet.logs import parse_entry

_ENDING = ".log"


class LogFiles:
    """The folder with the logs of a Job, under the kubelet's folder `root`."""

    def __init__(self, root: str, job: Object) -> None:
        self._folder = directories.log_folder(root, objects.metadata(job))

    def path(self, pod: str, container: str, restart: int) -> str:
        """The log of one run."""
        return f"{self._folder}/{pod}_{container}_{restart}{_ENDING}"

    def by_pod(self) -> dict[str, dict[str, int]]:
        """Each pod with a log, and the highest restart of its containers that has one."""
        found: dict[str, dict[str, int]] = {}
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return {}
        for name in names:
            parts = name.removesuffix(_ENDING).split("_")
            if not name.endswith(_ENDING) or len(parts) != 3 or not parts[2].isdecimal():
                continue
            pod, container, restart = parts
            containers = found.setdefault(pod, {})
            containers[container] = max(containers.get(container, 0), int(restart))
        return found

    def first_written(self, pod: str, containers: dict[str, int]) -> str:
        """When a pod first wrote something, as a time that sorts; "" if it is gone."""
        times = [
            time
            for container, highest in containers.items()
            for restart in range(highest + 1)
            if (time := _first_time(self.path(pod, container, restart)))
        ]
        return min(times, default="")


def _first_time(path: str) -> str:
    with closing(LogReader(path)) as reader:
        lines = reader.read_lines()
    entry = parse_entry(lines[0]) if lines else None
    return "" if entry is None else entry.timestamp.decode()
