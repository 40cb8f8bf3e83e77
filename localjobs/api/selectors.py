"""Label selectors and field selectors: reading them, and what they match.

The text form is `a=b,c in (d,e),!f`, the object form a `v1.LabelSelector`; errors are worded as
upstream's (apimachinery/pkg/labels/selector.go, apimachinery/pkg/fields/selector.go).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from localjobs.api import names
from localjobs.api.field import quoted


class SelectorError(ValueError):
    """A selector that cannot be read, in upstream's words."""


class Operator(Enum):
    """What a requirement asks of its key's value."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    NOT_EXISTS = "!"
    GREATER = "gt"
    LESS = "lt"


class Requirement(Struct, frozen=True):
    """One condition on one label."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels satisfy it."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.NOT_EXISTS:
                return value is None
        return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        if value is None or not _is_integer(value):
            return False
        (limit,) = self.values
        if self.operator is Operator.GREATER:
            return int(value) > int(limit)
        return int(value) < int(limit)


class LabelSelector(Struct, frozen=True):
    """Requirements that must all hold. Without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()
    matches_nothing: bool = False

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        if self.matches_nothing:
            return False
        return all(requirement.matches(labels) for requirement in self.requirements)


EVERYTHING = LabelSelector()
NOTHING = LabelSelector(matches_nothing=True)

_OBJECT_OPERATORS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.NOT_EXISTS,
}


def label_selector_of(selector: Mapping[str, Any] | None) -> LabelSelector:
    """The selector in a `v1.LabelSelector` object; null selects nothing, `{}` everything.

    SelectorError for an operator that is none.
    """
    if selector is None:
        return NOTHING
    requirements = [
        Requirement(key, Operator.IN, frozenset((value,)))
        for key, value in (selector.get("matchLabels") or {}).items()
    ]
    for expression in selector.get("matchExpressions") or ():
        operator = _OBJECT_OPERATORS.get(expression.get("operator", ""))
        if operator is None:
            given = quoted(expression.get("operator", ""))
            raise SelectorError(f"{given} is not a valid label selector operator")
        values = frozenset(expression.get("values") or ())
        requirements.append(Requirement(expression.get("key", ""), operator, values))
    return LabelSelector(tuple(requirements))


def parse_label_selector(text: str) -> LabelSelector:
    """Read `a=b,c in (d,e),!f`; SelectorError in upstream's words."""
    return LabelSelector(tuple(sorted(_Parser(text).requirements(), key=lambda one: one.key)))


_TOKEN = re.compile(r"[ \t\r\n]*(==|!=|[=!<>(),]|[^=!<>(), \t\r\n]+|$)")
_SYMBOLS = frozenset(("=", "==", "!=", "!", "<", ">", "(", ")", ","))
_WORDS = frozenset(("in", "notin"))


class _Parser:
    """A recursive descent over the tokens; "" is the end."""

    def __init__(self, text: str) -> None:
        self._tokens = [found for found in _TOKEN.findall(text) if found]
        self._position = 0

    def _peek(self, ahead: int = 0) -> str:
        at = self._position + ahead
        return self._tokens[at] if at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._position += 1
        return token

    def requirements(self) -> list[Requirement]:
        found: list[Requirement] = []
        while (token := self._peek()) != "":
            if token in _SYMBOLS and token != "!":
                raise SelectorError(f"found '{token}', expected: !, identifier, or 'end of string'")
            found.append(self._requirement())
            separator = self._next()
            if separator not in (",", ""):
                raise SelectorError(f"found '{separator}', expected: ',' or 'end of string'")
            if separator == "," and (after := self._peek()) in (_SYMBOLS - {"!"} | {""}):
                raise SelectorError(f"found '{after}', expected: identifier after ','")
        return found

    def _requirement(self) -> Requirement:
        try:
            return self._one()
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from None

    def _one(self) -> Requirement:
        is_negated = self._peek() == "!"
        if is_negated:
            self._next()
        key = self._next()
        if key in _SYMBOLS or not key:
            raise SelectorError(f"found '{key}', expected: identifier")
        _check(names.qualified_name_errors(key), key)
        if is_negated:
            return Requirement(key, Operator.NOT_EXISTS)
        if self._peek() in ("", ","):
            return Requirement(key, Operator.EXISTS)
        return self._comparison(key)

    def _comparison(self, key: str) -> Requirement:
        operator = self._next()
        if operator in _WORDS:
            return _requirement(key, Operator(operator), self._values())
        if operator not in ("=", "==", "!=", "<", ">"):
            raise SelectorError(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
        value = self._exact_value()
        if operator in "<>":
            kind = Operator.GREATER if operator == ">" else Operator.LESS
            return _requirement(key, kind, [value])
        return _requirement(key, Operator.NOT_IN if operator == "!=" else Operator.IN, [value])

    def _exact_value(self) -> str:
        token = self._peek()
        if token in ("", ","):
            return ""
        if token in _SYMBOLS:
            raise SelectorError(f"found '{token}', expected: identifier")
        return self._next()

    def _values(self) -> list[str]:
        opening = self._next()
        if opening != "(":
            raise SelectorError(f"found '{opening}' expected: '('")
        values: list[str] = []
        while True:
            token = self._next()
            if token not in _SYMBOLS and token:
                values.append(token)
                token = self._next()
            else:
                values.append("")
            if token == ")":
                return values
            if token != ",":
                raise SelectorError(f"found '{token}', expected: ',', ')' or identifier")


_NO_INTEGER = "for 'Gt', 'Lt' operators, the value must be an integer"


def _requirement(key: str, operator: Operator, values: Sequence[str]) -> Requirement:
    """The requirement, with its values checked as upstream does: sorted, and each once."""
    ordered = sorted(set(values))
    errors: list[str] = []
    if operator in (Operator.GREATER, Operator.LESS):
        errors += [
            f"values[{index}]: Invalid value: {quoted(value)}: {_NO_INTEGER}"
            for index, value in enumerate(ordered)
            if not _is_integer(value)
        ]
    for index, value in enumerate(ordered):
        if problems := names.label_value_errors(value):
            place = f"values[{index}][{key}]"
            errors.append(f"{place}: Invalid value: {quoted(value)}: {'; '.join(problems)}")
    if errors:
        raise SelectorError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")
    return Requirement(key, operator, frozenset(ordered))


def _check(errors: Sequence[str], key: str) -> None:
    if errors:
        raise SelectorError(f"<nil>: Invalid value: {quoted(key)}: {'; '.join(errors)}")


def _is_integer(text: str) -> bool:
    """Whether it is an integer of 64 bits; a label has 63 characters at most."""
    if re.fullmatch(r"[+-]?[0-9]{1,63}", text) is None:
        return False
    return -(2**63) <= int(text) < 2**63


class FieldTerm(Struct, frozen=True):
    """One condition on one field: equal, or not equal."""

    field: str
    value: str
    is_equal: bool = True


class FieldSelector(Struct, frozen=True):
    """Conditions on fields that must all hold."""

    terms: tuple[FieldTerm, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object with these selectable fields is selected."""
        return all((fields.get(t.field, "") == t.value) is t.is_equal for t in self.terms)

    def exact(self, field: str) -> str | None:
        """The value that the field must have, if the selector asks for one."""
        wanted = [t.value for t in self.terms if t.field == field and t.is_equal]
        return wanted[0] if wanted else None


_FIELD_OPERATOR = re.compile(r"!=|==|=")
_ESCAPABLE = ("\\", ",", "=")


def parse_field_selector(text: str) -> FieldSelector:
    """Read `metadata.name=x,status.phase!=Failed`; SelectorError in upstream's words."""
    terms: list[FieldTerm] = []
    for part in sorted(filter(None, _split_at_commas(text))):
        operator = _FIELD_OPERATOR.search(part)
        if operator is None:
            raise SelectorError(f"invalid selector: '{text}'; can't understand '{part}'")
        field, value = part[: operator.start()], _unescaped(part[operator.end() :])
        terms.append(FieldTerm(field, value, operator[0] != "!="))
    return FieldSelector(tuple(terms))


def _split_at_commas(text: str) -> list[str]:
    """The parts between the commas that no backslash escapes."""
    return re.findall(r"(?:[^,\\]|\\.|\\$)+", text, re.DOTALL)


def _unescaped(value: str) -> str:
    """A value without its backslashes; SelectorError for one that is missing, or escapes nothing.

    apimachinery/pkg/fields/selector.go, UnescapeValue; it shows a character as its number.
    """
    characters = iter(value)
    plain: list[str] = []
    for character in characters:
        literal = character
        if character == "\\":
            literal = next(characters, "")
            if literal not in _ESCAPABLE:
                raise SelectorError(f"invalid field selector: invalid escape sequence: \\{literal}")
        elif character in (",", "="):
            code = ord(character)
            raise SelectorError(f"invalid field selector: unescaped character in value: {code}")
        plain.append(literal)
    return "".join(plain)
