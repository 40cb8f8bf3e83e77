"""Request bodies as text: JSON read as Go reads it, with Go's words for what is no JSON.

What a plain dict cannot say is kept for the decoder: names given twice, and how a number with a
fraction or an exponent was written.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from localjobs.errors import BadRequest


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


def decode_json(data: bytes, kind: str) -> Any:
    """The JSON value of a body that should hold an object of this kind.

    Raises BadRequest with Go's words if the text is no JSON.
    """
    text = data.decode(errors="replace")
    if "\\ud" in text or "\\uD" in text:
        text = _ESCAPES.sub(lambda found: "\\ufffd" if found[1] else found[0], text)
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise unrecognized(data, kind, "exceeded max depth") from None
    except ValueError:
        raise unrecognized(data, kind, _Scanner(text).complaint()) from None


def unrecognized(data: bytes, kind: str, complaint: str) -> BadRequest:
    """The answer to a body whose kind cannot be read (apiserver's transformDecodeError)."""
    return BadRequest(
        f"the object provided is unrecognized (must be of type {kind}): "
        f"couldn't get version/kind; json parse error: {complaint} ({summary(data)})"
    )


def summary(data: bytes, most: int = 30) -> str:
    """The beginning of a body, as upstream shows it in an error."""
    if not data:
        return "<empty>"
    end = " ..." if len(data) > most else ""
    if data.startswith(b"{"):
        return data[:most].decode(errors="replace") + end
    return data[:most].hex() + end


class _SyntaxError(Exception):
    pass


class _Scanner:
    """Finds where a text stops being JSON, and says it as Go's scanner does."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def complaint(self) -> str:
        """Go's message for the first error in the text."""
        try:
            self._value()
            self._space()
            if self._at < len(self._text):
                self._fail("after top-level value")
        except _SyntaxError as error:
            return str(error)
        except RecursionError:
            return "exceeded max depth"
        return "invalid JSON"

    def _fail(self, where: str) -> None:
        if self._at >= len(self._text):
            raise _SyntaxError("unexpected end of JSON input")
        character = self._text[self._at]
        shown = {"'": r"'\''", '"': "'\"'"}.get(character)
        if shown is None:
            shown = f"'{json.dumps(character, ensure_ascii=False)[1:-1]}'"
        raise _SyntaxError(f"invalid character {shown} {where}")

    def _space(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in " \t\r\n":
            self._at += 1

    def _character(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""

    def _value(self) -> None:
        self._space()
        character = self._character()
        if character == "{":
            self._members()
        elif character == "[":
            self._items()
        elif character == '"':
            self._string()
        elif character and character in "-0123456789":
            self._number()
        elif character and character in "tfn":
            self._literal({"t": "true", "f": "false", "n": "null"}[character])
        else:
            self._fail("looking for beginning of value")

    def _members(self) -> None:
        self._at += 1
        self._space()
        if self._character() == "}":
            self._at += 1
            return
        while True:
            self._space()
            if self._character() != '"':
                self._fail("looking for beginning of object key string")
            self._string()
            self._space()
            if self._character() != ":":
                self._fail("after object key")
            self._at += 1
            self._value()
            if self._ends("}", "after object key:value pair"):
                return

    def _items(self) -> None:
        self._at += 1
        self._space()
        if self._character() == "]":
            self._at += 1
            return
        while True:
            self._value()
            if self._ends("]", "after array element"):
                return

    def _ends(self, closing: str, where: str) -> bool:
        self._space()
        character = self._character()
        if character not in (closing, ","):
            self._fail(where)
        self._at += 1
        return character == closing

    def _string(self) -> None:
        self._at += 1
        while (character := self._character()) != '"':
            if character == "\\":
                self._escape()
            elif character < " ":  # the end of the text too
                self._fail("in string literal")
            self._at += 1
        self._at += 1

    def _escape(self) -> None:
        self._at += 1
        if self._character() == "u":
            for _ in range(4):
                self._at += 1
                if self._character() not in set("0123456789abcdefABCDEF"):
                    self._fail(r"in \u hexadecimal character escape")
        elif self._character() not in set('bfnrt\\/"'):
            self._fail("in string escape code")

    def _number(self) -> None:
        if self._character() == "-":
            self._at += 1
        if self._character() == "0":
            self._at += 1
        else:
            self._digits("in numeric literal")
        if self._character() == ".":
            self._at += 1
            self._digits("after decimal point in numeric literal")
        if self._character() in ("e", "E"):
            self._at += 1
            if self._character() in ("+", "-"):
                self._at += 1
            self._digits("in exponent of numeric literal")

    def _digits(self, where: str) -> None:
        if self._character() not in set("0123456789"):
            self._fail(where)
        while self._character() in set("0123456789"):
            self._at += 1

    def _literal(self, word: str) -> None:
        for expected in word:
            if self._character() != expected:
                self._fail(f"in literal {word} (expecting '{expected}')")
            self._at += 1
