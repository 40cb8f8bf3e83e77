"""JSON documents, several in a row, with the places of their parts.

Reading is the standard library's; places are found only when one is asked for, by composing
the same text as YAML, of which JSON is a part.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from yaml.nodes import Node

from localjobs.api.yaml_nodes import MOST_DEPTH, build, compose
from localjobs.errors import ManifestError
from localjobs.manifests.places import Position, Step
from localjobs.manifests.yaml_text import locate

_SPACE = " \t\n\r"
# Escapes of half a character, which YAML does not have; as long as what replaces them.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
# Longer integers are read as floats: no field holds them, and converting takes long.
_LONG_INTEGER = 30


class _DuplicateKey(ValueError):
    pass


class _NotANumber(ValueError):
    """A literal that no JSON number can say; the only argument is the literal."""


class JsonPlace(Struct, frozen=True):
    """The layout of one JSON document: its text, and where that starts in the file."""

    text: str
    start: Position

    def locate(self, path: Sequence[Step]) -> Position:
        node = self.compose()
        return locate(node, path) if node is not None else self.start

    def compose(self) -> Node | None:
        """The text as YAML nodes at their places in the file; None if YAML cannot say it.

        Keys of over a thousand characters are no YAML.
        """
        # Tabs only stand between JSON's tokens, and are one column each.
        text = _SURROGATE.sub(r"\\u0041", self.text).replace("\t", " ")
        before = "\n" * (self.start.line - 1) + " " * (self.start.column - 1)
        try:
            return next(compose(before + text), None)
        except ManifestError:
            return None


def read(text: str) -> Iterator[tuple[Any, JsonPlace]]:
    """The documents of a text of JSON values in a row; ManifestError where it is none."""
    offset = _skip_space(text, 0)
    while offset < len(text):
        value, end = _decode(text, offset)
        if value is not None:
            yield value, JsonPlace(text[offset:end], position_of(text, offset))
        offset = _skip_space(text, end)


def position_of(text: str, offset: int) -> Position:
    """The line and column of a character offset."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _skip_space(text: str, offset: int) -> int:
    while offset < len(text) and text[offset] in _SPACE:
        offset += 1
    return offset


def _decode(text: str, offset: int) -> tuple[Any, int]:
    try:
        value, end = _DECODER.raw_decode(text, offset)
    except json.JSONDecodeError as error:
        raise ManifestError(f"json: {error.msg}", line=error.lineno, column=error.colno) from error
    except _DuplicateKey as error:
        raise _duplicate(text, offset, str(error)) from error
    except _NotANumber as error:
        literal = str(error)
        message = f"json: {literal[:_LONG_INTEGER]} is no JSON number"
        raise _at(text, text.find(literal, offset), message) from error
    except RecursionError as error:
        raise _at(text, offset, f"json: nested more than {MOST_DEPTH} deep") from error
    if _nested_deeper(value, MOST_DEPTH):
        raise _at(text, offset, f"json: nested more than {MOST_DEPTH} deep")
    if _SURROGATE.search(text, offset, end):
        value = _whole_characters(value)
    return value, end


def _at(text: str, offset: int, message: str) -> ManifestError:
    place = position_of(text, offset)
    return ManifestError(message, line=place.line, column=place.column)


def _duplicate(text: str, offset: int, name: str) -> ManifestError:
    """The error for a key that stands twice in an object, at its second place if found."""
    _, end = _LENIENT.raw_decode(text, offset)
    node = JsonPlace(text[offset:end], position_of(text, offset)).compose()
    if node is not None:
        try:
            build(node)
        except ManifestError as error:
            error.message = error.message.replace("yaml:", "json:", 1)
            return error
    return _at(text, offset, f'json: key "{name}" already set in map')


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKey(next(name for i, name in enumerate(names) if name in names[:i]))
    return members


def _refuse(literal: str) -> Any:
    raise _NotANumber(literal)


def _integer(literal: str) -> int | float:
    return int(literal) if len(literal) <= _LONG_INTEGER else _float(literal)


def _float(literal: str) -> float:
    value = float(literal)
    if not math.isfinite(value):
        raise _NotANumber(literal)
    return value


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_constant=_refuse, parse_int=_integer, parse_float=_float
)
_LENIENT = json.JSONDecoder(parse_int=_integer)


def _nested_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most + 1):
        level = [
            child
            for one in level
            if isinstance(one, (dict, list))
            for child in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return False
    return True


def _whole_characters(value: Any) -> Any:
    """Half characters replaced by U+FFFD, as Go's decoder does."""
    if isinstance(value, dict):
        return {_whole_characters(k): _whole_characters(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_whole_characters(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value
