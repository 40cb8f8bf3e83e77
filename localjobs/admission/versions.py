"""Whether a write is about the object that is there, or about one that it was or never was.

Texts: apimachinery/pkg/api/errors/errors.go and apiserver/pkg/registry/generic/registry/store.go.
"""

from __future__ import annotations

from localjobs.api import objects
from localjobs.api.field import invalid, invalid_object, quoted
from localjobs.api.objects import Object
from localjobs.api.resources import SERVICEACCOUNTS, Resource
from localjobs.errors import Conflict, Details, UnknownError

MODIFIED = (
    "the object has been modified; please apply your changes to the latest version and try again"
)
# those without `AllowUnconditionalUpdate`
_UPDATED_BY_VERSION = (SERVICEACCOUNTS,)
_MOST_DIGITS = 20


def conflict(resource: Resource, name: str, why: str) -> Conflict:
    """409: the object is not what the client believes it is."""
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return Conflict(message, Details(name=name, group=resource.group, kind=resource.plural))


def check_version(resource: Resource, old: Object, new: Object) -> None:
    """Conflict if `new` was made from another version than `old`.

    One without a version is for whatever is there; Invalid where the kind does not allow that.
    UnknownError if the version is no number, as upstream leaves that unclassified.
    """
    version, name = _number(objects.metadata(new).get("resourceVersion")), objects.name(old)
    if not version and resource in _UPDATED_BY_VERSION:
        detail = "must be specified for an update"
        raise invalid_object(resource, name, [invalid("metadata.resourceVersion", 0, detail)])
    if version and version != _number(objects.metadata(old).get("resourceVersion")):
        raise conflict(resource, name, MODIFIED)


def _number(version: str | None) -> int:
    try:
        return parse_uint(version) if version else 0
    except ValueError as error:
        raise UnknownError(str(error)) from None


def parse_uint(text: str) -> int:
    """An unsigned integer of 64 bits. ValueError in the words of Go's strconv."""
    problem = "invalid syntax"
    if text.isascii() and text.isdigit():
        digits = text.lstrip("0")
        if len(digits) <= _MOST_DIGITS and int(digits or "0") < 2**64:
            return int(digits or "0")
        problem = "value out of range"
    raise ValueError(f"strconv.ParseUint: parsing {quoted(text)}: {problem}")
