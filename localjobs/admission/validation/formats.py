"""Formats at a path: a malformed text becomes field errors in upstream's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from localjobs.api import names
from localjobs.api.field import FieldError, invalid

Errors: TypeAlias = Iterator[FieldError]
"""What every check of this package yields, in the order upstream reports it."""

NEGATIVE = "must be greater than or equal to 0"
NOT_POSITIVE = "must be greater than zero"
IMMUTABLE = "field is immutable"


def malformed(path: str, value: object, problems: Iterable[str]) -> Errors:
    """One error per problem of the value."""
    for problem in problems:
        yield invalid(path, value, problem)


def range_error(least: int, most: int) -> str:
    """The text for a number outside an inclusive range."""
    return f"must be between {least} and {most}, inclusive"


def masked_prefix(text: str) -> str:
    """A name's prefix, to be checked as a name: a trailing hyphen is fine in a prefix."""
    return f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text


def check_dns_label(text: str, path: str) -> Errors:
    """RFC 1123 label."""
    return malformed(path, text, names.dns1123_label_errors(text))


def check_dns_subdomain(text: str, path: str) -> Errors:
    """RFC 1123 subdomain: the form of most objects' names."""
    return malformed(path, text, names.dns1123_subdomain_errors(text))


def check_qualified_name(text: str, path: str) -> Errors:
    """A name with an optional domain: the key of a label or annotation."""
    return malformed(path, text, names.qualified_name_errors(text))


def check_non_negative(number: int, path: str) -> Errors:
    """Zero or more."""
    if number < 0:
        yield invalid(path, number, NEGATIVE)


def check_positive(number: int, path: str) -> Errors:
    """One or more."""
    if number <= 0:
        yield invalid(path, number, NOT_POSITIVE)


def check_identity(number: int, path: str) -> Errors:
    """The number of a user or group."""
    if not 0 <= number <= 2147483647:
        yield invalid(path, number, range_error(0, 2147483647))
