"""The state of one manifest between two turns of the loop."""

from __future__ import annotations

from dataclasses import dataclass, field

from localjobs.manifests.problems import Problem
from localjobs.manifests.reader import Reading
from localjobs.manifests.sync import FilePlan
from localjobs.manifests.targets import Target

_FIRST_RETRY, _LAST_RETRY = 1.0, 60.0


@dataclass(slots=True, eq=False)
class Manifest:
    """What a manifest says, what that asks for, and what has not come of it yet."""

    name: str
    reading: Reading | None = None
    """What is in it; None until it has been read."""
    plan: FilePlan = field(default_factory=FilePlan)
    pending: dict[Target, tuple[Problem, ...]] = field(default_factory=dict)
    """The objects that are not as it says, and why."""
    retry_in: float = _FIRST_RETRY

    @property
    def digest(self) -> str:
        """The digest of its content; "" if it could not be read."""
        return self.reading.digest if self.reading is not None else ""

    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong with it, from its top to its end."""
        found = [*self.plan.problems, *(one for many in self.pending.values() for one in many)]
        return tuple(sorted(found, key=lambda one: (one.line, one.column)))

    def next_retry(self) -> float:
        """Seconds until what was refused for now is tried again: longer each time."""
        delay, self.retry_in = self.retry_in, min(self.retry_in * 2, _LAST_RETRY)
        return delay

    def read(self, reading: Reading) -> None:
        """Take a new content."""
        self.reading, self.retry_in = reading, _FIRST_RETRY
