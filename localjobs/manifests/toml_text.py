"""A TOML document, with the places of its tables and keys as far as a look at its lines tells."""

from __future__ import annotations

import datetime
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from localjobs.api.yaml_nodes import MOST_DEPTH
from localjobs.errors import ManifestError
from localjobs.manifests.places import Position, Step

_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DOTTED = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_TABLE = re.compile(rf"([ \t]*)(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_KEY = re.compile(rf"([ \t]*)({_DOTTED})[ \t]*=")
_PARTS = re.compile(_PART)
_SYNTAX = re.compile(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", re.DOTALL)


@dataclass(frozen=True)
class TomlPlace:
    """The layout of a TOML document: the headers and keys that begin its lines."""

    text: str

    def locate(self, path: Sequence[Step]) -> Position:
        for end in range(len(path), 0, -1):
            found = self._positions.get(tuple(path[:end]))
            if found is not None:
                return found
        return Position(1, 1)

    @cached_property
    def _positions(self) -> dict[tuple[Step, ...], Position]:
        return _positions(self.text)


def read(text: str) -> Iterator[tuple[Any, TomlPlace]]:
    """The one document of a TOML text, if it is not empty; ManifestError if it is no TOML."""
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(text, str(error)) from error
    except (RecursionError, ValueError) as error:
        raise ManifestError("toml: a value is nested too deep, or too long") from error
    place = TomlPlace(text)
    if value:
        yield _json_value(value, place, ()), place


def _syntax_error(text: str, message: str) -> ManifestError:
    match = _SYNTAX.fullmatch(message)
    if match is None:
        return ManifestError(f"toml: {message}")
    problem, line, column = match.groups()
    if line is None:
        return ManifestError(f"toml: {problem}", line=text.count("\n") + 1, column=1)
    return ManifestError(f"toml: {problem}", line=int(line), column=int(column))


def _json_value(value: Any, place: TomlPlace, path: tuple[Step, ...]) -> Any:
    if len(path) > MOST_DEPTH:
        raise _at(place, path, f"nested more than {MOST_DEPTH} deep")
    if isinstance(value, dict):
        return {name: _json_value(member, place, (*path, name)) for name, member in value.items()}
    if isinstance(value, list):
        return [_json_value(item, place, (*path, index)) for index, item in enumerate(value)]
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        raise _at(place, path, f"{value} is no JSON number")
    return value


def _at(place: TomlPlace, path: tuple[Step, ...], message: str) -> ManifestError:
    position = place.locate(path)
    return ManifestError(f"toml: {message}", line=position.line, column=position.column)


def _positions(text: str) -> dict[tuple[Step, ...], Position]:
    positions: dict[tuple[Step, ...], Position] = {}
    counts: dict[tuple[Step, ...], int] = {}
    table: tuple[Step, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        if match := _TABLE.match(line):
            table = _into_arrays(_names(match[3]), counts)
            if match[2] == "[[":
                counts[table] = counts.get(table, 0) + 1
                table = (*table, counts[table] - 1)
        elif match := _KEY.match(line):
            path = (*table, *_names(match[2]))
            positions.setdefault(path, Position(number, len(match[1]) + 1))
            continue
        else:
            continue
        positions.setdefault(table, Position(number, len(match[1]) + 1))
    return positions


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PARTS.findall(dotted))


def _into_arrays(names: tuple[str, ...], counts: dict[tuple[Step, ...], int]) -> tuple[Step, ...]:
    """The path of a header's names: through an array of tables, its last one is meant."""
    path: tuple[Step, ...] = ()
    for index, name in enumerate(names):
        path = (*path, name)
        if index < len(names) - 1 and path in counts:
            path = (*path, counts[path] - 1)
    return path
