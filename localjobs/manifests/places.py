"""Where things stand in a manifest: positions, and the way from a field path to one.

The API's errors name fields (`spec.template.spec.containers[0].name`); whoever wrote the
file wants a line and a column. A `Place` knows one document's layout and answers lazily, so
that a manifest without errors costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Step: TypeAlias = str | int
"""One step into a document: a mapping's key or a list's index."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; `line` and `column` count from 1, in characters; 0 is unknown."""

    line: int = 0
    column: int = 0


class Place(Protocol):
    """The layout of one document."""

    def locate(self, path: Sequence[Step]) -> Position:
        """Where the member at `path` is written: its key, or a list's item.

        Of a path that leads nowhere, the part that exists is located.
        """


# A path's parts: a name, or what stands in brackets (an index, or a map's key).
_STEP = re.compile(r"\[([^\]]*)\]|([^.\[\]]+)")


def steps_of(field: str, value: Any) -> tuple[Step, ...]:
    """The steps that `field`, a path as the API's errors print it, takes into `value`.

    A key may itself hold dots (`data.tls.crt`), and Go's decoding errors leave the indexes of
    lists out (`spec.template.spec.containers.name`): such a step goes into the first item that
    the rest of the path fits. Steps that lead nowhere are kept, so the result may be longer
    than what exists.
    """
    tokens = [index or name for index, name in _STEP.findall(field)]
    return _walk(tokens, value)


def _walk(tokens: Sequence[str], value: Any) -> tuple[Step, ...]:
    if not tokens:
        return ()
    if isinstance(value, dict):
        return _into_mapping(tokens, value)
    if isinstance(value, list):
        return _into_list(tokens, value)
    return tuple(tokens)


def _into_mapping(tokens: Sequence[str], value: dict[str, Any]) -> tuple[Step, ...]:
    for end in range(1, len(tokens) + 1):
        key = ".".join(tokens[:end])
        if key in value:
            return (key, *_walk(tokens[end:], value[key]))
    return tuple(tokens)


def _into_list(tokens: Sequence[str], value: list[Any]) -> tuple[Step, ...]:
    if tokens[0].isdecimal():
        index = int(tokens[0])
        rest = _walk(tokens[1:], value[index]) if index < len(value) else tuple(tokens[1:])
        return (index, *rest)
    for index, item in enumerate(value):
        steps = _walk(tokens, item)
        if reaches(steps, item):
            return (index, *steps)
    return tuple(tokens)


def reaches(steps: Sequence[Step], value: Any) -> bool:
    """Whether the steps lead to something in `value`."""
    for step in steps:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return False
    return True
