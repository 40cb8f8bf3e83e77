"""Where a text stops being JSON, in the words of Go's scanner (encoding/json/scanner.go)."""

from __future__ import annotations

import json


def complaint_of(text: str) -> str:
    """Go's message for the first error in a text that is no JSON."""
    try:
        _Scanner(text).scan()
    except _SyntaxError as error:
        return str(error)
    except RecursionError:
        return "exceeded max depth"
    return "invalid JSON"


class _SyntaxError(Exception):
    pass


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def scan(self) -> None:
        self._value()
        self._space()
        if self._at < len(self._text):
            self._fail("after top-level value")

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
