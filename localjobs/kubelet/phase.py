"""The phase of a pod, from what its containers do.

Upstream: getPhase in pkg/kubelet/kubelet_pods.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from localjobs.kubelet.container_status import (
    ContainerRecord,
    Running,
    Terminated,
    Waiting,
    is_started,
)
from localjobs.kubelet.pod_template import ContainerTemplate, PodTemplate, Role

Phase: TypeAlias = Literal["Pending", "Running", "Succeeded", "Failed"]

TERMINAL = frozenset({"Succeeded", "Failed"})


@dataclass(slots=True)
class _Count:
    pending_init: int = 0
    failed_init: int = 0
    stuck_init: int = 0
    pending_sidecars: int = 0
    running: int = 0
    waiting: int = 0
    stopped: int = 0
    succeeded: int = 0


def phase_of(template: PodTemplate, records: Sequence[ContainerRecord], is_over: bool) -> Phase:
    """The phase of a pod whose containers (in the template's order) are as recorded.

    `is_over`: nothing of it runs any more and nothing will be started again.
    """
    if template.is_single:
        return _single(template.containers[0], records[0], is_over)
    count = _Count()
    for container, record in zip(template.containers, records, strict=True):
        _COUNTERS[container.role](count, container, record)
    return _decide(template, count, is_over, any_main_ran(template, records))


def any_main_ran(template: PodTemplate, records: Sequence[ContainerRecord]) -> bool:
    """Whether any container after the init containers has ever been started."""
    return any(
        record.last is not None or not isinstance(record.state, Waiting)
        for record in records[template.init_count :]
    )


def _single(container: ContainerTemplate, record: ContainerRecord, is_over: bool) -> Phase:
    # The common case, and the same answers: one container that is nothing but the work.
    if isinstance(record.state, Running):
        return "Running"
    if isinstance(record.state, Terminated):
        return _stopped(is_over, container.restart_policy, record.state.exit_code == 0)
    if record.last is None:
        return "Pending"
    return _stopped(is_over, container.restart_policy, False)


def _count_init(count: _Count, container: ContainerTemplate, record: ContainerRecord) -> None:
    end = record.previous_end
    if isinstance(record.state, Running) or end is None:
        count.pending_init += 1
    elif end.exit_code != 0:
        count.failed_init += 1
        if not container.restarts_after(end.exit_code):
            count.stuck_init += 1


def _count_sidecar(count: _Count, container: ContainerTemplate, record: ContainerRecord) -> None:
    if isinstance(record.state, Running):
        count.running += 1
        if not is_started(container, record):
            count.pending_sidecars += 1
    elif record.previous_end is None:
        count.pending_sidecars += 1
        count.waiting += 1


def _count_main(count: _Count, container: ContainerTemplate, record: ContainerRecord) -> None:
    if isinstance(record.state, Running):
        count.running += 1
    elif record.previous_end is None:
        count.waiting += 1
    else:
        count.stopped += 1
        if isinstance(record.state, Terminated) and record.state.exit_code == 0:
            count.succeeded += 1


_COUNTERS = {Role.INIT: _count_init, Role.SIDECAR: _count_sidecar, Role.MAIN: _count_main}


def _decide(template: PodTemplate, count: _Count, is_over: bool, main_ran: bool) -> Phase:
    if count.stuck_init:
        return "Failed"
    initializing = count.pending_init or count.failed_init
    if initializing or (not main_ran and count.pending_sidecars) or count.waiting:
        return "Pending"
    if count.running:
        return "Running"
    return _stopped(is_over, template.restart_policy, count.stopped == count.succeeded)


def _stopped(is_over: bool, restart_policy: str, succeeded: bool) -> Phase:
    if is_over:
        return "Succeeded" if succeeded else "Failed"
    if restart_policy == "Always":
        return "Running"
    if succeeded:
        return "Succeeded"
    return "Failed" if restart_policy == "Never" else "Running"
