"""One pod on this node: takes what is decided about it, and performs it.

A turn reads the pod as the store has it, decides (lifecycle.py), records events, writes the status
once, and signals. What must not happen before that write is committed waits for it: starting a
container, and letting the runtime forget one that ended. The runner says when it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import assert_never

from msgspec.structs import replace

from localjobs.api.objects import Object
from localjobs.clock import Timer
from localjobs.kubelet import answers, processes
from localjobs.kubelet.answers import Answer, Asked, call_of
from localjobs.kubelet.commit_gate import CommitGate, is_like
from localjobs.kubelet.container_ids import ContainerId
from localjobs.kubelet.container_start import NoCommand
from localjobs.kubelet.container_status import (
    CONTAINER_CREATING,
    CRASH_LOOP_BACK_OFF,
    ContainerRecord,
    Running,
    Terminated,
    Waiting,
    waiting,
)
from localjobs.kubelet.environment import CannotStart
from localjobs.kubelet.instructions import (
    ForgetContainer,
    Instruction,
    KillContainer,
    RecordEvent,
    RunHook,
    RunProbe,
    SignalContainer,
    StartContainer,
)
from localjobs.kubelet.lifecycle import PodRecord, Step, advance
from localjobs.kubelet.pod_status import Outlook, pod_status, records_of
from localjobs.kubelet.pod_template import ContainerTemplate, PodTemplate
from localjobs.kubelet.pod_volumes import PodVolumes
from localjobs.kubelet.reports import observe
from localjobs.kubelet.runtime import ContainerEvent, Lost, Started, StartFailed
from localjobs.kubelet.termination import PodFacts
from localjobs.kubelet.workshop import Workshop

RETRY_SECONDS = 10.0
"""How long after a failure to prepare a container it is tried again (backOffPeriod upstream)."""


class PodWorker:
    """Runs one pod."""

    __slots__ = (
        "_finished",
        "_gate",
        "_is_over",
        "_pids",
        "_record",
        "_shop",
        "_template",
        "_timer",
        "_unconfirmed",
        "_volumes",
        "_wake_at",
        "is_gone",
        "pod",
    )

    def __init__(
        self,
        shop: Workshop,
        template: PodTemplate,
        pod: Object,
        finished: Callable[[PodWorker], None],
    ) -> None:
        """`finished` is called when all of it is over, on record, and forgotten by the runtime."""
        self._shop = shop
        self._finished = finished
        self._template = template
        self.pod = pod
        self._record = PodRecord(records_of(template, pod))
        self._timer: Timer | None = None
        self._wake_at: float | None = None
        self._is_over = False
        self._pids: dict[str, int] = {}
        self._volumes = PodVolumes(shop, is_needed=template.has_volumes)
        self._unconfirmed = {
            record.state.container_id
            for record in self._record.containers
            if isinstance(record.state, Running)
        }
        self._gate = CommitGate(int(pod["metadata"]["resourceVersion"]), shop.committed_version)
        self.is_gone = False
        """The pod is no longer in the store; what runs of it is to end."""

    @property
    def uid(self) -> str:
        """The pod's uid."""
        uid: str = self.pod["metadata"]["uid"]
        return uid

    @property
    def has_processes(self) -> bool:
        """Whether anything of the pod runs, or may be about to."""
        return any(record.is_alive for record in self._record.containers)

    @property
    def follows_objects(self) -> bool:
        """Whether a container waits for an object, or sees one in a volume."""
        return bool(self._volumes.made) or self._is_refused

    @property
    def _is_refused(self) -> bool:
        return any(_was_refused(record) for record in self._record.containers)

    @property
    def uses_files(self) -> bool:
        """Whether the pod has a folder of its own."""
        return self._template.uses_files

    # -- what happens to it

    def observe(self, name: ContainerId, event: ContainerEvent) -> None:
        """Take the runtime's word about one of the containers; `turn` acts on it."""
        self._unconfirmed.discard(event.container_id)
        if isinstance(event, Started):
            self._pids[event.container_id] = event.pid
        index = self._template.index_of(name.container)
        if index is None:
            self._gate.forget(event.container_id)
            return
        container = self._template.containers[index]
        record = self._record.containers[index]
        seen = observe(container, record, name.attempt, event)
        if seen.is_stale:
            self._gate.forget(event.container_id)
            return
        after = seen.record
        if isinstance(after.state, Terminated) and not isinstance(event, Started | StartFailed):
            words = self._shop.last_words(self.pod, container, name.attempt, after.state.exit_code)
            if words:
                after = replace(after, state=replace(after.state, message=words))
        self._replace(index, after)
        if seen.is_lost:
            self._record = replace(self._record, is_lost=True)
        if not isinstance(event, Started):
            self._gate.forget(event.container_id)
        if seen.event is not None and not self.is_gone:
            self._shop.record(self.pod, seen.event)

    def lost(self) -> None:
        """The runtime has told all it knows: what ran and it does not know is lost."""
        now = self._shop.clock.now()
        for container_id in sorted(self._unconfirmed):
            name = ContainerId.parse(container_id)
            if name is not None:
                self.observe(name, Lost(container_id, now))
        if self._record.is_lost:
            self.turn()

    def retry(self) -> None:
        """Something changed that containers wait for, or see in volumes: take it up at once."""
        if self._volumes.made:
            self._volumes.make(self.pod)
        if not self._is_refused:
            return
        records = [
            replace(record, not_before=0.0) if _was_refused(record) else record
            for record in self._record.containers
        ]
        self._record = replace(self._record, containers=tuple(records))
        self.turn()

    def committed(self, pod: Object) -> None:
        """The pod as it was written so is durable."""
        by_somebody_else = self._gate.committed(int(pod["metadata"]["resourceVersion"]))
        if by_somebody_else and not is_like(pod, self.pod):
            self.turn()
        else:
            self._pass_gate()

    def gone(self, last: Object) -> None:
        """The pod was removed from the store, durably: end what runs of it."""
        self.is_gone = True
        self.pod = last
        self._gate.removed()
        self._cancel_starts()
        self.turn()

    def kill(self) -> None:
        """End what runs without waiting any longer."""
        for record in self._record.containers:
            if record.process is not None:
                self._shop.runtime.kill(record.process.container_id)

    def close(self) -> None:
        """Do nothing more; what runs goes on."""
        self._set_timer(None)

    # -- a turn

    def turn(self, pod: Object | None = None) -> None:
        """Decide, and perform. `pod`: as it is to be written, if not as the store has it.

        If that fails nothing was decided: the next turn decides again.
        """
        before, held = self._record, self._gate.held
        try:
            self._turn(pod)
        except BaseException:
            self._record = before
            self._gate.drop_starts(held)
            raise

    def _turn(self, to_write: Object | None) -> None:
        pod = to_write
        if pod is None:
            pod = self.pod if self.is_gone else self._shop.current(self.pod)
        if pod is None:
            return  # its removal is yet to be committed, and reported
        now = self._shop.clock.now()
        facts = self._facts(pod)
        if self._gate.held and facts.is_deleting:
            self._cancel_starts()
        step = self._advance(pod, facts, now)
        self._is_over = step.is_over
        if not self.is_gone:
            self._write(pod, step, now, is_changed=to_write is not None)
        self._set_timer(step.wake_at)
        self._pass_gate()

    def _facts(self, pod: Object) -> PodFacts:
        facts = PodFacts.of(pod)
        # Upstream ends what runs of a pod that was deleted by force with the shortest grace.
        return replace(facts, is_deleting=True, grace=0.0) if self.is_gone else facts

    def _advance(self, pod: Object, facts: PodFacts, now: float) -> Step:
        while True:
            step = advance(self._template, facts, self._record, now)
            self._record = step.record
            decided_again = False
            for instruction in step.instructions:
                if isinstance(instruction, StartContainer):
                    decided_again |= self._prepare(pod, instruction, now)
                else:
                    self._perform(pod, instruction)
            if not decided_again:
                return step

    def _perform(self, pod: Object, instruction: Instruction) -> None:
        match instruction:
            case RecordEvent():
                if not self.is_gone:
                    self._shop.record(pod, instruction)
            case SignalContainer():
                self._signal(instruction)
            case KillContainer():
                self._shop.runtime.kill(instruction.container_id)
            case ForgetContainer():
                self._gate.forget(instruction.container_id)
            case RunProbe() | RunHook():
                self._ask(pod, instruction)
            case StartContainer():
                raise AssertionError("starts are prepared, not performed")
            case _:
                assert_never(instruction)

    def _ask(self, pod: Object, asked: Asked) -> None:
        container = self._template.containers[asked.index]
        self._shop.handlers.run(call_of(container, asked), partial(self._answered, pod, asked))

    def _answered(self, pod: Object, asked: Asked, answer: Answer) -> None:
        container = self._template.containers[asked.index]
        record = self._record.containers[asked.index]
        event = answers.event_of(container, asked, answer)
        if event is not None and (isinstance(asked, RunHook) or answers.is_expected(record, asked)):
            self._shop.record(pod, event)
        after = answers.answered(container, record, asked, answer, self._shop.clock.now())
        if after is not record:
            self._replace(asked.index, after)
            self.turn()

    def _signal(self, instruction: SignalContainer) -> None:
        container_id = instruction.container_id
        shim = getattr(self._shop.runtime, "shim_pid", 0)
        pid = self._pids.get(container_id, 0)
        if shim and not processes.heeds(pid, shim, instruction.signal):
            self._shop.runtime.kill(container_id)
        else:
            self._shop.runtime.signal(container_id, instruction.signal)

    def _prepare(self, pod: Object, instruction: StartContainer, now: float) -> bool:
        """Get a container ready to start; whether that failed, so that all is to be looked at."""
        if not self._volumes.are_made and not self._volumes.make(pod):
            record = self._record.containers[instruction.index]
            state = record.state
            state = state if isinstance(state, Waiting) else Waiting(CONTAINER_CREATING)
            self._replace(instruction.index, waiting(record, state, now + RETRY_SECONDS))
            return True
        container = self._template.containers[instruction.index]
        name = ContainerId(self.uid, container.name, instruction.attempt)
        self._tell(pod, container, "Pulled", _PULLED.format(container.image))
        try:
            start = self._shop.prepare(pod, container, instruction.attempt, self._volumes.made)
        except CannotStart as failure:
            record = self._record.containers[instruction.index]
            state = Waiting(failure.reason, failure.message)
            self._replace(instruction.index, waiting(record, state, now + RETRY_SECONDS))
            message = f"Error: {failure.message}"
            event = RecordEvent("Warning", "Failed", message, container.field_path)
            self._shop.record(pod, event)
            return True
        except NoCommand as failure:
            self.observe(name, StartFailed(str(name), str(failure), now))
            return True
        self._tell(pod, container, "Created", "Container created")
        self._gate.start(start)
        return False

    def _tell(self, pod: Object, container: ContainerTemplate, reason: str, message: str) -> None:
        self._shop.record(pod, RecordEvent("Normal", reason, message, container.field_path))

    def _write(self, pod: Object, step: Step, now: float, is_changed: bool) -> None:
        has_sandbox = self._volumes.are_made or any(
            record.next_attempt for record in self._record.containers
        )
        outlook = Outlook(now, self._shop.host_ip, step.is_over, has_sandbox)
        status = pod_status(self._template, pod, self._record, outlook)
        if not is_changed and status == pod.get("status"):
            return
        written = self._shop.put({**pod, "status": status})
        if written is not None:
            self.pod = written
            self._gate.wrote(int(written["metadata"]["resourceVersion"]))
        else:
            self._gate.wrote(None)

    # -- what waits for the commit

    def _pass_gate(self) -> None:
        if not self._gate.open(self._shop.runtime):
            return
        if self._is_over and not self.has_processes:
            self.close()
            self._finished(self)

    def _cancel_starts(self) -> None:
        """Starts that the runtime has not heard of do not happen."""
        cancelled = self._gate.drop_starts()
        records = [
            replace(record, requested=False)
            if str(ContainerId(self.uid, container.name, record.next_attempt)) in cancelled
            else record
            for container, record in zip(
                self._template.containers, self._record.containers, strict=True
            )
        ]
        self._record = replace(self._record, containers=tuple(records))

    def _replace(self, index: int, record: ContainerRecord) -> None:
        known = self._record
        records = known.containers
        changed = (*records[:index], record, *records[index + 1 :])
        self._record = PodRecord(changed, known.stop, known.is_lost)

    # -- time

    def _set_timer(self, at: float | None) -> None:
        if at == self._wake_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._wake_at = at
        self._timer = None if at is None else self._shop.clock.call_at(at, self._woken)

    def _woken(self) -> None:
        self._timer = self._wake_at = None
        self.turn()


_PULLED = 'Container image "{}" already present on machine and can be accessed by the pod'


def _was_refused(record: ContainerRecord) -> bool:
    """Whether it could not be prepared, and waits to be tried again."""
    state = record.state
    return (
        isinstance(state, Waiting) and record.not_before > 0 and state.reason != CRASH_LOOP_BACK_OFF
    )
