"""What a writer asks of a write beside the object itself: the query parameters of the verbs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


class FieldValidation(Enum):
    """What becomes of fields that the type does not have, and of fields given twice."""

    IGNORE = "Ignore"
    """They are dropped silently."""
    WARN = "Warn"
    """They are dropped, with a warning each. Upstream's default."""
    STRICT = "Strict"
    """The object is refused."""


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Options of create, update and patch."""

    field_manager: str = ""
    field_validation: FieldValidation = FieldValidation.WARN
    dry_run: bool = False
    force: bool | None = None
    """Server-side apply: take fields that others own. None if the client did not say."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """All the time and randomness of one write."""

    now: float
    """Seconds since the epoch."""
    uid: str
    """The uid of the object, if the write creates it."""
    suffix: str
    """The end of its name, if it is to be generated."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """An object that may be stored, and what its writer should be told."""

    object: dict[str, object] = field(repr=False)
    warnings: tuple[str, ...] = ()
