"""POST, PUT and PATCH performed: admission, the checks against what is stored, the write.

The order of checks is that of apiserver/pkg/registry/generic/registry/store.go (`Create`,
`Update`) and apiserver/pkg/endpoints/handlers/patch.go.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from msgspec.structs import replace

from localjobs.admission.create import admit_create, in_namespace
from localjobs.admission.decoding import Decoded, decode
from localjobs.admission.deletion import is_finished_deletion
from localjobs.admission.options import Admitted, FieldValidation, Stamp, WriteOptions
from localjobs.admission.ownership.apply import Application, apply_configuration
from localjobs.admission.ownership.conversion import converted
from localjobs.admission.ownership.managers import with_idle_times
from localjobs.admission.ownership.tracking import Writer
from localjobs.admission.patching.patch import (
    Patch,
    PatchKind,
    apply_patch,
    check_options,
    check_strictly,
    undecodable,
)
from localjobs.admission.update import admit_update, check_name, placed
from localjobs.admission.versions import conflict
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, SERVICES, Resource
from localjobs.clock import Clock
from localjobs.errors import AlreadyExists, BadRequest, warning
from localjobs.identities import Identities
from localjobs.store.answer import Answer
from localjobs.store.namespaces import namespace_refusal
from localjobs.store.refusals import already_exists, name_conflict, not_found
from localjobs.store.store import Store

Key: TypeAlias = tuple[str, str]
"""Namespace and name."""

MOST_NAMES_TRIED = 8
# `AllowCreateOnUpdate` of upstream's strategies
_CREATED_BY_PUT = (EVENTS, SERVICES)


class Writes:
    """Performs clients' writes over a store."""

    def __init__(self, store: Store, clock: Clock, identities: Identities) -> None:
        self._store = store
        self._clock = clock
        self._identities = identities

    def create(
        self, resource: Resource, namespace: str, body: Any, options: WriteOptions
    ) -> Answer:
        """POST. A generated name that is taken is generated again."""
        self._check_namespace(resource, namespace, body, options)
        for _ in range(MOST_NAMES_TRIED):
            admitted = admit_create(resource, namespace, body, options, self._stamp())
            try:
                return self._insert(resource, admitted, options)
            except AlreadyExists:
                if objects.name(body):
                    raise
        raise name_conflict(resource, objects.name(admitted.object))

    def update(
        self, resource: Resource, key: Key, body: Any, options: WriteOptions, subresource: str
    ) -> Answer:
        """PUT."""
        old = self._store.get(resource, *key)
        if old is None:
            return self._update_missing(resource, key, body, options)
        sent = placed(resource, old, decode(resource, body, options.field_validation))
        uid, current = objects.uid(sent.object), objects.uid(old)
        with warning(sent.warnings):
            if uid and uid != current:
                raise conflict(resource, key[1], _wrong_uid(resource, key, uid, current))
        admitted = admit_update(resource, old, sent, options, self._stamp(), subresource)
        return self._replace(resource, old, admitted, options)

    def patch(
        self, resource: Resource, key: Key, patch: Patch, options: WriteOptions, subresource: str
    ) -> Answer:
        """PATCH."""
        check_options(patch.kind, options.field_manager, options.force)
        if patch.kind is PatchKind.APPLY:
            return self._apply(resource, key, patch.body, options, subresource)
        old = self._store.get(resource, *key)
        if old is None:
            raise not_found(resource, key[1])
        patched = apply_patch(resource, old, patch)
        try:
            decoded = decode(resource, patched.body, options.field_validation)
        except BadRequest as error:
            raise undecodable(patch, patched, error) from None
        if options.field_validation is FieldValidation.STRICT:
            check_strictly(patch, patched)
        told = patched.strict_errors if options.field_validation is FieldValidation.WARN else ()
        decoded = Decoded(decoded.object, (*told, *decoded.warnings))
        sent = placed(resource, old, decoded)
        admitted = admit_update(resource, old, sent, options, self._stamp(), subresource)
        return self._replace(resource, old, admitted, options)

    def _apply(
        self, resource: Resource, key: Key, config: Any, options: WriteOptions, subresource: str
    ) -> Answer:
        """Server-side apply. What it makes of the object says itself who owns what."""
        old = self._store.get(resource, *key)
        if old is None and subresource:
            raise not_found(resource, key[1])
        stamp = self._stamp()
        writer = Writer(options.field_manager, subresource)
        application = Application(writer, bool(options.force), stamp.now)
        wanted = apply_configuration(resource, old, config, application)
        decoded = converted(resource, wanted, config, options.field_validation)
        options = replace(options, field_manager="")
        if old is None:
            return self._create_applied(resource, key, decoded, options)
        sent = placed(resource, old, decoded)
        admitted = admit_update(resource, old, sent, options, stamp, subresource)
        return self._replace(resource, old, admitted, options)

    def _create_applied(
        self, resource: Resource, key: Key, applied: Decoded, options: WriteOptions
    ) -> Answer:
        """An apply creates what is not there; not what the manager believes to be there."""
        namespace, name = key
        with warning(applied.warnings):
            if uid := objects.uid(applied.object):
                why = (
                    f"uid mismatch: the provided object specified uid {uid},"
                    " and no existing object was found"
                )
                raise conflict(resource, name, why)
            check_name(in_namespace(applied.object, namespace), name)
            unversioned = objects.with_metadata(applied.object, resourceVersion=None)
            answer = self.create(resource, namespace, unversioned, options)
        return Answer(answer.object, (*applied.warnings, *answer.warnings), answer.code)

    def _stamp(self) -> Stamp:
        return Stamp(self._clock.now(), self._identities.uid(), self._identities.suffix())

    def _check_namespace(
        self, resource: Resource, namespace: str, body: Any, options: WriteOptions
    ) -> None:
        name = _metadata(body).get("name")  # as it was sent: it may be anything
        known = name if isinstance(name, str) else ""
        refusal = namespace_refusal(self._store, resource, namespace, known)
        if refusal is not None:
            decode(resource, body, options.field_validation)  # a body nobody can read comes first
            raise refusal

    def _insert(self, resource: Resource, admitted: Admitted, options: WriteOptions) -> Answer:
        obj: Object = admitted.object
        name = objects.name(obj)
        if (there := self._store.get(resource, objects.namespace(obj), name)) is not None:
            with warning(admitted.warnings):
                raise already_exists(resource, there)
        if not options.dry_run:
            obj = self._store.insert(resource, obj)
        return Answer(obj, admitted.warnings, 201)

    def _replace(
        self, resource: Resource, old: Object, admitted: Admitted, options: WriteOptions
    ) -> Answer:
        new = with_idle_times(old, admitted.object)
        if options.dry_run:
            return Answer(new, admitted.warnings)
        period = objects.metadata(old).get("deletionGracePeriodSeconds")
        if is_finished_deletion(new, period):
            key = objects.namespace(new), objects.name(new)
            return Answer(self._store.remove(resource, *key, last=new), admitted.warnings)
        return Answer(self._store.replace(resource, new), admitted.warnings)

    def _update_missing(
        self, resource: Resource, key: Key, body: Any, options: WriteOptions
    ) -> Answer:
        namespace, name = key
        absent = {"metadata": {"name": name, "namespace": namespace}}
        sent = placed(resource, absent, decode(resource, body, options.field_validation))
        with warning(sent.warnings):
            if uid := objects.uid(sent.object):
                raise conflict(resource, name, _wrong_uid(resource, key, uid, ""))
        if resource not in _CREATED_BY_PUT:
            raise not_found(resource, name)
        return self.create(resource, namespace, body, options)


def _metadata(body: Any) -> Object:
    meta = body.get("metadata") if isinstance(body, dict) else None
    return meta if isinstance(meta, dict) else {}


def _wrong_uid(resource: Resource, key: Key, wanted: str, actual: str) -> str:
    # As upstream's storage words it, key included (apiserver/pkg/storage/errors.go).
    path = "/".join(part for part in ("/registry", resource.plural, *key) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {path}, ResourceVersion: 0,"
        f" AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted},"
        f" UID in object meta: {actual}"
    )
