"""DELETE performed: one object, a collection, and what an answer to it holds.

The decisions are `admission.deletion`'s.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from localjobs.admission import deletion
from localjobs.admission.deletion import DeleteOptions
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import NAMESPACES, PODS, SERVICEACCOUNTS, SERVICES, Resource
from localjobs.clock import Clock
from localjobs.errors import ApiError, Details, Forbidden, NotFound
from localjobs.store.answer import Answer
from localjobs.store.list_options import invalid_options
from localjobs.store.refusals import not_found
from localjobs.store.store import Store

# Deleting these answers with the object; the others' answer is a Status (`ReturnDeletedObject`).
_ANSWERED_WITH_OBJECT = (PODS, SERVICES, SERVICEACCOUNTS)
# apiserver's NamespaceLifecycle admission
_IMMORTAL_NAMESPACES = ("default", "kube-system", "kube-public")


class Deletions:
    """Performs deletions over a store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> Answer:
        """Delete one object. Raises `NotFound`, `Conflict`, `Invalid`, `Forbidden`."""
        check_delete_options(options)
        warnings = tuple(deletion.deletion_warnings(resource, options))
        try:
            obj, gone = self._delete(resource, namespace, name, options)
        except ApiError as error:
            error.warnings = (*error.warnings, *warnings)
            raise
        if gone and resource not in _ANSWERED_WITH_OBJECT:
            return Answer(_success(resource, obj), warnings)
        waits_for_dependents = not gone and options.orphan_dependents is False
        return Answer(obj, warnings, 202 if waits_for_dependents else 200)

    def delete_each(
        self, resource: Resource, victims: Iterable[Object], options: DeleteOptions
    ) -> tuple[str, ...]:
        """Delete objects that were listed; returns the warnings. One that is gone is no error."""
        check_delete_options(options)
        for victim in victims:
            try:
                name, namespace = objects.name(victim), objects.namespace(victim)
                self._delete(resource, namespace, name, options)
            except NotFound:
                continue
        return tuple(deletion.deletion_warnings(resource, options))

    def _delete(
        self, resource: Resource, namespace: str, name: str, options: DeleteOptions
    ) -> tuple[Object, bool]:
        if resource is NAMESPACES and name in _IMMORTAL_NAMESPACES:
            raise _immortal(resource, name)
        obj = self._store.get(resource, namespace, name)
        if obj is None or (not options.dry_run and self._has_nothing_to_wait_for(resource, obj)):
            raise not_found(resource, name)
        deletion.check_preconditions(resource, obj, options)
        decided = deletion.decide_deletion(resource, obj, options, self._clock.now())
        if options.dry_run:
            return decided.marked or obj, decided.gone
        if decided.marked is not None:
            obj = self._store.replace(resource, decided.marked)
        if decided.gone:
            obj = self._store.remove(resource, namespace, name)
        return obj, decided.gone

    def _has_nothing_to_wait_for(self, resource: Resource, obj: Object) -> bool:
        """Whether it was deleted before and has no dependents: then it goes, here and now.

        The garbage collector would come to it in a moment. Who deletes something twice is told
        that it is gone, however short that moment was.
        """
        if not deletion.waits_for_dependents_alone(obj) or self._store.owned_uids(objects.uid(obj)):
            return False
        last = objects.with_metadata(obj, finalizers=None)
        self._store.remove(resource, objects.namespace(obj), objects.name(obj), last=last)
        return True


def check_delete_options(options: DeleteOptions) -> None:
    """Raise `Invalid` if the options break their own rules."""
    if errors := deletion.validate_delete_options(options):
        raise invalid_options("DeleteOptions", errors)


def without_preconditions(options: DeleteOptions) -> DeleteOptions:
    """The options for whichever object is there."""
    return replace(options, uid=None, resource_version=None)


def _immortal(resource: Resource, name: str) -> Forbidden:
    details = Details(name=name, group=resource.group, kind=resource.plural)
    message = f'{resource.qualified} "{name}" is forbidden: this namespace may not be deleted'
    return Forbidden(message, details)


def _success(resource: Resource, obj: Object) -> Object:
    details = Details(
        name=objects.name(obj), group=resource.group, kind=resource.plural, uid=objects.uid(obj)
    )
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details.to_object(),
    }
