"""Request bodies as text: JSON read as Go reads it, with Go's words for what is no JSON.

What a plain dict cannot say is kept for the decoder: names given twice, and how a number with a
fraction or an exponent was written.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from localjobs.admission.json_syntax import complaint_of
from localjobs.errors import BadRequest, ManifestError


class Repeated(dict[str, Any]):
    """An object in which some names stand more than once; the last one counts."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.repeated: Final[frozenset[str]] = frozenset(
            name
            for name, _ in pairs
            if name in seen or seen.add(name)  # type: ignore[func-returns-value]  # add is here for its effect
        )


class Complained(dict[str, Any]):
    """An object whose text broke a rule that only strict decoding minds."""

    __slots__ = ("complaint",)

    def __init__(self, members: dict[str, Any], complaint: str) -> None:
        super().__init__(members)
        self.complaint: Final = complaint


class WrittenNumber(float):
    """A number with a fraction or an exponent, and its text."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> WrittenNumber:
        number = super().__new__(cls, text)
        number.text = text
        return number

    text: str


# Unpaired halves of surrogate pairs; Go reads them as U+FFFD.
_ESCAPES = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_MOST_DIGITS = 4000  # of an integer; longer ones fit no field, and Python will not read them


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else Repeated(pairs)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _integer(text: str) -> int | WrittenNumber:
    return int(text) if len(text) <= _MOST_DIGITS else WrittenNumber(text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members,
    parse_float=WrittenNumber,
    parse_int=_integer,
    parse_constant=_refuse,
)


class MalformedYaml(ValueError):
    """A text that is no YAML: where it stops being so."""


class MalformedJson(ValueError):
    """A text that is no JSON; its message is Go's."""


def read_json(data: bytes) -> Any:
    """The JSON value of a text. Raises `MalformedJson`."""
    text = data.decode(errors="replace")
    if "\\ud" in text or "\\uD" in text:
        text = _ESCAPES.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise MalformedJson("exceeded max depth") from None
    except ValueError:
        raise MalformedJson(complaint_of(text)) from None


def decode_json(data: bytes, kind: str) -> Any:
    """The JSON value of a body that should hold an object of this kind.

    Raises BadRequest with Go's words if the text is no JSON.
    """
    try:
        return read_json(data)
    except MalformedJson as error:
        raise unrecognized(data, kind, str(error)) from None


def decode_yaml(data: bytes, kind: str) -> Any:
    """The JSON value of a YAML body that should hold an object of this kind.

    Only its first document is read. Raises BadRequest if the text is no YAML.
    """
    try:
        return read_yaml(data)
    except MalformedYaml as error:
        raise _unrecognized(data, kind, f"error converting YAML to JSON: {error}") from None


def read_yaml(data: bytes) -> Any:
    """The JSON value of a YAML text's first document; MalformedYaml if it has none.

    A name that stands again in a mapping wins: strict decoding complains of it later.
    """
    from localjobs.api import yaml_nodes  # PyYAML is heavy, and few clients send YAML

    try:
        node = next(yaml_nodes.compose(data.decode(errors="replace")), None)
        value, complaints = (None, []) if node is None else yaml_nodes.build_leniently(node)
    except ManifestError as error:
        raise MalformedYaml(yaml_nodes.go_complaint(error)) from None
    if complaints and isinstance(value, dict):
        return Complained(value, "\n  ".join(["yaml: unmarshal errors:", *complaints]))
    return value


def unrecognized(data: bytes, kind: str, complaint: str) -> BadRequest:
    """The answer to a body whose kind cannot be read (apiserver's transformDecodeError)."""
    return _unrecognized(data, kind, f"couldn't get version/kind; json parse error: {complaint}")


def _unrecognized(data: bytes, kind: str, problem: str) -> BadRequest:
    return BadRequest(
        f"the object provided is unrecognized (must be of type {kind}): {problem} ({summary(data)})"
    )


def summary(data: bytes, most: int = 30) -> str:
    """The beginning of a body, as upstream shows it in an error."""
    if not data:
        return "<empty>"
    end = " ..." if len(data) > most else ""
    if data.startswith(b"{"):
        return data[:most].decode(errors="replace") + end
    return data[:most].hex() + end
