"""One container's state: what is known of it, how reports change it, how the API shows it.

Upstream: convertToAPIContainerStatuses in pkg/kubelet/kubelet_pods.go and
UpdatePodStatus in pkg/kubelet/prober/prober_manager.go.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.kubelet import probes
from localjobs.kubelet.crash_loop import CrashLoop
from localjobs.kubelet.pod_template import ContainerTemplate, Role
from localjobs.kubelet.probes import Progress

CONTAINER_ID_SCHEME = "localjobs://"
SIGNAL_BASE = 128
KILLED = 137
START_ERROR_CODE = 128

CONTAINER_CREATING = "ContainerCreating"
POD_INITIALIZING = "PodInitializing"
CRASH_LOOP_BACK_OFF = "CrashLoopBackOff"
STATUS_UNKNOWN = "ContainerStatusUnknown"
STATUS_UNKNOWN_MESSAGE = "The container could not be located when the pod was terminated"


class Waiting(Struct, frozen=True):
    """Not running, and to be started; the reason says what it waits for."""

    reason: str
    message: str = ""


class Running(Struct, frozen=True):
    """A process runs."""

    started_at: float
    container_id: str


class Terminated(Struct, frozen=True):
    """The process ended so; `container_id` is "" if there never was one."""

    exit_code: int
    reason: str
    started_at: float
    finished_at: float
    container_id: str = ""
    message: str = ""


State: TypeAlias = Waiting | Running | Terminated


class Stopping(Struct, frozen=True):
    """The container is being stopped since `since`, and is killed at `kill_at`."""

    since: float
    kill_at: float
    is_hooking: bool = False
    """Its preStop hook runs."""
    signalled_at: float | None = None
    killed: bool = False
    restarts: bool = False
    """It is to be started again, however it ends."""


class Hook(Enum):
    """How far a postStart hook has come."""

    DUE = "due"
    UNDER_WAY = "under way"
    FAILED = "failed"


class Begun(Struct, frozen=True):
    """A process runs, but is not said to before its postStart hook is done."""

    process: Running
    hook: Hook = Hook.DUE


class ContainerRecord(Struct, frozen=True):
    """What is known of one container of a pod."""

    state: State
    last: Terminated | None = None
    """How the run before the current state ended."""
    restart_count: int = 0
    requested: bool = False
    """A start of the next attempt was asked for and not answered yet."""
    not_before: float = 0.0
    """While it waits: it is not started earlier."""
    crash_loop: CrashLoop | None = None
    stopping: Stopping | None = None
    begun: Begun | None = None
    progress: tuple[Progress, ...] = ()
    """Of its probes, while it runs."""
    must_restart: bool = False
    """It was stopped to be started again."""

    @property
    def process(self) -> Running | None:
        """Its process, if one runs."""
        if self.begun is not None:
            return self.begun.process
        return self.state if isinstance(self.state, Running) else None

    @property
    def next_attempt(self) -> int:
        """The number that the next start bears: 0, or one more than the last start's."""
        ran = self.last is not None or not isinstance(self.state, Waiting)
        return self.restart_count + 1 if ran else 0

    @property
    def is_alive(self) -> bool:
        """Whether a process runs, or may come to run without being asked for again."""
        return self.requested or isinstance(self.state, Running)

    @property
    def previous_end(self) -> Terminated | None:
        """The end that the next run has behind it."""
        return self.state if isinstance(self.state, Terminated) else self.last


_CREATING = ContainerRecord(Waiting(CONTAINER_CREATING))
_INITIALIZING = ContainerRecord(Waiting(POD_INITIALIZING))


def initial(has_init: bool) -> ContainerRecord:
    """The record of a container that nothing was done for yet."""
    return _INITIALIZING if has_init else _CREATING


def is_started(container: ContainerTemplate, record: ContainerRecord) -> bool:
    """`started`: it runs, and its startup probe has succeeded."""
    if not isinstance(record.state, Running):
        return False
    return not container.probes or probes.is_started(container.probes, record.progress)


def is_ready(container: ContainerTemplate, record: ContainerRecord) -> bool:
    """`ready`: an init container has succeeded; another runs, and its probes say so."""
    state = record.state
    if container.role is Role.INIT:
        return isinstance(state, Terminated) and state.exit_code == 0
    if not isinstance(state, Running):
        return False
    return not container.probes or probes.is_ready(container.probes, record.progress)


def running(
    container: ContainerTemplate, record: ContainerRecord, attempt: int, started: Running
) -> ContainerRecord:
    """The record once that attempt runs."""
    return ContainerRecord(
        started,
        record.previous_end,
        attempt,
        crash_loop=record.crash_loop,
        progress=probes.begun(container.probes, started.started_at) if container.probes else (),
    )


def terminated(record: ContainerRecord, attempt: int, end: Terminated) -> ContainerRecord:
    """The record once that attempt has ended."""
    return ContainerRecord(
        end,
        _before(record, attempt),
        attempt,
        crash_loop=record.crash_loop,
        must_restart=record.stopping is not None and record.stopping.restarts,
    )


def waiting(record: ContainerRecord, state: Waiting, not_before: float) -> ContainerRecord:
    """The record of a container that cannot start before then, for that reason."""
    return replace(
        record,
        state=state,
        last=record.previous_end,
        requested=False,
        not_before=not_before,
    )


def ended_for_good(record: ContainerRecord) -> ContainerRecord:
    """The record of a container whose pod is over.

    One that waited for a restart shows its last end; one that never ran, that nobody knows
    (TerminatePod in pkg/kubelet/status/status_manager.go).
    """
    if isinstance(record.state, Terminated):
        return record
    if record.last is not None:
        return replace(record, state=record.last, last=None, requested=False)
    return replace(record, state=_UNKNOWN, requested=False)


_UNKNOWN = Terminated(KILLED, STATUS_UNKNOWN, 0.0, 0.0, "", STATUS_UNKNOWN_MESSAGE)


def _before(record: ContainerRecord, attempt: int) -> Terminated | None:
    if record.restart_count == attempt and isinstance(record.state, Running):
        return record.last
    return record.previous_end


# -- the API's form

_NO_STATE: Object = {}
_WAITING: dict[Waiting, Object] = {
    state: {"waiting": {"reason": state.reason}}
    for state in (Waiting(CONTAINER_CREATING), Waiting(POD_INITIALIZING))
}


def render_state(state: State) -> Object:
    """`state` or `lastState` of a container status."""
    if isinstance(state, Terminated):
        return {"terminated": _render_end(state)}
    if isinstance(state, Running):
        return {"running": {"startedAt": timestamps.render(state.started_at)}}
    shared = _WAITING.get(state)
    if shared is not None:
        return shared
    message = {"message": state.message} if state.message else {}
    return {"waiting": {**message, "reason": state.reason}}


def _render_end(end: Terminated) -> Object:
    rendered: Object = {"exitCode": end.exit_code}
    if end.reason:
        rendered["reason"] = end.reason
    if end.message:
        rendered["message"] = end.message
    rendered["startedAt"] = timestamps.render(end.started_at) if end.started_at else None
    rendered["finishedAt"] = timestamps.render(end.finished_at) if end.finished_at else None
    if end.container_id:
        rendered["containerID"] = CONTAINER_ID_SCHEME + end.container_id
    return rendered


def render(container: ContainerTemplate, record: ContainerRecord) -> Object:
    """The container's entry in the pod's status."""
    state = record.state
    is_running = isinstance(state, Running)
    rendered: Object = {
        "name": container.name,
        "state": render_state(state),
        "lastState": render_state(record.last) if record.last is not None else _NO_STATE,
        "ready": is_ready(container, record),
        "restartCount": record.restart_count,
        "image": container.image,
        "imageID": "",
        "started": is_started(container, record),
    }
    container_id = _shown_id(record)
    if container_id:
        rendered["imageID"] = container.image
        rendered["containerID"] = CONTAINER_ID_SCHEME + container_id
    if is_running and container.spec.get("resources"):
        rendered["resources"] = container.spec["resources"]
    return rendered


def _shown_id(record: ContainerRecord) -> str:
    if not isinstance(record.state, Waiting):
        return record.state.container_id
    return record.last.container_id if record.last is not None else ""


def parse(container: ContainerTemplate, rendered: Object) -> ContainerRecord:
    """The record that an entry of a stored pod status tells of: the inverse of `render`."""
    last = rendered.get("lastState") or {}
    previous = _parse_end(last["terminated"]) if last.get("terminated") else None
    restarts = rendered.get("restartCount") or 0
    state = _parse_state(rendered)
    end = state if isinstance(state, Terminated) else previous
    loop = CrashLoop.after_restarts(restarts, end.finished_at) if end is not None else None
    record = ContainerRecord(state, previous, restarts, crash_loop=loop)
    if isinstance(state, Waiting) and state.reason == CRASH_LOOP_BACK_OFF and end and loop:
        return replace(record, not_before=end.finished_at + loop.delay)
    if isinstance(state, Running) and container.probes:
        progress = probes.begun(
            container.probes,
            state.started_at,
            was_started=bool(rendered.get("started")),
            was_ready=bool(rendered.get("ready")),
        )
        return replace(record, progress=progress)
    return record


def _parse_state(rendered: Object) -> State:
    state = rendered.get("state") or {}
    if state.get("terminated"):
        return _parse_end(state["terminated"])
    if state.get("running"):
        return Running(_time(state["running"].get("startedAt")), _id(rendered))
    why = state.get("waiting") or {}
    return Waiting(why.get("reason") or CONTAINER_CREATING, why.get("message") or "")


def _parse_end(end: Object) -> Terminated:
    return Terminated(
        end.get("exitCode") or 0,
        end.get("reason") or "",
        _time(end.get("startedAt")),
        _time(end.get("finishedAt")),
        _id(end),
        end.get("message") or "",
    )


def _id(holder: Object) -> str:
    text: str = holder.get("containerID") or ""
    return text.removeprefix(CONTAINER_ID_SCHEME)


def _time(text: Any) -> float:
    return timestamps.parse(text) if text else 0.0
