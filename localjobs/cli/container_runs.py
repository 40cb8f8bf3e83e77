"""The runs of a Job's containers: which there were, and the number of each.

A run is one start of one container. Runs that do the same work are numbered together, from 0: in
an Indexed Job those of one index, pod after pod; otherwise those of one pod if it restarts its
containers, and those of all pods, in the order they were made, if it does not. Pods that are gone
are known by the logs they left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from localjobs.api import objects
from localjobs.api.job import COMPLETION_INDEX, JobSpec
from localjobs.api.objects import Object

Sequence: TypeAlias = tuple[str, int | str | None]
"""What runs are numbered within: a container, and an index, a pod or (None) the Job."""

_GENERATED = re.compile(r"-(\d+)-[a-z0-9]{5}$")
"""How the name of an index's pod ends."""


@dataclass(frozen=True, slots=True)
class Run:
    """One start of one container."""

    pod: str
    index: int | None
    container: str
    restart: int
    """How often the container had been restarted in this pod; names the log."""
    number: int
    """Its place among the runs of its sequence."""
    sequence: Sequence
    is_over: bool
    has_failed: bool


@dataclass(slots=True)
class _PodRuns:
    """What is known of one pod: per container its runs, as (is over, has failed)."""

    name: str
    index: int | None
    containers: dict[str, list[tuple[bool, bool]]] = field(default_factory=dict)


class RunCatalog:
    """Numbers the runs of one Job's pods. Pods are to be seen in the order they were made."""

    def __init__(self, job: Object) -> None:
        spec = JobSpec.of(job["spec"])
        self._is_indexed = spec.is_indexed
        self._restarts = spec.restart_policy == "OnFailure"
        self._pods: dict[int | str | None, dict[str, _PodRuns]] = {}

    def see(self, pod: Object) -> Iterator[Run]:
        """The runs of a pod as it is now, those it had before too."""
        name, index = objects.name(pod), index_of(pod)
        seen = self._enter(name, index if self._is_indexed else None)
        for status in _statuses(pod):
            seen.containers[status["name"]] = list(_runs_of(status, pod))
        return self._numbered(seen)

    def see_logs(self, pod: str, runs: Mapping[str, int]) -> Iterator[Run]:
        """The runs of a pod that is gone; `runs` are its containers' highest restarts."""
        found = _GENERATED.search(pod) if self._is_indexed else None
        seen = self._enter(pod, int(found[1]) if found else None)
        for container, highest in runs.items():
            seen.containers[container] = [(True, False)] * (highest + 1)
        return self._numbered(seen)

    def _enter(self, name: str, index: int | None) -> _PodRuns:
        pods = self._pods.setdefault(self._key(name, index), {})
        return pods.setdefault(name, _PodRuns(name, index))

    def _key(self, name: str, index: int | None) -> int | str | None:
        if self._is_indexed:
            return index
        return name if self._restarts else None

    def _numbered(self, pod: _PodRuns) -> Iterator[Run]:
        key = self._key(pod.name, pod.index)
        for container, runs in pod.containers.items():
            first = self._runs_before(pod, key, container)
            for restart, (is_over, has_failed) in enumerate(runs):
                yield Run(
                    pod.name,
                    pod.index,
                    container,
                    restart,
                    first + restart,
                    (container, key),
                    is_over,
                    has_failed,
                )

    def _runs_before(self, pod: _PodRuns, key: int | str | None, container: str) -> int:
        """How many runs earlier pods had; one that never started its container had one too."""
        count = 0
        for earlier in self._pods[key].values():
            if earlier is pod:
                break
            count += len(earlier.containers.get(container, ())) or 1
        return count


def index_of(pod: Object) -> int | None:
    """The completion index of a pod, None if it has none."""
    text = objects.annotations(pod).get(COMPLETION_INDEX, "")
    return int(text) if text.isdecimal() else None


def last_numbers(runs: Iterable[Run]) -> dict[Sequence, int]:
    """The number of the last run of each sequence."""
    last: dict[Sequence, int] = {}
    for run in runs:
        last[run.sequence] = max(last.get(run.sequence, 0), run.number)
    return last


def _statuses(pod: Object) -> Iterator[Object]:
    status = pod.get("status") or {}
    for member in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        yield from status.get(member) or ()


def _runs_of(status: Object, pod: Object) -> Iterator[tuple[bool, bool]]:
    """Each run of a container, as (is over, has failed).

    What was restarted had failed: there is no other reason to, but for a sidecar.
    """
    state, restarts = status.get("state") or {}, status.get("restartCount") or 0
    pod_is_over = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    for _ in range(restarts):
        yield True, True
    ended = state.get("terminated")
    if "waiting" in state:
        # While a restart is waited for, the count is still that of the run before.
        ended = (status.get("lastState") or {}).get("terminated")
    if ended is not None:
        yield True, bool(ended.get("exitCode"))
    elif "running" in state:
        yield pod_is_over, False
