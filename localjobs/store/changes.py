"""What happened to an object: the changes that listeners, watches and history are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import Resource


class ChangeType(Enum):
    """The type of a change, as watch events name it."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Change(Struct, frozen=True):
    """One write. A deleted `object` is its last state, with the deletion's resourceVersion."""

    type: ChangeType
    resource: Resource
    object: Object
    previous: Object | None
    """The state before; None if the object is new."""
    resource_version: int


Listener: TypeAlias = Callable[[Sequence[Change]], None]
"""Called with the changes of a turn, in order, once they are committed."""
