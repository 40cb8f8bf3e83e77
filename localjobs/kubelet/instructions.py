"""What the decisions about a pod ask for, as data; the runner performs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True, slots=True)
class StartContainer:
    """Start the container at that place of the template, as that attempt."""

    index: int
    attempt: int


@dataclass(frozen=True, slots=True)
class SignalContainer:
    """Signal the container's process group."""

    container_id: str
    signal: int


@dataclass(frozen=True, slots=True)
class KillContainer:
    """SIGKILL every process of the container."""

    container_id: str


@dataclass(frozen=True, slots=True)
class ForgetContainer:
    """Its end is in the pod's status: once that is committed, the runtime may forget it."""

    container_id: str


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """Record an event about the pod, or about one container of it."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    field_path: str | None = None


Instruction: TypeAlias = (
    StartContainer | SignalContainer | KillContainer | ForgetContainer | RecordEvent
)
