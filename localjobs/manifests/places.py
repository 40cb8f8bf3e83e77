"""Where things stand in a manifest: positions, and the way from a field path to one.

The API's errors name fields (`spec.template.spec.containers[0].name`); whoever wrote the
file wants a line and a column. A `Place` knows one document's layout and answers lazily, so
that a manifest without errors costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
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


def steps_of(field: str, value: Any, fits: Callable[[Any], bool] | None = None) -> tuple[Step, ...]:
    """The steps that `field`, a path as the API's errors print it, takes into `value`.

    A key may itself hold dots (`data.tls.crt`), and Go's decoding errors leave out the indexes of
    lists and the keys of maps (`spec.template.spec.containers.name`): such a path leads to the
    first place of all it may mean whose value `fits`, or to the first. Steps that lead nowhere
    are kept, so the result may be longer than what exists.
    """
    tokens = [index or name for index, name in _STEP.findall(field)]
    first: tuple[Step, ...] | None = None
    for steps, found in _walks(tokens, value):
        if fits is None or fits(found):
            return steps
        first = first or steps
        for key, member in _members(found):
            if fits(member):
                return (*steps, key)
    return first or _furthest(tokens, value)


def _walks(tokens: Sequence[str], value: Any) -> Iterator[tuple[tuple[Step, ...], Any]]:
    """Every way that the tokens may go into the value, with what is there."""
    if not tokens:
        yield (), value
        return
    for key, member, used in _entries(tokens, value):
        for steps, found in _walks(tokens[used:], member):
            yield (key, *steps), found


def _entries(tokens: Sequence[str], value: Any) -> Iterator[tuple[Step, Any, int]]:
    """The members that the first tokens may mean, and how many tokens each takes."""
    if isinstance(value, dict):
        for end in range(1, len(tokens) + 1):
            key = ".".join(tokens[:end])
            if key in value:
                yield key, value[key], end
    elif isinstance(value, list):
        index = int(tokens[0]) if tokens[0].isdecimal() else None
        if index is None:
            yield from ((at, item, 0) for at, item in enumerate(value))
        elif index < len(value):
            yield index, value[index], 1


def _furthest(tokens: Sequence[str], value: Any) -> tuple[Step, ...]:
    """The steps of the longest part of the path that leads somewhere."""
    for end in range(len(tokens) - 1, 0, -1):
        found = next(_walks(tokens[:end], value), None)
        if found is not None:
            return (*found[0], *tokens[end:])
    return tuple(tokens)


def _members(value: Any) -> Iterator[tuple[Step, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
