"""The Runtime: what the kubelet asks of whatever owns the containers' processes.

Two implementations: the shim's client (real processes) and the tests' fake. Calls return at
once; what came of them is reported to the listener, in batches, in order. A container's
`container_id` names one start for ever: starting the same id again is no second start, the runtime
reports what became of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from msgspec import Struct


class Mount(Struct, frozen=True):
    """A path of the container's private view: `source` on the machine seen at `target`."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Start:
    """One process to start. `environment` never appears in a repr: it may hold secrets."""

    container_id: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)
    working_directory: str
    log_path: str
    """The CRI log file: `<RFC 3339 nano> stdout|stderr F|P <text>` per line."""
    mounts: tuple[Mount, ...] = ()
    user: int | None = None
    group: int | None = None
    memory_limit: int | None = None
    """Bytes that its processes may hold together; they are killed for more."""


class Started(Struct, frozen=True):
    """The process runs since `at` (seconds since the epoch)."""

    container_id: str
    pid: int
    at: float


class StartFailed(Struct, frozen=True):
    """No process came to be: the command is missing, not executable, ..."""

    container_id: str
    message: str
    at: float


class Exited(Struct, frozen=True):
    """The process ended, and its log is complete on disk.

    Exactly one of `exit_code` (0-255) and `signal` is set: what the kernel said.
    """

    container_id: str
    at: float
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool = False


class Lost(Struct, frozen=True):
    """The owner of the process died and the process with it: nobody knows how it ended."""

    container_id: str
    at: float


class Executed(Struct, frozen=True):
    """A command that was run in a container (`Runtime.execute`) has ended."""

    container_id: str
    """The container that it ran in."""
    name: str
    exit_code: int | None
    """128 and its number for a signal; None if it could not be run, or nobody knows how it ended.
    """
    output: str
    """The first of what it wrote, stderr after stdout; or why it could not be run."""


ContainerEvent: TypeAlias = Started | StartFailed | Exited | Lost
RuntimeEvent: TypeAlias = ContainerEvent | Executed
Listener: TypeAlias = Callable[[Sequence[RuntimeEvent]], None]


class Runtime(Protocol):
    """Starts, signals and forgets processes."""

    def listen(self, listener: Listener) -> None:
        """Report events to `listener` from now on (one listener; set before `start`)."""

    def start(self, start: Start) -> None:
        """Start it, or report again what became of it if this id was started before."""

    def signal(self, container_id: str, signal: int) -> None:
        """Signal the container's whole process group; nothing if it has ended."""

    def kill(self, container_id: str) -> None:
        """SIGKILL the container's every process, daemonized grandchildren included."""

    def execute(self, container_id: str, name: str, command: Sequence[str]) -> None:
        """Run a command in the container, as one of its processes; `Executed` tells of its end.

        It sees what the container sees, and has its environment, directory and user.
        """

    def abort(self, container_id: str, name: str) -> None:
        """Kill the command that was run under this name, if it runs."""

    def forget(self, container_id: str) -> None:
        """Its end is on record elsewhere: kill what it left behind, drop its memory."""
