"""What becomes of objects whose owners go away: pure decisions.

A dependent goes once none of its owners is left; an owner deleted in the foreground waits for
the dependents that block it; one deleted with the orphan policy lets go of them first.
Source: pkg/controller/garbagecollector/garbagecollector.go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from localjobs.admission.deletion import FOREGROUND, ORPHAN
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import BY_KIND


class OwnerState(Enum):
    """What an owner reference points at."""

    SOLID = "solid"
    """An object that stays, or one of a kind that is not ours to judge."""
    ABSENT = "absent"
    """Nothing: the owner is gone, or never could own across namespaces."""
    WAITING = "waiting"
    """An object that is being deleted and waits for its dependents."""


class Keep(Struct, frozen=True):
    """Leave the dependent as it is."""


class Detach(Struct, frozen=True):
    """Take the references to these owners away; other owners stay."""

    uids: frozenset[str]


class Delete(Struct, frozen=True):
    """Delete the dependent: `Background`, `Foreground` or `Orphan`."""

    propagation_policy: str


Decision: TypeAlias = Keep | Detach | Delete


def references(obj: Object) -> list[Object]:
    """The object's owner references."""
    return objects.metadata(obj).get("ownerReferences") or []


def is_waiting_for_dependents(obj: Object) -> bool:
    """Whether the object is deleted in the foreground and not gone yet."""
    return objects.is_deleting(obj) and FOREGROUND in objects.finalizers(obj)


def is_orphaning(obj: Object) -> bool:
    """Whether the object is being deleted and lets go of its dependents first."""
    return objects.is_deleting(obj) and ORPHAN in objects.finalizers(obj)


def owner_state(dependent: Object, reference: Object, owner: Object | None) -> OwnerState:
    """The state of the owner that `reference` names; `owner` is what has its uid."""
    resource = BY_KIND.get((reference.get("apiVersion", ""), reference.get("kind", "")))
    if resource is None:
        return OwnerState.SOLID
    if owner is None or objects.name(owner) != reference.get("name"):
        return OwnerState.ABSENT
    if resource.namespaced and objects.namespace(owner) != objects.namespace(dependent):
        return OwnerState.ABSENT
    return OwnerState.WAITING if is_waiting_for_dependents(owner) else OwnerState.SOLID


def decide(
    dependent: Object, find: Callable[[str], Object | None], has_dependents: bool
) -> Decision:
    """What is to become of a dependent; `find` gives the object of a uid."""
    owners = references(dependent)
    if not owners or (objects.is_deleting(dependent) and not is_waiting_for_dependents(dependent)):
        return Keep()
    states = {
        reference["uid"]: owner_state(dependent, reference, find(reference["uid"]))
        for reference in owners
    }
    leaving = frozenset(uid for uid, state in states.items() if state is not OwnerState.SOLID)
    if len(leaving) < len(states):
        return Detach(leaving) if leaving else Keep()
    if objects.is_deleting(dependent):
        return Keep()
    if has_dependents and OwnerState.WAITING in states.values():
        return Delete("Foreground")
    return Delete(_policy(dependent))


def _policy(dependent: Object) -> str:
    finalizers = objects.finalizers(dependent)
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"


def blocks(dependent: Object, owner_uid: str) -> bool:
    """Whether a foreground deletion of the owner waits for this dependent."""
    return any(
        reference["uid"] == owner_uid and reference.get("blockOwnerDeletion")
        for reference in references(dependent)
    )


def without_owners(dependent: Object, uids: Iterable[str]) -> Object:
    """The dependent without the references to these owners."""
    gone = frozenset(uids)
    left = [reference for reference in references(dependent) if reference["uid"] not in gone]
    return objects.with_metadata(dependent, ownerReferences=left or None)


def without_finalizer(obj: Object, finalizer: str) -> Object:
    """The object without that finalizer."""
    left = [each for each in objects.finalizers(obj) if each != finalizer]
    return objects.with_metadata(obj, finalizers=left or None)
