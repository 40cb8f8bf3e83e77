"""The refusals that any resource's storage can answer, in upstream's words.

Texts and details: apimachinery/pkg/api/errors/errors.go and
apiserver/pkg/registry/generic/registry/store.go.
"""

from __future__ import annotations

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.errors import AlreadyExists, Details, Expired, NotFound


def _details(resource: Resource, name: str) -> Details:
    return Details(name=name, group=resource.group, kind=resource.plural)


def not_found(resource: Resource, name: str) -> NotFound:
    """404: there is no such object."""
    return NotFound(f'{resource.qualified} "{name}" not found', _details(resource, name))


def already_exists(resource: Resource, there: Object) -> AlreadyExists:
    """409: the name is taken, by this object."""
    name = objects.name(there)
    message = f'{resource.qualified} "{name}" already exists'
    if objects.is_deleting(there):
        message = f"object is being deleted: {message}"
    return AlreadyExists(message, _details(resource, name))


def name_conflict(resource: Resource, name: str) -> AlreadyExists:
    """409: every generated name that was tried is taken."""
    details = Details(name=name, group=resource.group, kind=resource.plural, retry_after_seconds=1)
    message = (
        f'{resource.qualified} "{name}" already exists, the server was not able to generate'
        " a unique name for the object"
    )
    return AlreadyExists(message, details)


def too_old(resource_version: int, oldest: int) -> Expired:
    """410: the changes since that version are no longer in the history."""
    return Expired(f"too old resource version: {resource_version} ({oldest})")
