"""What happened to an object: the changes that listeners, watches and history are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.store.version import Version


class ChangeType(Enum):
    """The type of a change, as watch events name it."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Change(Struct, frozen=True, gc=False):
    """One write. A deleted object's version is its last state, with the deletion's number.

    It holds versions, not objects: history keeps it, and its versions come to rest with the
    index's.
    """

    type: ChangeType
    resource: Resource
    key: tuple[str, str]
    """Namespace and name."""
    version: Version
    before: Version | None
    """The version that it replaced; None if the object is new."""
    resource_version: int

    @property
    def object(self) -> Object:
        """The object as it is now."""
        return self.version.object

    @property
    def previous(self) -> Object | None:
        """The object as it was before; None if it is new."""
        return self.before.object if self.before is not None else None


Listener: TypeAlias = Callable[[Sequence[Change]], None]
"""Called with the changes of a turn, in order, once they are committed."""
