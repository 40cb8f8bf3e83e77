"""Field errors: what validation says about one field of an object.

Texts are upstream's (apimachinery/pkg/util/validation/field/errors.go): a cause's message
is the error's kind, the value where there is one, and the detail.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from localjobs.api.resources import Resource
from localjobs.errors import Cause, Details, Invalid


class ErrorType(Enum):
    """The kind of a field error: (cause reason, text)."""

    REQUIRED = ("FieldValueRequired", "Required value")
    INVALID = ("FieldValueInvalid", "Invalid value")
    NOT_SUPPORTED = ("FieldValueNotSupported", "Unsupported value")
    DUPLICATE = ("FieldValueDuplicate", "Duplicate value")
    FORBIDDEN = ("FieldValueForbidden", "Forbidden")
    NOT_FOUND = ("FieldValueNotFound", "Not found")
    TOO_LONG = ("FieldValueTooLong", "Too long")
    TOO_MANY = ("FieldValueTooMany", "Too many")
    TYPE_INVALID = ("FieldValueTypeInvalid", "Invalid value")
    INTERNAL = ("InternalError", "Internal error")

    @property
    def reason(self) -> str:
        return self.value[0]

    @property
    def text(self) -> str:
        return self.value[1]


class FieldError(Struct, frozen=True):
    """One broken rule. `field` is a path such as `spec.template.spec.containers[0].name`."""

    type: ErrorType
    field: str
    value: str = ""
    """The offending value as it is printed; "" where upstream prints none."""
    detail: str = ""

    @property
    def message(self) -> str:
        """The cause's message: everything but the field."""
        parts = [self.type.text, self.value, self.detail]
        return ": ".join(part for part in parts if part)

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"

    def to_cause(self) -> Cause:
        return Cause(self.type.reason, self.message, self.field)


_ESCAPES = {
    one: f"\\{letter}" for one, letter in zip('\a\b\f\n\r\t\v"\\', 'abfnrtv"\\', strict=True)
}
_HTML = str.maketrans({one: f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"})


def quoted(text: str) -> str:
    """A string as Go's %q prints it."""
    if text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return f'"{"".join(_ESCAPES.get(one) or _printable(one) for one in text)}"'


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def rendered(value: Any) -> str:
    """A value as upstream prints it in an error: strings quoted, the rest as Go's JSON."""
    if isinstance(value, str):
        return quoted(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_HTML)


def required(field: str, detail: str = "") -> FieldError:
    """A field that must be set is not."""
    return FieldError(ErrorType.REQUIRED, field, "", detail)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    """A value that breaks a rule."""
    return FieldError(ErrorType.INVALID, field, rendered(value), detail)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    """A value outside an enumeration; the values are listed in the order given."""
    listed = ", ".join(quoted(one) for one in supported)
    detail = f"supported values: {listed}" if listed else ""
    return FieldError(ErrorType.NOT_SUPPORTED, field, rendered(value), detail)


def duplicate(field: str, value: Any) -> FieldError:
    """A value that must be unique appears again."""
    return FieldError(ErrorType.DUPLICATE, field, rendered(value))


def forbidden(field: str, detail: str) -> FieldError:
    """A field that may not be set here."""
    return FieldError(ErrorType.FORBIDDEN, field, "", detail)


def not_found(field: str, value: Any) -> FieldError:
    """A reference to something that is not there."""
    return FieldError(ErrorType.NOT_FOUND, field, rendered(value))


def too_long(field: str, most: int) -> FieldError:
    """A text of more than `most` bytes."""
    return FieldError(ErrorType.TOO_LONG, field, "", f"may not be more than {most} bytes")


def too_many(field: str, actual: int, most: int) -> FieldError:
    """A list of more than `most` items."""
    noun = "item" if most == 1 else "items"
    return FieldError(ErrorType.TOO_MANY, field, str(actual), f"must have at most {most} {noun}")


def invalid_object(resource: Resource, name: str, errors: Sequence[FieldError]) -> Invalid:
    """The 422 that answers an object with these errors (errors.go, NewInvalid)."""
    texts = list(dict.fromkeys(str(error) for error in errors))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    causes = tuple(error.to_cause() for error in errors)
    details = Details(name=name, group=resource.group, kind=resource.kind, causes=causes)
    message = f'{resource.qualified_kind} "{name}" is invalid: {listed}'
    return Invalid(message, details)
