"""What a manifest would change in an object, field by field, for changes that are refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from localjobs.api.field import rendered
from localjobs.api.objects import Object
from localjobs.errors import ApiError
from localjobs.manifests.parse import Document
from localjobs.manifests.problems import Problem, in_document, of_document

_LONGEST_VALUE = 200


class Difference(Struct, frozen=True):
    """One field that is not the same; None is a field that is not set."""

    field: str
    old: Any
    new: Any


def differences(old: Any, new: Any, field: str = "") -> Iterator[Difference]:
    """Where `new` differs from `old`, as deep as it can be told."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{field}.{key}" if field else key
            yield from differences(old.get(key), new.get(key), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from differences(before, after, f"{field}[{index}]")
    elif old != new:
        yield Difference(field, old, new)


def refused_change(
    document: Document, error: ApiError, live: Object, wanted: Object
) -> tuple[Problem, ...]:
    """The problems of a change that was refused: each field that would change, from what to what.

    A cause under which nothing differs is told in its own words.
    """
    changes = [one for one in differences(live, wanted) if not _is_bookkeeping(one.field)]
    problems: list[Problem] = []
    told: set[str] = set()
    for cause in error.details.causes if error.details else ():
        detail = cause.message.rpartition(": ")[2]
        for change in changes:
            if _is_within(change.field, cause.field):
                told.add(cause.field)
                problems.append(in_document(document, _text(change, detail), change.field))
    plain = of_document(document, error)
    return (*problems, *(one for one in plain if one.field not in told))


def _is_bookkeeping(field: str) -> bool:
    return field == "status" or field.startswith(("status.", "metadata."))


def _is_within(field: str, outer: str) -> bool:
    return field == outer or field.startswith((f"{outer}.", f"{outer}["))


def _text(change: Difference, detail: str) -> str:
    return f"{change.field}: {_shown(change.old)} may not become {_shown(change.new)}: {detail}"


def _shown(value: Any) -> str:
    if value is None:
        return "(not set)"
    text = rendered(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
