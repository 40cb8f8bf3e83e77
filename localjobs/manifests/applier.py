"""Brings objects in line with their documents, as `kubectl apply` does, and deletes them."""

from __future__ import annotations

from loguru import logger
from msgspec import Struct

from localjobs.admission.create import admit_create
from localjobs.admission.decoding import decode
from localjobs.admission.defaulting import default
from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import FieldValidation, Stamp, WriteOptions
from localjobs.admission.patching.patch import Patch, PatchKind, apply_patch
from localjobs.admission.patching.three_way import three_way_merge
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import NAMESPACES
from localjobs.clock import Clock
from localjobs.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    InternalError,
    Invalid,
    TooManyRequests,
)
from localjobs.manifests.differences import refused_change
from localjobs.manifests.last_applied import last_applied, with_last_applied
from localjobs.manifests.problems import Problem, in_document, of_document
from localjobs.manifests.records import Applied
from localjobs.manifests.sync import Apply
from localjobs.manifests.targets import Target, body_of
from localjobs.store.registry import Registry

REPLACE = "localjobs.dev/replace"
"""The annotation that has a Job replaced where it cannot be changed."""
OPTIONS = WriteOptions(field_manager="localjobs", field_validation=FieldValidation.STRICT)
_NO_UID = "00000000-0000-4000-8000-000000000000"  # of an object that is never stored
_TEMPORARY = (AlreadyExists, Conflict, Forbidden, InternalError, TooManyRequests)


class Done(Struct, frozen=True):
    """The object is as its document says."""

    uid: str


class Waiting(Struct, frozen=True):
    """An object of this name is being deleted; it has to be gone first."""


class Refused(Struct, frozen=True):
    """The object was not touched."""

    problems: tuple[Problem, ...]
    is_temporary: bool = False
    """Whether the same may be accepted later."""


Outcome = Done | Waiting | Refused


class Applier:
    """Applies and deletes, in the turn of the loop that asks for it."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock

    def apply(self, step: Apply) -> Outcome:
        """Create or patch the object of a document."""
        try:
            return self._apply(step)
        except ApiError as error:
            is_temporary = isinstance(error, _TEMPORARY)
            return Refused(of_document(step.document, error), is_temporary)
        except Exception as error:  # noqa: BLE001  # one manifest's defect must not stop the others
            logger.exception("{} cannot be applied", step.target)
            return Refused((in_document(step.document, f"internal error: {error!r}"),))

    def _apply(self, step: Apply) -> Outcome:
        live = self._live(step.target)
        body = with_last_applied(body_of(step.document, step.target))
        if live is None:
            return self._create(step.target, body)
        if objects.is_deleting(live):
            return Waiting()
        type_name = step.target.resource.type_name
        merge = three_way_merge(last_applied(live), body, live, type_name)
        if not merge:
            return Done(objects.uid(live))
        patch = Patch(PatchKind.STRATEGIC, merge)
        try:
            self._patch(step.target, patch)
        except Invalid as error:
            return self._refused(step, body, live, patch, error)
        return Done(objects.uid(live))

    def _live(self, target: Target) -> Object | None:
        return self._registry.store.get(target.resource, target.namespace, target.name)

    def _create(self, target: Target, body: Object) -> Done:
        if target.namespace and not self._registry.store.get(NAMESPACES, "", target.namespace):
            # Refuse what cannot be created before making a namespace for it.
            self._check(target, body)
            namespace = {"metadata": {"name": target.namespace}}
            self._registry.create(NAMESPACES, "", namespace, OPTIONS)
        answer = self._registry.create(target.resource, target.namespace, body, OPTIONS)
        return Done(objects.uid(answer.object))

    def _check(self, target: Target, body: Object) -> None:
        stamp = Stamp(now=self._clock.now(), uid=_NO_UID, suffix="")
        admit_create(target.resource, target.namespace, body, OPTIONS, stamp)

    def _patch(self, target: Target, patch: Patch) -> None:
        resource, namespace, name = target.resource, target.namespace, target.name
        self._registry.patch(resource, namespace, name, patch, OPTIONS)

    def _refused(
        self, step: Apply, body: Object, live: Object, patch: Patch, error: Invalid
    ) -> Outcome:
        if objects.annotations(body).get(REPLACE) != "true":
            return Refused(self._explain(step, live, patch, error))
        self._check(step.target, body)
        self._delete(step.target, objects.uid(live))
        if self._live(step.target) is not None:
            return Waiting()
        return self._create(step.target, body)

    def _explain(
        self, step: Apply, live: Object, patch: Patch, error: Invalid
    ) -> tuple[Problem, ...]:
        resource = step.target.resource
        try:
            wanted = apply_patch(resource, live, patch).body
            decoded = decode(resource, wanted, FieldValidation.IGNORE).object
        except ApiError:
            return of_document(step.document, error)
        return refused_change(step.document, error, live, default(resource, decoded))

    def delete(self, applied: Applied) -> None:
        """Delete what a manifest made, unless it is no longer what it made.

        Namespaces stay: others may live in them.
        """
        live = self._live(applied.target)
        if live is None or objects.uid(live) != applied.uid or objects.is_deleting(live):
            return
        if applied.target.resource is not NAMESPACES:
            self._delete(applied.target, applied.uid)

    def _delete(self, target: Target, uid: str) -> None:
        options = DeleteOptions(propagation_policy="Background", uid=uid)
        self._registry.delete(target.resource, target.namespace, target.name, options)


def waiting_problem(step: Apply) -> Problem:
    """What the status file says while an object waits for its predecessor to go."""
    message = f"{step.target} is being deleted; it is made anew once it is gone"
    return in_document(step.document, message, "metadata.name")
