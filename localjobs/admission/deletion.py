"""What a DELETE does to an object: mark it, wait for its finalizers, or take it out at once.

The rules of apiserver/pkg/registry/rest/delete.go (`BeforeDelete`) and
apiserver/pkg/registry/generic/registry/store.go (`Delete`), with the pods' graceful deletion
(pkg/registry/core/pod/strategy.go) and the namespaces' two phases
(pkg/registry/core/namespace/storage/storage.go).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from localjobs.api import field, objects, timestamps
from localjobs.api.field import FieldError
from localjobs.api.objects import Object
from localjobs.api.resources import EVENTS, JOBS, NAMESPACES, PODS, Resource
from localjobs.errors import Conflict, Details

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"
GARBAGE_COLLECTION_FINALIZERS = frozenset((ORPHAN, FOREGROUND))

ORPHAN_WARNING = (
    "child pods are preserved by default when jobs are deleted;"
    " set propagationPolicy=Background to remove them"
    " or set propagationPolicy=Orphan to suppress this warning"
)

_POLICIES = ("Foreground", "Background", "Orphan")


class DeleteOptions(Struct, frozen=True):
    """`meta/v1 DeleteOptions`, as far as they decide anything."""

    grace_period_seconds: int | None = None
    propagation_policy: str | None = None
    orphan_dependents: bool | None = None
    uid: str | None = None
    """The precondition on the object's uid."""
    resource_version: str | None = None
    """The precondition on the object's resourceVersion."""
    dry_run: tuple[str, ...] = ()

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> DeleteOptions:
        """Read decoded DeleteOptions."""
        preconditions = body.get("preconditions") or {}
        return cls(
            grace_period_seconds=body.get("gracePeriodSeconds"),
            propagation_policy=body.get("propagationPolicy"),
            orphan_dependents=body.get("orphanDependents"),
            uid=preconditions.get("uid"),
            resource_version=preconditions.get("resourceVersion"),
            dry_run=tuple(body.get("dryRun") or ()),
        )


class Deletion(Struct, frozen=True):
    """What becomes of the object.

    `marked` is its next state where it changes, to be stored before anything else; `gone` says
    that it is then taken out.
    """

    marked: Object | None
    gone: bool


def validate_delete_options(options: DeleteOptions) -> list[FieldError]:
    """The errors of the options themselves (apimachinery/pkg/apis/meta/v1/validation)."""
    errors = []
    policy = options.propagation_policy
    if policy is not None and options.orphan_dependents is not None:
        detail = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(field.invalid("propagationPolicy", policy, detail))
    if policy is not None and policy not in _POLICIES:
        errors.append(field.not_supported("propagationPolicy", policy, (*_POLICIES, "nil")))
    errors.extend(validate_dry_run(options.dry_run))
    return errors


def validate_dry_run(dry_run: tuple[str, ...]) -> list[FieldError]:
    """The errors of a `dryRun` option: nothing but "All" is known."""
    if any(value != "All" for value in dry_run):
        return [field.not_supported("dryRun", list(dry_run), ("All",))]
    return []


def deletion_warnings(resource: Resource, options: DeleteOptions) -> list[str]:
    """What a client is told that deletes a Job without saying what is to become of its pods."""
    silent = options.propagation_policy is None and options.orphan_dependents is None
    return [ORPHAN_WARNING] if resource == JOBS and silent else []


def check_preconditions(resource: Resource, obj: Object, options: DeleteOptions) -> None:
    """Raise `Conflict` if the object is not the one that the options mean."""
    meta = objects.metadata(obj)
    if options.uid is not None and options.uid != meta.get("uid", ""):
        raise _conflict(
            resource,
            obj,
            f"the UID in the precondition ({options.uid}) does not match the UID in record"
            f" ({meta.get('uid', '')}). The object might have been deleted and then recreated",
        )
    expected, actual = options.resource_version, meta.get("resourceVersion", "")
    if expected is not None and expected != actual:
        raise _conflict(
            resource,
            obj,
            f"the ResourceVersion in the precondition ({expected}) does not match the"
            f" ResourceVersion in record ({actual}). The object might have been modified",
        )


def _conflict(resource: Resource, obj: Object, why: str) -> Conflict:
    # Upstream names the kind here where other conflicts name the resource.
    name = objects.name(obj)
    message = f'Operation cannot be fulfilled on {resource.qualified_kind} "{name}": {why}'
    return Conflict(message, Details(name=name, group=resource.group, kind=resource.kind))


def decide_deletion(
    resource: Resource, obj: Object, options: DeleteOptions, now: float
) -> Deletion:
    """What these options, valid and with their preconditions met, do to this object."""
    if resource == NAMESPACES:
        return _delete_namespace(obj, now)
    if options.grace_period_seconds is not None and options.grace_period_seconds < 0:
        options = replace(options, grace_period_seconds=1)
    if objects.is_deleting(obj):
        return _delete_again(resource, obj, options, now)
    if resource == PODS:
        return _delete_gracefully(obj, options, now)
    return _delete_now(resource, obj, options, now)


def _delete_now(resource: Resource, obj: Object, options: DeleteOptions, now: float) -> Deletion:
    finalizers = garbage_collection_finalizers(resource, obj, options)
    if finalizers:
        marked = _mark_deleting(obj, now)
        return Deletion(_with_finalizers(marked, finalizers), gone=False)
    if finalizers != objects.finalizers(obj):
        return Deletion(_with_finalizers(obj, finalizers), gone=True)
    return Deletion(None, gone=True)


def _delete_gracefully(pod: Object, options: DeleteOptions, now: float) -> Deletion:
    seconds = grace_period_seconds(pod, options)
    finalizers = garbage_collection_finalizers(PODS, pod, options)
    marked = objects.with_metadata(
        _next_generation(pod),
        deletionTimestamp=timestamps.render(now + seconds),
        deletionGracePeriodSeconds=seconds,
    )
    return Deletion(_with_finalizers(marked, finalizers), gone=not finalizers and seconds == 0)


def _delete_again(resource: Resource, obj: Object, options: DeleteOptions, now: float) -> Deletion:
    """A grace period may only get shorter; one that is over leaves the finalizers to wait for."""
    meta = objects.metadata(obj)
    period = meta.get("deletionGracePeriodSeconds") or 0
    if resource != PODS or period == 0:
        return _delete_now(resource, obj, options, now)
    wanted = options.grace_period_seconds
    if wanted is None or wanted >= period:
        return Deletion(None, gone=False)
    asked_at = timestamps.parse(meta["deletionTimestamp"]) - period
    finalizers = garbage_collection_finalizers(resource, obj, options)
    marked = objects.with_metadata(
        obj,
        deletionTimestamp=timestamps.render(asked_at + wanted),
        deletionGracePeriodSeconds=wanted,
    )
    return Deletion(_with_finalizers(marked, finalizers), gone=not finalizers and wanted == 0)


def grace_period_seconds(pod: Object, options: DeleteOptions) -> int:
    """How long the pod may take to end: 0 if it runs nowhere, or runs no more."""
    spec = pod.get("spec") or {}
    if not spec.get("nodeName") or is_terminal(pod):
        return 0
    period: int | None = options.grace_period_seconds
    if period is None:
        period = spec.get("terminationGracePeriodSeconds") or 0
    return period if period >= 0 else 1


def is_terminal(pod: Object) -> bool:
    """Whether the pod has come to its end."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def garbage_collection_finalizers(
    resource: Resource, obj: Object, options: DeleteOptions
) -> list[str]:
    """The object's finalizers, with `orphan` or `foregroundDeletion` as the options want it."""
    old = objects.finalizers(obj)
    wanted = _dependents_finalizer(resource, old, options)
    new = [name for name in old if name not in GARBAGE_COLLECTION_FINALIZERS]
    if wanted is not None:
        new.append(wanted)
    return old if set(new) == set(old) else new


def _dependents_finalizer(
    resource: Resource, finalizers: list[str], options: DeleteOptions
) -> str | None:
    if resource == EVENTS:
        return None  # nothing can own by an event
    if options.orphan_dependents is not None:
        return ORPHAN if options.orphan_dependents else None
    if options.propagation_policy is not None:
        return {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(options.propagation_policy)
    for name in finalizers:
        if name in GARBAGE_COLLECTION_FINALIZERS:
            return name
    return ORPHAN if resource == JOBS else None


def is_finished_deletion(obj: Object, grace_period_seconds: int | None) -> bool:
    """Whether an object that was just written has nothing left to wait for.

    The rule of `ShouldDeleteDuringUpdate`: it is being deleted, no finalizer is left, and this
    grace period, the one it had before the write, is over.
    """
    waiting = objects.finalizers(obj) or grace_period_seconds
    return objects.is_deleting(obj) and not waiting


def waits_for_dependents_alone(obj: Object) -> bool:
    """Whether the object would be gone but for what is to become of its dependents."""
    finalizers = objects.finalizers(obj)
    if not finalizers or not GARBAGE_COLLECTION_FINALIZERS.issuperset(finalizers):
        return False
    period = objects.metadata(obj).get("deletionGracePeriodSeconds")
    return is_finished_deletion(_with_finalizers(obj, []), period)


def _mark_deleting(obj: Object, now: float) -> Object:
    meta = objects.metadata(obj)
    if "deletionTimestamp" not in meta:
        obj = _next_generation(obj)
    until = meta.get("deletionTimestamp")
    if until is None or timestamps.parse(until) > now:
        until = timestamps.render(now)
    return objects.with_metadata(obj, deletionTimestamp=until, deletionGracePeriodSeconds=0)


def _next_generation(obj: Object) -> Object:
    generation = objects.metadata(obj).get("generation")
    return objects.with_metadata(obj, generation=generation + 1) if generation else obj


def _with_finalizers(obj: Object, finalizers: list[str]) -> Object:
    if finalizers == objects.finalizers(obj):
        return obj
    return objects.with_metadata(obj, finalizers=finalizers or None)


def _delete_namespace(namespace: Object, now: float) -> Deletion:
    """First it is marked, so that nothing new comes in; once it is empty, it goes."""
    if not objects.is_deleting(namespace):
        marked = objects.with_metadata(namespace, deletionTimestamp=timestamps.render(now))
        status = {**(namespace.get("status") or {}), "phase": "Terminating"}
        return Deletion(objects.with_status(marked, status), gone=False)
    spec = namespace.get("spec") or {}
    waiting = spec.get("finalizers") or objects.finalizers(namespace)
    return Deletion(None, gone=not waiting)
