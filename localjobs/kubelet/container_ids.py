"""The names of containers' starts: `<pod uid>_<container>_<attempt>`.

The same start has the same id in every daemon's life, so that it cannot happen twice.
"""

from __future__ import annotations

from typing import NamedTuple


class ContainerId(NamedTuple):
    """One start of one container of one pod. Attempts count from 0."""

    pod_uid: str
    container: str
    attempt: int

    def __str__(self) -> str:
        return f"{self.pod_uid}_{self.container}_{self.attempt}"

    @classmethod
    def parse(cls, text: str) -> ContainerId | None:
        """The parts of an id; None if it is none of the kubelet's."""
        parts = text.rsplit("_", 2)
        if len(parts) != 3 or not parts[2].isdigit():
            return None
        return cls(parts[0], parts[1], int(parts[2]))
