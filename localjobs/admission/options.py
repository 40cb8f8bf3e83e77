"""What a writer asks of a write beside the object itself: the query parameters of the verbs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from msgspec import Struct

from localjobs.api.field import FieldError, invalid, invalid_object, not_supported, too_long
from localjobs.api.objects import Object
from localjobs.api.resources import Resource

_LONGEST_MANAGER = 128


class FieldValidation(Enum):
    """What becomes of fields that the type does not have, and of fields given twice."""

    IGNORE = "Ignore"
    """They are dropped silently."""
    WARN = "Warn"
    """They are dropped, with a warning each. Upstream's default."""
    STRICT = "Strict"
    """The object is refused."""


class WriteOptions(Struct, frozen=True):
    """Options of create, update and patch."""

    field_manager: str = ""
    field_validation: FieldValidation = FieldValidation.WARN
    dry_run: bool = False
    force: bool | None = None
    """Server-side apply: take fields that others own. None if the client did not say."""


class Stamp(Struct, frozen=True):
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

    object: Object = field(repr=False)
    warnings: tuple[str, ...] = ()


def parse_write_options(verb: str, query: Mapping[str, Sequence[str]]) -> WriteOptions:
    """The options in a request's query.

    `verb` is `Create`, `Update` or `Patch`. Invalid if a value is none that upstream knows
    (apimachinery/pkg/apis/meta/v1/validation/validation.go).
    """
    manager = _first(query, "fieldManager")
    directive = _first(query, "fieldValidation")
    dry_run = [value for value in query.get("dryRun", ()) if value]
    errors = [
        *_manager_errors(manager),
        *_dry_run_errors(dry_run),
        *_directive_errors(directive),
    ]
    if errors:
        kind = f"{verb}Options"
        raise invalid_object(Resource("meta.k8s.io", "v1", "", kind, "", ""), "", errors)
    force = query.get("force")
    return WriteOptions(
        manager,
        FieldValidation(directive or "Warn"),
        dry_run=bool(dry_run),
        force=force[0].lower() not in {"false", "0"} if force else None,
    )


def _first(query: Mapping[str, Sequence[str]], name: str) -> str:
    values = query.get(name)
    return values[0] if values else ""


def _manager_errors(manager: str) -> Iterator[FieldError]:
    if len(manager.encode()) > _LONGEST_MANAGER:
        yield too_long("fieldManager", _LONGEST_MANAGER)
    for at, character in enumerate(manager):
        if not character.isprintable():
            detail = f"invalid character U+{ord(character):04X} (at position {at})"
            yield invalid("fieldManager", manager, detail)


def _dry_run_errors(dry_run: list[str]) -> Iterator[FieldError]:
    if dry_run and set(dry_run) != {"All"}:
        yield not_supported("dryRun", dry_run, ["All"])


def _directive_errors(directive: str) -> Iterator[FieldError]:
    supported = sorted(["", *(one.value for one in FieldValidation)])
    if directive not in supported:
        yield not_supported("fieldValidation", directive, supported)
