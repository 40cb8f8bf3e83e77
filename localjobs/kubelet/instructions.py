"""What the decisions about a pod ask for, as data; the runner performs it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct


class StartContainer(Struct, frozen=True):
    """Start the container at that place of the template, as that attempt."""

    index: int
    attempt: int


class RunProbe(Struct, frozen=True):
    """Make the probe at that place of the container's probes."""

    index: int
    place: int
    container_id: str


class RunHook(Struct, frozen=True):
    """Run a lifecycle hook of the container."""

    index: int
    hook: Literal["postStart", "preStop"]
    container_id: str


class SignalContainer(Struct, frozen=True):
    """Signal the container's process group."""

    container_id: str
    signal: int


class KillContainer(Struct, frozen=True):
    """SIGKILL every process of the container."""

    container_id: str


class ForgetContainer(Struct, frozen=True):
    """Its end is in the pod's status: once that is committed, the runtime may forget it."""

    container_id: str


class RecordEvent(Struct, frozen=True):
    """Record an event about the pod, or about one container of it."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    field_path: str | None = None


Instruction: TypeAlias = (
    StartContainer
    | SignalContainer
    | KillContainer
    | ForgetContainer
    | RecordEvent
    | RunProbe
    | RunHook
)
