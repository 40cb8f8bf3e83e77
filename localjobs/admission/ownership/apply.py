"""Server-side apply: a manager says which fields it wants, and how.

structured-merge-diff, merge/update.go (Apply and prune); apimachinery/pkg/util/managedfields,
internal/structuredmerge.go and the managers around it. What the configuration sets is merged
into the object; what the manager applied before, does not apply now and nobody else owns, is
removed; fields of others that would change are conflicts, unless the apply is forced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from localjobs.admission.ownership.comparison import compare
from localjobs.admission.ownership.configuration import type_errors
from localjobs.admission.ownership.conflicts import Conflicts, conflict_error, conflicts_of
from localjobs.admission.ownership.field_set import (
    Tree,
    difference,
    intersection,
    recursive_difference,
    union,
)
from localjobs.admission.ownership.last_applied import (
    KUBECTL,
    fields_left_as_applied,
    with_last_applied,
)
from localjobs.admission.ownership.managers import (
    APPLY,
    Managed,
    Manager,
    Managers,
    read,
    with_managed_fields,
    written,
)
from localjobs.admission.ownership.merging import field_set, merged, with_structs, without
from localjobs.admission.ownership.shapes import Shape, Unkeyed, shape_of
from localjobs.admission.ownership.tracking import (
    BEFORE_FIRST_APPLY,
    Writer,
    after_update,
    released,
)
from localjobs.admission.ownership.untracked import SYSTEM, reset_fields
from localjobs.admission.patching.gotext import json_noun
from localjobs.admission.patching.patch import PatchKind
from localjobs.api.objects import Object, metadata
from localjobs.api.resources import Resource
from localjobs.api.timestamps import render
from localjobs.errors import BadRequest, UnknownError


class Application(Struct, frozen=True):
    """One apply: who, through what, by force or not, and when."""

    writer: Writer
    force: bool
    now: float


def apply_configuration(
    resource: Resource, old: Object | None, config: Any, application: Application
) -> Object:
    """`old` (None: there is none) with the configuration applied, and its managers up to date.

    The result is neither decoded nor defaulted. Raises BadRequest for a configuration of another
    type, UnknownError for one with unknown fields or wrong types, Conflict for fields of others.
    """
    shape = shape_of(resource.type_name)
    config = _map(config)
    _check(resource, shape, config)
    live = with_managed_fields(old, ()) if old is not None else {}
    managers = _managers_of(resource, old, live, application)
    apply = _Apply(resource, shape, live, config, application)
    wanted, others, conflicts = apply.outcome(managers)
    if conflicts and not application.force and not apply.may_take(conflicts):
        raise conflict_error(apply.left_of(conflicts))
    if application.writer.name == KUBECTL:
        wanted = with_last_applied(wanted, config)
    return with_managed_fields(wanted, written(others))


def _map(config: Any) -> Object:
    if config is not None and not isinstance(config, dict):
        raise PatchKind.APPLY.unreadable(
            f"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal "
            f"{json_noun(config)} into Go value of type map[string]interface {{}}"
        )
    return config or {}


def _check(resource: Resource, shape: Shape, config: Any) -> None:
    group_version, kind = (_text(config.get(key)) for key in ("apiVersion", "kind"))
    if (group_version, kind) != (resource.api_version, resource.kind):
        raise BadRequest(f"invalid object type: {_qualified(group_version, kind)}")
    own = config.get("metadata")
    own = own if isinstance(own, dict) else {}
    if isinstance(own.get("managedFields"), list):
        raise BadRequest("metadata.managedFields must be nil")
    if errors := type_errors(shape, config):
        raise UnknownError(f"failed to create typed patch object ({described(config)}): {errors}")


def described(config: Object) -> str:
    """A configuration as errors name it: `default/j; batch/v1, Kind=Job`."""
    own = config.get("metadata")
    own = own if isinstance(own, dict) else {}
    place = f"{_text(own.get('namespace'))}/{_text(own.get('name'))}"
    return f"{place}; {_qualified(_text(config.get('apiVersion')), _text(config.get('kind')))}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _qualified(group_version: str, kind: str) -> str:
    version = group_version if "/" in group_version else f"/{group_version}"
    return f"{version}, Kind={kind}"


def _managers_of(
    resource: Resource, old: Object | None, live: Object, application: Application
) -> Mapping[Manager, Managed]:
    """The managers to start from: an object that was never applied gets one for all there is."""
    entries = metadata(old).get("managedFields") or () if old is not None else ()
    if entries or old is None:
        return read(entries)
    earlier = Writer(BEFORE_FIRST_APPLY, application.writer.subresource)
    return after_update(resource, {}, None, live, earlier, application.now)


class _Apply:
    """One apply in the making: what is there, what is wanted, and who wants it."""

    def __init__(
        self,
        resource: Resource,
        shape: Shape,
        live: Object,
        config: Object,
        application: Application,
    ) -> None:
        self._resource, self._shape = resource, shape
        self._live, self._config = live, config
        self._now = application.now
        writer = application.writer
        self._manager = Manager(writer.name, APPLY, "", writer.subresource)
        self._ignored = reset_fields(resource, writer.subresource)

    def outcome(self, managers: Managers) -> tuple[Object, Managers, Conflicts]:
        """The object and its managers after the apply, and what stands against it."""
        fields = recursive_difference(field_set(self._shape, self._config), self._ignored)
        last = managers.get(self._manager)
        since = last.time if last else None
        mine = Managed(fields, self._resource.api_version, since)
        claims = {**managers, self._manager: mine}
        wanted = self._merged()
        if last is not None:
            wanted = self._pruned(wanted, last.fields, claims)
        changes = compare(self._shape, self._live, wanted).without(self._ignored)
        conflicts = conflicts_of(claims, self._manager, changes)
        others = released({m: one for m, one in claims.items() if m != self._manager}, changes)
        if kept := difference(fields, SYSTEM):
            time = render(self._now) if wanted != self._live else since
            others[self._manager] = replace(mine, fields=kept, time=time)
        return wanted, others, conflicts

    def _merged(self) -> Object:
        try:
            result: Object = merged(self._shape, self._live, self._config)
        except Unkeyed as error:
            raise UnknownError(f"failed to create typed live object: {error}") from error
        return result

    def _pruned(self, wanted: Object, last: Tree, claims: Managers) -> Object:
        """`wanted` without what the manager no longer applies and nobody else owns."""
        if not difference(last, claims[self._manager].fields):
            return wanted
        shape = self._shape
        last = with_structs(shape, last)
        managed: Tree = {}
        for claim in claims.values():
            managed = union(managed, claim.fields)
        all_fields = with_structs(shape, field_set(shape, wanted))
        pruned = with_structs(shape, field_set(shape, without(shape, wanted, last)))
        owned = union(pruned, with_structs(shape, managed))
        pruned_object = without(shape, wanted, difference(all_fields, owned))
        pruned = with_structs(shape, field_set(shape, pruned_object))
        gone = intersection(difference(all_fields, pruned), last)
        result: Object = without(shape, wanted, gone)
        return result

    def may_take(self, conflicts: Conflicts) -> bool:
        """Whether kubectl owns the fields already, from the time when it applied by itself."""
        return self._manager.name == KUBECTL and not self.left_of(conflicts)

    def left_of(self, conflicts: Conflicts) -> Conflicts:
        """The conflicts that are none of kubectl with its former self."""
        if self._manager.name != KUBECTL:
            return conflicts
        allowed = fields_left_as_applied(self._shape, self._live)
        left = {manager: difference(fields, allowed) for manager, fields in conflicts.items()}
        return {manager: fields for manager, fields in left.items() if fields}
