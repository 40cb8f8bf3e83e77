"""What to do next with a pod on this node: the law of its containers.

A pod runs its init containers one after the other (a sidecar counts as done once it runs), then
all the others at once. It is over when every main container has ended for good, when an init
container has failed for good, or when it is stopped: deleted, past its deadline, or ended by
somebody else's word. In that order of evaluation, at every look:

 1. the probes that are due (probes.py)
 2. a reason to stop, if there is none yet (termination.py)
 3. stopped: end what runs, main containers first, then sidecars from last to first
 4. the work is done, or cannot be: end the sidecars
 5. otherwise stop what is not healthy, and start what is due, in the template's order

Nothing is started after a stop; a pod that is over stays over.
Upstream: computePodActions in pkg/kubelet/kuberuntime/kuberuntime_manager.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from localjobs.kubelet import crash_loop, probes, termination
from localjobs.kubelet.container_status import (
    CRASH_LOOP_BACK_OFF,
    ContainerRecord,
    Hook,
    Running,
    Terminated,
    Waiting,
    ended_for_good,
    is_ready,
    is_started,
    waiting,
)
from localjobs.kubelet.instructions import (
    Instruction,
    RecordEvent,
    RunHook,
    RunProbe,
    StartContainer,
)
from localjobs.kubelet.phase import any_main_ran
from localjobs.kubelet.pod_template import ContainerTemplate, PodTemplate, Role
from localjobs.kubelet.termination import Order, PodFacts, Stop


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
    unhealthy = _probe(look, record) if template.has_probes else ()
    stop = termination.stop_of(facts, record.stop, now)
    if stop is not None and record.stop is None and stop.reason:
        look.instructions.append(RecordEvent("Normal", stop.reason, stop.message))
    if stop is not None or record.is_lost:
        grace = stop.grace if stop is not None else facts.grace
        is_over = _stop_all(look, grace)
    elif _work_is_over(template, look.records) or _leave_nothing(look, unhealthy):
        is_over = _stop_all(look, facts.grace)
    else:
        is_over = False
        _stop_unhealthy(look, unhealthy)
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
        record.requested or record.must_restart or container.restarts_after(state.exit_code)
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
    containers = look.template.containers
    alive = [i for i, record in enumerate(look.records) if record.is_alive]
    main = [i for i in alive if containers[i].role is not Role.SIDECAR]
    first = main or alive[-1:]
    for index in alive:
        _stop_one(look, index, Order(grace, may_signal=index in first))
    return not alive


def _stop_one(look: _Look, index: int, order: Order) -> None:
    container, record = look.template.containers[index], look.records[index]
    if record.process is None:
        return  # asked to start, not there yet: it is stopped once it is
    step = termination.stop_container(container, record.process, record.stopping, order, look.now)
    look.records[index] = replace(record, stopping=step.stopping)
    look.instructions.extend(step.instructions)
    if step.is_hook_due:
        look.instructions.append(RunHook(index, "preStop", record.process.container_id))
    if step.wake_at is not None:
        look.wake(step.wake_at)


def _probe(look: _Look, before: PodRecord) -> tuple[int, ...]:
    """Make the probes that are due; the containers that are to be killed for theirs."""
    is_stopping = before.stop is not None or look.facts.is_deleting
    unhealthy = []
    for index, container in enumerate(look.template.containers):
        record = look.records[index]
        if not (container.probes and isinstance(record.state, Running)):
            continue
        probing = probes.look(
            container.probes,
            record.progress,
            record.state.started_at,
            look.now,
            is_stopping=is_stopping or record.stopping is not None,
        )
        look.records[index] = replace(record, progress=probing.progress)
        name = record.state.container_id
        look.instructions.extend(RunProbe(index, place, name) for place in probing.due)
        if probing.wake_at is not None:
            look.wake(probing.wake_at)
        if probes.failed(container.probes, record.progress) is not None:
            unhealthy.append(index)
    return tuple(unhealthy)


def _leave_nothing(look: _Look, unhealthy: Sequence[int]) -> bool:
    """Whether all that is not over is unhealthy and not restarted: the pod ends with it."""
    mains = range(look.template.init_count, len(look.records))
    return bool(unhealthy) and all(
        _ended_for_good(look.template.containers[i], look.records[i])
        or (i in unhealthy and look.template.containers[i].restart_policy == "Never")
        for i in mains
    )


def _stop_unhealthy(look: _Look, unhealthy: Sequence[int]) -> None:
    """Stop the containers whose probes ask for it, and those whose postStart hook has failed."""
    for index in unhealthy:
        container = look.template.containers[index]
        probe = probes.failed(container.probes, look.records[index].progress)
        assert probe is not None, "it is unhealthy for a probe"
        kind = "Container" if container.role is Role.MAIN else "Init container"
        restarts = container.restart_policy != "Never"
        message = f"{kind} {container.name} failed {probe.kind.value.lower()} probe"
        if restarts and container.role is Role.MAIN:
            message += ", will be restarted"
        grace = look.facts.grace if probe.grace is None else probe.grace
        _stop_one(look, index, Order(grace, message, restarts=restarts))
    for index, record in enumerate(look.records):
        if record.begun is None:
            continue
        if record.begun.hook is Hook.DUE:
            name = record.begun.process.container_id
            look.instructions.append(RunHook(index, "postStart", name))
            begun = replace(record.begun, hook=Hook.UNDER_WAY)
            look.records[index] = replace(record, begun=begun)
        elif record.begun.hook is Hook.FAILED:
            _stop_one(look, index, Order(look.facts.grace, "FailedPostStartHook"))


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
    return is_ready(template.containers[last], records[last])


def _start_due(look: _Look) -> None:
    for index, container in enumerate(look.template.containers):
        record = look.records[index]
        if container.role is Role.MAIN:
            _start_or_wait(look, index)
        elif container.role is Role.SIDECAR:
            _start_or_wait(look, index)
            if not (is_started(container, record) or any_main_ran(look.template, look.records)):
                return
        elif not (isinstance(record.state, Terminated) and record.state.exit_code == 0):
            _start_or_wait(look, index)
            return
        if container.post_start is not None and look.records[index].requested:
            return  # the others wait for its hook


def _start_or_wait(look: _Look, index: int) -> None:
    container, record = look.template.containers[index], look.records[index]
    if record.is_alive:
        return
    if isinstance(record.state, Terminated):
        if not (record.must_restart or container.restarts_after(record.state.exit_code)):
            return
        may_start = _may_start_at(record, record.state, look.now)
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


def _may_start_at(record: ContainerRecord, end: Terminated, now: float) -> float:
    """When a container that ended may start again.

    What was stopped to be restarted is restarted at once, if the end before that is long enough
    ago: upstream decides it before it stops it.
    """
    if record.must_restart and record.last is not None:
        earlier = crash_loop.may_start_at(record.crash_loop, record.last.finished_at)
        if earlier <= now:
            return end.finished_at
    return crash_loop.may_start_at(record.crash_loop, end.finished_at)


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
