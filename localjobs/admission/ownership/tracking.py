"""Who owns what after a create, an update or a patch that is not an apply.

apimachinery/pkg/util/managedfields/internal: fieldmanager.go, skipnonapplied.go,
managedfieldsupdater.go; structured-merge-diff, merge/update.go (Update). A writer owns what it
changed; nobody else does any more; what is gone nobody owns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from localjobs.admission.ownership.comparison import Comparison, compare
from localjobs.admission.ownership.field_set import Malformed, Tree, difference, union
from localjobs.admission.ownership.managers import (
    UPDATE,
    Managed,
    Manager,
    Managers,
    capped,
    read,
    read_sent,
    with_managed_fields,
    written,
)
from localjobs.admission.ownership.shapes import Unkeyed, shape_of, zero
from localjobs.admission.ownership.untracked import SYSTEM, reset_fields
from localjobs.api.objects import Object, metadata
from localjobs.api.resources import Resource
from localjobs.api.timestamps import render

BEFORE_FIRST_APPLY = "before-first-apply"


class Writer(Struct, frozen=True):
    """Who writes, and through what."""

    name: str
    """The request's `fieldManager`, or its User-Agent up to the first `/`."""
    subresource: str = ""


def track_update(
    resource: Resource, old: Object | None, new: Object, writer: Writer, now: float
) -> Sequence[Object]:
    """The `metadata.managedFields` of `new`, which `writer` makes of `old` (None: creates).

    `new` is decoded and defaulted, but not yet changed by the resource's own rules: what the
    server sets nobody owns. Entries in `new` replace those of `old`, except through a
    subresource; `[{}]` forgets them all, and an object without entries stays without.
    """
    before = metadata(old).get("managedFields") or [] if old else []
    managers = _sent(before, new, writer)
    if old is not None and not managers:
        return []
    tracked = after_update(resource, managers, old, new, writer, now)
    return before if tracked is managers and managers == read(before) else written(tracked)


def attributed(
    resource: Resource, old: Object | None, new: Object, writer: Writer, now: float
) -> Object:
    """`new` with its managers as `track_update` tells them; as it is if nobody is named."""
    if not writer.name:
        return new
    return with_managed_fields(new, track_update(resource, old, new, writer, now))


def _sent(before: Sequence[Any], new: Object, writer: Writer) -> dict[Manager, Managed]:
    """The managers to start from; none if the request forgets them."""
    sent = metadata(new).get("managedFields") or []
    if writer.subresource or sent is before or sent == before or not sent:
        return read(before)
    if len(sent) == 1 and not any((sent[0] or {}).values()):
        return {}
    try:
        return read_sent(sent)
    except Malformed:
        return read(before)


def after_update(
    resource: Resource,
    managers: Managers,
    old: Object | None,
    new: Object,
    writer: Writer,
    now: float,
) -> Managers:
    """The managers after `writer` has made `new` of `old`; `managers` itself if none changed."""
    base = zero(resource.type_name) if old is None else old
    try:
        changes = compare(shape_of(resource.type_name), base, new)
    except Unkeyed:
        return managers  # upstream, too, leaves alone what it cannot read
    changes = changes.without(reset_fields(resource, writer.subresource))
    if not (changes.added or changes.modified or changes.removed):
        return managers
    left = released(managers, changes)
    taken = difference(union(changes.added, changes.modified), SYSTEM)
    if taken:
        mine = Manager(writer.name, UPDATE, resource.api_version, writer.subresource)
        held = left[mine].fields if mine in left else {}
        left[mine] = Managed(union(taken, held), resource.api_version, render(now))
    return capped(left)


def released(managers: Managers, changes: Comparison) -> dict[Manager, Managed]:
    """The managers without the fields that changed; those left with none are gone."""
    gone: Tree = union(union(changes.added, changes.modified), changes.removed)
    left: dict[Manager, Managed] = {}
    for manager, managed in managers.items():
        fields = difference(managed.fields, gone)
        if fields:
            left[manager] = managed if fields == managed.fields else replace(managed, fields=fields)
    return left
