"""From a request's body to an object that may be stored (apiserver/pkg/registry/rest/create.go).

Decode, default, reset what the server owns, let the kind's strategy have its say, validate.
"""

from __future__ import annotations

from localjobs.admission.decoding import decode
from localjobs.admission.defaulting import default
from localjobs.admission.options import Admitted, Stamp, WriteOptions
from localjobs.admission.owners import without_repeated_owners
from localjobs.admission.ownership.tracking import Writer, attributed
from localjobs.admission.strategy_table import strategy_for
from localjobs.api import objects, timestamps
from localjobs.api.field import invalid_object
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.errors import BadRequest, UnknownError, warning

_LONGEST_PREFIX = 58
"""What is left of a name's 63 characters for the part in front of a generated suffix."""


def admit_create(
    resource: Resource, namespace: str, body: object, options: WriteOptions, stamp: Stamp
) -> Admitted:
    """The object to store for a POST; BadRequest, Forbidden, Invalid or UnknownError if none.

    `namespace` is the request's, "" for what has none. The resourceVersion is the store's to set.
    The fields are owned by the options' field manager; without one nobody owns any.
    """
    decoded = decode(resource, body, options.field_validation)
    obj, owner_warnings = without_repeated_owners(default(resource, decoded.object))
    with warning((*decoded.warnings, *owner_warnings)):
        obj = in_namespace(obj, namespace)
        obj = attributed(resource, None, obj, Writer(options.field_manager), stamp.now)
        strategy = strategy_for(resource)
        obj = strategy.prepare_for_create(_stamped(obj, stamp), stamp)
        if errors := list(strategy.validate(obj)):
            raise invalid_object(resource, objects.name(obj), errors)
        if not options.dry_run:
            obj = _unversioned(obj)
    warnings = (*decoded.warnings, *owner_warnings, *strategy.warnings_on_create(obj))
    return Admitted(strategy.canonicalize(obj), tuple(dict.fromkeys(warnings)))


def in_namespace(obj: Object, namespace: str) -> Object:
    """The object in the request's namespace; BadRequest if it says that it is in another."""
    given = objects.namespace(obj)
    if given == namespace:
        return obj
    if given and namespace:
        raise BadRequest(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return objects.with_metadata(obj, namespace=namespace or None)


def _unversioned(obj: Object) -> Object:
    """The object without a resourceVersion; UnknownError if it has the one of a stored object.

    The storage checks this, so that a dry run does not (apiserver/pkg/storage/etcd3/store.go).
    """
    version = objects.metadata(obj).get("resourceVersion")
    if version is None:
        return obj
    if version.isdecimal() and int(version) != 0:
        raise UnknownError("resourceVersion should not be set on objects to be created")
    return objects.with_metadata(obj, resourceVersion=None)


_SERVER_OWNED = (
    "selfLink",
    "generation",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def _stamped(obj: Object, stamp: Stamp) -> Object:
    """The object with the metadata that only the server gives, and a name if it wants one."""
    prefix = objects.metadata(obj).get("generateName")
    name = objects.name(obj)
    if prefix and not name:
        name = prefix.encode()[:_LONGEST_PREFIX].decode(errors="ignore") + stamp.suffix
    reset = dict.fromkeys(_SERVER_OWNED)
    created = timestamps.render(stamp.now)
    return objects.with_metadata(
        obj, **reset, name=name or None, uid=stamp.uid, creationTimestamp=created
    )
