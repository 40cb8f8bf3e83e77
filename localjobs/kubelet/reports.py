"""How the runtime's reports change what is known of a pod's containers."""

from __future__ import annotations

from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from localjobs.kubelet.container_ids import ContainerId
from localjobs.kubelet.container_status import (
    KILLED,
    SIGNAL_BASE,
    START_ERROR_CODE,
    STATUS_UNKNOWN,
    STATUS_UNKNOWN_MESSAGE,
    Begun,
    ContainerRecord,
    Running,
    Terminated,
    running,
    terminated,
)
from localjobs.kubelet.instructions import RecordEvent
from localjobs.kubelet.pod_template import ContainerTemplate
from localjobs.kubelet.runtime import ContainerEvent, Exited, Lost, Started, StartFailed

RUN_CONTAINER_ERROR = "Failed"


class Observed(Struct, frozen=True):
    """What a report came to: the container's record, an event to record, the pod's loss."""

    record: ContainerRecord
    event: RecordEvent | None = None
    is_lost: bool = False
    is_stale: bool = False
    """It tells of a start whose end is on record already."""


def observe(
    container: ContainerTemplate, record: ContainerRecord, attempt: int, report: ContainerEvent
) -> Observed:
    """Fold a report about that attempt into the container's record.

    A report may come again after the daemon was restarted, or about a start whose own report
    was never seen; both change nothing that is known already.
    """
    if _is_stale(record, attempt):
        return Observed(record, is_stale=True)
    match report:
        case Started():
            return _started(container, record, attempt, report)
        case StartFailed():
            failed = Terminated(
                START_ERROR_CODE, "StartError", report.at, report.at, report.container_id
            )
            event = RecordEvent(
                "Warning", "Failed", f"Error: {report.message}", container.field_path
            )
            end = replace(failed, message=report.message)
            return Observed(terminated(record, attempt, end), event)
        case Exited():
            return Observed(terminated(record, attempt, _end(record, attempt, report)))
        case Lost():
            return Observed(terminated(record, attempt, _loss(record, report)), is_lost=True)
        case _:
            assert_never(report)


def _is_stale(record: ContainerRecord, attempt: int) -> bool:
    if attempt < record.restart_count:
        return True
    return (
        attempt == record.restart_count
        and record.next_attempt > attempt
        and not isinstance(record.state, Running)
    )


def _started(
    container: ContainerTemplate, record: ContainerRecord, attempt: int, report: Started
) -> Observed:
    if isinstance(record.state, Running) and record.restart_count == attempt:
        return Observed(record)
    if record.begun is not None and record.next_attempt == attempt:
        return Observed(record)
    state = Running(report.at, report.container_id)
    event = RecordEvent("Normal", "Started", "Container started", container.field_path)
    if container.post_start is not None:
        return Observed(replace(record, requested=True, begun=Begun(state)), event)
    return Observed(running(container, record, attempt, state), event)


def _end(record: ContainerRecord, attempt: int, report: Exited) -> Terminated:
    code = report.exit_code
    if code is None:
        code = SIGNAL_BASE + (report.signal or 0)
    reason = "Completed" if code == 0 else "Error"
    if report.out_of_memory and code != 0:
        reason = "OOMKilled"
    return Terminated(code, reason, _started_at(record, report.at), report.at, report.container_id)


def _loss(record: ContainerRecord, report: Lost) -> Terminated:
    return Terminated(
        KILLED,
        STATUS_UNKNOWN,
        _started_at(record, report.at),
        report.at,
        report.container_id,
        STATUS_UNKNOWN_MESSAGE,
    )


def _started_at(record: ContainerRecord, otherwise: float) -> float:
    return record.process.started_at if record.process is not None else otherwise


def attempt_of(container_id: str) -> int:
    """The number of the attempt that an id of the kubelet's names."""
    parsed = ContainerId.parse(container_id)
    assert parsed is not None, f"{container_id} is no container id of the kubelet's"
    return parsed.attempt
