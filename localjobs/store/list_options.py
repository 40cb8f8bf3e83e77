"""`meta/v1 ListOptions`: what a client asks of a list or a watch.

Conversion from the query as apimachinery does it (pkg/runtime/conversion.go), validation as
apimachinery/pkg/apis/meta/internalversion/validation/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from localjobs.admission.versions import parse_uint
from localjobs.api import field
from localjobs.api.field import FieldError
from localjobs.api.resources import Resource
from localjobs.errors import BadRequest, Invalid, UnknownError

EXACT = "Exact"
NOT_OLDER_THAN = "NotOlderThan"

_MOST_DIGITS = 19
_MATCH = "resourceVersionMatch"


class ListOptions(Struct, frozen=True):
    """The options as sent; unset ones are "", 0, False or None."""

    label_selector: str = ""
    field_selector: str = ""
    watch: bool = False
    allow_watch_bookmarks: bool = False
    resource_version: str = ""
    resource_version_match: str = ""
    timeout_seconds: int | None = None
    limit: int = 0
    continue_token: str = ""
    send_initial_events: bool | None = None

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> ListOptions:
        """Read them from a request's query. Raises `BadRequest`, `Invalid`."""
        timeout, initial = query.get("timeoutSeconds"), query.get("sendInitialEvents")
        options = cls(
            label_selector=query.get("labelSelector", ""),
            field_selector=query.get("fieldSelector", ""),
            watch=_flag(query.get("watch")),
            allow_watch_bookmarks=_flag(query.get("allowWatchBookmarks")),
            resource_version=query.get("resourceVersion", ""),
            resource_version_match=query.get(_MATCH, ""),
            timeout_seconds=parse_integer(timeout) if timeout else None,
            limit=parse_integer(query.get("limit") or "0"),
            continue_token=query.get("continue", ""),
            send_initial_events=None if initial is None else _flag(initial),
        )
        if errors := validate_list_options(options):
            raise invalid_options("ListOptions", errors)
        return options


def _flag(text: str | None) -> bool:
    return text is not None and text.lower() not in ("false", "0")


def parse_integer(text: str) -> int:
    """An integer of 64 bits in a query parameter. Raises `BadRequest`."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise BadRequest(f"strconv.ParseInt: parsing {field.quoted(text)}: invalid syntax")
    digits = text.lstrip("+-0")
    value = int(text) if len(digits) <= _MOST_DIGITS else 2**63
    if not -(2**63) <= value < 2**63:
        raise BadRequest(f"strconv.ParseInt: parsing {field.quoted(text)}: value out of range")
    return value


def invalid_options(kind: str, errors: Sequence[FieldError]) -> Invalid:
    """The 422 for options (`ListOptions`, `DeleteOptions`, ...) that break rules."""
    pseudo = Resource("meta.k8s.io", "v1", "", kind, "", "")
    return field.invalid_object(pseudo, "", errors)


def validate_list_options(options: ListOptions) -> list[FieldError]:
    """The rules on how options go together."""
    return _validate_watch(options) if options.watch else _validate_list(options)


def _validate_list(options: ListOptions) -> list[FieldError]:
    errors = []
    match = options.resource_version_match
    if match:
        if not options.resource_version:
            detail = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            errors.append(field.forbidden(_MATCH, detail))
        errors.extend(_no_continue(options))
        if match not in (EXACT, NOT_OLDER_THAN):
            errors.append(field.not_supported(_MATCH, match, (EXACT, NOT_OLDER_THAN, "")))
        if match == EXACT and options.resource_version == "0":
            detail = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            errors.append(field.forbidden(_MATCH, detail))
    if options.send_initial_events is not None:
        detail = "sendInitialEvents is forbidden for list"
        errors.append(field.forbidden("sendInitialEvents", detail))
    return errors


def _validate_watch(options: ListOptions) -> list[FieldError]:
    errors = []
    match, initial = options.resource_version_match, options.send_initial_events
    if initial is not None and match != NOT_OLDER_THAN:
        detail = f"sendInitialEvents requires setting resourceVersionMatch to {NOT_OLDER_THAN}"
        errors.append(field.forbidden(_MATCH, detail))
    if match:
        if initial is None:
            detail = (
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            )
            errors.append(field.forbidden(_MATCH, detail))
        if match != NOT_OLDER_THAN:
            errors.append(field.not_supported(_MATCH, match, (NOT_OLDER_THAN,)))
        errors.extend(_no_continue(options))
    return errors


def _no_continue(options: ListOptions) -> list[FieldError]:
    if not options.continue_token:
        return []
    detail = "resourceVersionMatch is forbidden when continue is provided"
    return [field.forbidden(_MATCH, detail)]


class UnreadableVersion(ValueError):
    """A resourceVersion that is no number, in upstream's words."""


def parse_resource_version(text: str) -> int:
    """The number of a resourceVersion; "" is 0. Raises `UnreadableVersion`."""
    if not text:
        return 0
    try:
        return parse_uint(text)
    except ValueError as error:
        given = field.quoted(text)
        raise UnreadableVersion(f"resourceVersion: Invalid value: {given}: {error}") from None


def version_to_start_at(text: str) -> int:
    """The resourceVersion of a get or a watch. Raises `UnknownError`: upstream classifies none."""
    try:
        return parse_resource_version(text)
    except UnreadableVersion as error:
        raise UnknownError(str(error)) from error
