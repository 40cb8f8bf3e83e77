"""Probes and hooks as attempts of handlers, and what becomes of a container once one is answered.

Upstream: pkg/kubelet/prober/prober.go and pkg/kubelet/lifecycle/handlers.go.
"""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localjobs.api.objects import Object
from localjobs.kubelet import probes
from localjobs.kubelet.container_status import ContainerRecord, Hook, Running, running
from localjobs.kubelet.instructions import RecordEvent, RunHook, RunProbe
from localjobs.kubelet.pod_template import ContainerTemplate

Asked: TypeAlias = RunProbe | RunHook


class Verdict(Enum):
    """How a handler's attempt ended."""

    SUCCESS = "success"
    WARNING = "warning"
    """A success that somebody should look at."""
    FAILURE = "failure"
    UNKNOWN = "unknown"
    """It could not be tried: nobody knows."""


class Call(Struct, frozen=True):
    """One attempt of a handler."""

    handler: Object
    """A ProbeHandler or LifecycleHandler."""
    container_id: str
    ports: tuple[Object, ...] = ()
    """The container's, for those that are called by name."""
    timeout: float | None = None
    """In seconds; None for a hook, which may take as long as it likes."""

    @property
    def is_probe(self) -> bool:
        """Whether it is a probe's attempt, not a hook's."""
        return self.timeout is not None


class Answer(Struct, frozen=True):
    """How an attempt ended, and what is to be said of it."""

    verdict: Verdict
    output: str = ""


def call_of(container: ContainerTemplate, asked: Asked) -> Call:
    """The attempt that is asked for."""
    ports = tuple(container.spec.get("ports") or ())
    if isinstance(asked, RunProbe):
        probe = container.probes[asked.place]
        return Call(probe.handler, asked.container_id, ports, probe.timeout)
    hook = container.post_start if asked.hook == "postStart" else container.pre_stop
    assert hook is not None, "the container has no such hook"
    return Call(hook, asked.container_id, ports)


def is_expected(record: ContainerRecord, asked: Asked) -> bool:
    """Whether the container still runs that was asked about."""
    return record.process is not None and record.process.container_id == asked.container_id


def event_of(container: ContainerTemplate, asked: Asked, answer: Answer) -> RecordEvent | None:
    """The event that tells of the answer, if there is something to tell."""
    if isinstance(asked, RunHook):
        if answer.verdict is Verdict.SUCCESS:
            return None
        # What a hook says is kept out of events: it may be secret.
        name = "PostStart" if asked.hook == "postStart" else "PreStop"
        return RecordEvent(
            "Warning", f"Failed{name}Hook", f"{name}Hook failed", container.field_path
        )
    kind = container.probes[asked.place].kind.value
    match answer.verdict:
        case Verdict.SUCCESS:
            return None
        case Verdict.WARNING:
            reason, message = "ProbeWarning", f"{kind} probe warning: {answer.output}"
        case Verdict.FAILURE:
            reason, message = "Unhealthy", f"{kind} probe failed: {answer.output}"
        case Verdict.UNKNOWN:
            reason = "Unhealthy"
            message = f"{kind} probe errored and resulted in unknown state: {answer.output}"
    return RecordEvent("Warning", reason, message, container.field_path)


def answered(
    container: ContainerTemplate, record: ContainerRecord, asked: Asked, answer: Answer, now: float
) -> ContainerRecord:
    """The container's record once it is known; the same one if it is somebody else's by now."""
    if not is_expected(record, asked):
        return record
    if isinstance(asked, RunProbe):
        return _probed(container, record, asked, answer, now)
    if asked.hook == "postStart":
        return _post_started(container, record, answer)
    if record.stopping is None:
        return record
    return replace(record, stopping=replace(record.stopping, is_hooking=False))


def _probed(
    container: ContainerTemplate,
    record: ContainerRecord,
    asked: RunProbe,
    answer: Answer,
    now: float,
) -> ContainerRecord:
    if not isinstance(record.state, Running):
        return record
    verdict = None if answer.verdict is Verdict.UNKNOWN else answer.verdict is not Verdict.FAILURE
    times = (record.state.started_at, now)
    progress = probes.answered(container.probes, record.progress, asked.place, verdict, times)
    return replace(record, progress=progress)


def _post_started(
    container: ContainerTemplate, record: ContainerRecord, answer: Answer
) -> ContainerRecord:
    begun = record.begun
    if begun is None:
        return record
    if answer.verdict is not Verdict.SUCCESS:
        return replace(record, begun=replace(begun, hook=Hook.FAILED))
    if record.stopping is not None:
        return record  # it is being stopped meanwhile, and never said to have run
    return running(container, record, record.next_attempt, begun.process)
