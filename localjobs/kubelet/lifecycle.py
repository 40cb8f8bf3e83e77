"""What to do next with a pod on this node: the law of its containers.

A pod runs its init containers one after the other (a sidecar counts as done once it runs), then
all the others at once. It is over when every main container has ended for good, when an init
container has failed for good, or when it is stopped: deleted, past its deadline, or ended by
somebody else's word. In that order of evaluation, at every look:

 1. a reason to stop, if there is none yet (termination.py)
 2. stopped: end what runs, main containers first, then sidecars from last to first
 3. the work is done, or cannot be: end the sidecars
 4. otherwise start what is due, in the template's order

Nothing is started after a stop; a pod that is over stays over.
Upstream: computePodActions in pkg/kubelet/kuberuntime/kuberuntime_manager.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from localjobs.kubelet import crash_loop, termination
from localjobs.kubelet.container_status import (
    CRASH_LOOP_BACK_OFF,
    ContainerRecord,
    Running,
    Terminated,
    Waiting,
    ended_for_good,
    is_ready,
    waiting,
)
from localjobs.kubelet.instructions import Instruction, RecordEvent, StartContainer
from localjobs.kubelet.phase import any_main_ran
from localjobs.kubelet.pod_template import ContainerTemplate, PodTemplate, Role
from localjobs.kubelet.termination import PodFacts, Stop


class PodRecord(Struct, frozen=True):
    """What is known of a pod on this node: its containers, in the template's order."""

    containers: tuple[ContainerRecord, ...]
    stop: Stop | None = None
    is_lost: bool = False
    """The owner of its processes died, and they with it."""


class Step(Struct, frozen=True):
    """A look at a pod: what is known after it, what to do, when to look again."""

    record: PodRecord
    instructions: tuple[Instruction, ...] = ()
    wake_at: float | None = None
    is_over: bool = False
    """Nothing of it runs, and nothing of it will."""


@dataclass(slots=True)
class _Look:
    """A look under way."""

    template: PodTemplate
    facts: PodFacts
    records: list[ContainerRecord]
    now: float
    instructions: list[Instruction] = field(default_factory=list)
    wake_at: float | None = None

    def wake(self, at: float) -> None:
        self.wake_at = at if self.wake_at is None else min(self.wake_at, at)


def advance(template: PodTemplate, facts: PodFacts, record: PodRecord, now: float) -> Step:
    """Decide what is next for the pod."""
    look = _Look(template, facts, list(record.containers), now)
    stop = termination.stop_of(facts, record.stop, now)
    if stop is not None and record.stop is None and stop.reason:
        look.instructions.append(RecordEvent("Normal", stop.reason, stop.message))
    if stop is not None or record.is_lost:
        grace = stop.grace if stop is not None else facts.grace
        is_over = _stop_all(look, grace)
    elif _work_is_over(template, look.records):
        is_over = _stop_all(look, facts.grace)
    else:
        is_over = False
        _start_due(look)
        if facts.deadline is not None:
            look.wake(facts.deadline)
    if is_over:
        look.records = _closed(template, look.records)
    result = PodRecord(tuple(look.records), stop, record.is_lost)
    return Step(result, tuple(look.instructions), look.wake_at, is_over)


def _work_is_over(template: PodTemplate, records: Sequence[ContainerRecord]) -> bool:
    """Every main container ended for good, or an init container failed for good."""
    containers = template.containers
    if template.is_single:
        return _ended_for_good(containers[0], records[0])
    for container, record in zip(containers, records, strict=True):
        if container.role is Role.INIT and _failed_for_good(container, record):
            return True
    return all(
        _ended_for_good(container, record)
        for container, record in zip(
            containers[template.init_count :], records[template.init_count :], strict=True
        )
    )


def _ended_for_good(container: ContainerTemplate, record: ContainerRecord) -> bool:
    state = record.state
    return isinstance(state, Terminated) and not (
        record.requested or container.restarts_after(state.exit_code)
    )


def _failed_for_good(container: ContainerTemplate, record: ContainerRecord) -> bool:
    state = record.state
    return (
        isinstance(state, Terminated)
        and state.exit_code != 0
        and _ended_for_good(container, record)
    )


def _stop_all(look: _Look, grace: float) -> bool:
    """End what runs; whether nothing does any more."""
    main = [i for i, c in enumerate(look.template.containers) if c.role is not Role.SIDECAR]
    alive = [i for i in main if look.records[i].is_alive]
    if not alive:
        sidecars = [i for i, c in enumerate(look.template.containers) if c.role is Role.SIDECAR]
        running = [i for i in sidecars if look.records[i].is_alive]
        alive = running[-1:]
    for index in alive:
        _stop_one(look, index, grace)
    return not alive


def _stop_one(look: _Look, index: int, grace: float) -> None:
    container, record = look.template.containers[index], look.records[index]
    if not isinstance(record.state, Running):
        return  # asked to start, not there yet: it is stopped once it is
    step = termination.stop_container(container, record.state, record.stopping, grace, look.now)
    look.records[index] = replace(record, stopping=step.stopping)
    look.instructions.extend(step.instructions)
    if step.wake_at is not None:
        look.wake(step.wake_at)


def _closed(template: PodTemplate, records: Sequence[ContainerRecord]) -> list[ContainerRecord]:
    """The records of a pod that is over (TerminatePod in pkg/kubelet/status/status_manager.go).

    Whatever may have been reached shows an end; what waits behind an init container that never
    finished goes on saying so.
    """
    count = template.init_count
    reached = max((i + 1 for i in range(count) if records[i].next_attempt > 0), default=1)
    closed = [ended_for_good(r) if i < reached else r for i, r in enumerate(records[:count])]
    if _is_initialized(template, records):
        return closed + [ended_for_good(record) for record in records[count:]]
    return closed + list(records[count:])


def _is_initialized(template: PodTemplate, records: Sequence[ContainerRecord]) -> bool:
    if not template.has_init or any_main_ran(template, records):
        return True
    last = template.init_count - 1
    return is_ready(template.containers[last], records[last].state)


def _start_due(look: _Look) -> None:
    for index, container in enumerate(look.template.containers):
        record = look.records[index]
        if container.role is Role.MAIN:
            _start_or_wait(look, index)
        elif container.role is Role.SIDECAR:
            _start_or_wait(look, index)
            if not (isinstance(record.state, Running) or any_main_ran(look.template, look.records)):
                return
        elif not (isinstance(record.state, Terminated) and record.state.exit_code == 0):
            _start_or_wait(look, index)
            return


def _start_or_wait(look: _Look, index: int) -> None:
    container, record = look.template.containers[index], look.records[index]
    if record.is_alive:
        return
    if isinstance(record.state, Terminated):
        if not container.restarts_after(record.state.exit_code):
            return
        may_start = crash_loop.may_start_at(record.crash_loop, record.state.finished_at)
        if may_start > look.now:
            record = _back_off(look, index, may_start)
        else:
            record = replace(record, not_before=may_start)
    if record.not_before > look.now:
        look.records[index] = record
        look.wake(record.not_before)
        return
    look.instructions.append(StartContainer(index, record.next_attempt))
    look.records[index] = _requested(record, look.now)


def _back_off(look: _Look, index: int, may_start: float) -> ContainerRecord:
    container, record = look.template.containers[index], look.records[index]
    assert record.crash_loop is not None, "without a back-off it may start at once"
    delay = crash_loop.render_delay(record.crash_loop.delay)
    pod = look.facts.described
    look.instructions.append(
        RecordEvent(
            "Warning",
            "BackOff",
            f"Back-off restarting failed container {container.name} in pod {pod}",
            container.field_path,
        )
    )
    message = f"back-off {delay} restarting failed container={container.name} pod={pod}"
    return waiting(record, Waiting(CRASH_LOOP_BACK_OFF, message), may_start)


def _requested(record: ContainerRecord, now: float) -> ContainerRecord:
    end = record.previous_end
    loop = record.crash_loop
    if end is not None:
        loop = crash_loop.raised(loop, end.finished_at, now)
    return ContainerRecord(
        record.state, record.last, record.restart_count, requested=True, crash_loop=loop
    )
