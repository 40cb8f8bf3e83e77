"""`metadata.managedFields`: who manages which fields, since when.

apimachinery/pkg/util/managedfields/internal: managedfields.go (reading, writing, order),
capmanagers.go (a limit to the number of managers that update).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from localjobs.admission.ownership.field_set import Malformed, Tree, checked, union
from localjobs.api.objects import Object, metadata, with_metadata

APPLY, UPDATE = "Apply", "Update"
_FIELDS_TYPE = "FieldsV1"
_MOST_UPDATERS = 10
_ANCIENT = "ancient-changes"


class Manager(Struct, frozen=True):
    """Who manages fields: told apart by all of this, so that one name may have several entries."""

    name: str
    operation: str
    """`Apply` or `Update`."""
    api_version: str = ""
    """Of an updater; an applier stays the same whatever version it applies."""
    subresource: str = ""

    def __str__(self) -> str:
        """As conflicts name it (managedfields/internal/conflict.go)."""
        text = f'"{self.name}"'
        if self.subresource:
            text = f'{text} with subresource "{self.subresource}"'
        return f"{text} using {self.api_version}" if self.operation == UPDATE else text

    @property
    def identifier(self) -> str:
        """What upstream tells managers apart by, and sorts them by (managedfields.go)."""
        members = {
            "manager": self.name,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "subresource": self.subresource,
        }
        return msgspec.json.encode({key: one for key, one in members.items() if one}).decode()


class Managed(Struct, frozen=True):
    """What one manager manages."""

    fields: Tree
    api_version: str
    time: str | None = None
    """RFC 3339; None if it never changed anything."""


Managers: TypeAlias = Mapping[Manager, Managed]


def read(entries: Sequence[Any]) -> dict[Manager, Managed]:
    """The managers of an object that is stored, whose entries are known to be sound."""
    return {_manager(entry): _managed(entry, entry.get("fieldsV1") or {}) for entry in entries}


def read_sent(entries: Sequence[Any]) -> dict[Manager, Managed]:
    """The managers in an object that a client sent; raises Malformed if they cannot be read."""
    managers: dict[Manager, Managed] = {}
    for entry in entries:
        sound = (
            entry.get("operation") in (APPLY, UPDATE)
            and entry.get("apiVersion")
            and entry.get("fieldsType") == _FIELDS_TYPE
        )
        if not sound:
            raise Malformed
        managers[_manager(entry)] = _managed(entry, checked(entry.get("fieldsV1") or {}))
    return managers


def _manager(entry: Mapping[str, Any]) -> Manager:
    operation = entry["operation"]
    return Manager(
        entry.get("manager", ""),
        operation,
        entry["apiVersion"] if operation == UPDATE else "",
        entry.get("subresource", ""),
    )


def _managed(entry: Mapping[str, Any], fields: Tree) -> Managed:
    return Managed(fields, entry["apiVersion"], entry.get("time"))


def written(managers: Managers) -> list[Object]:
    """The entries of `metadata.managedFields`: appliers first, then by time and name."""
    entries = [_entry(manager, managed) for manager, managed in managers.items()]
    return sorted(entries, key=_order)


def _entry(manager: Manager, managed: Managed) -> Object:
    entry: Object = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": managed.api_version,
        "time": managed.time,
        "fieldsType": _FIELDS_TYPE,
        "fieldsV1": managed.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in entry.items() if value or key == "fieldsV1"}


def _order(entry: Object) -> tuple[str, ...]:
    keys = ("operation", "time", "manager", "apiVersion", "subresource")
    return tuple(entry.get(key, "") for key in keys)


def with_managed_fields(obj: Object, entries: Iterable[Object]) -> Object:
    """`obj` with these entries; with none, without the member."""
    return with_metadata(obj, managedFields=list(entries) or None)


def with_idle_times(old: Object, new: Object) -> Object:
    """`new`, with the old times of its managers if nothing but times would change.

    A write that changes nothing must not become one by its time (apiserver,
    endpoints/handlers/fieldmanager/equality.go). Call this with the object as it would be stored.
    """
    before, after = (metadata(obj).get("managedFields") or () for obj in (old, new))
    if before == after or not before or not after:
        return new
    if [{**entry, "time": ""} for entry in before] != [{**entry, "time": ""} for entry in after]:
        return new
    kept = with_managed_fields(new, before)
    return kept if kept == old else new


def capped(managers: dict[Manager, Managed]) -> dict[Manager, Managed]:
    """The managers, with the oldest of too many updaters put together under one name."""
    updaters = [manager for manager in managers if manager.operation == UPDATE]
    surplus = len(updaters) - _MOST_UPDATERS
    if surplus <= 0:
        return managers
    out = dict(managers)
    firsts: dict[str, Manager] = {}
    for manager in sorted(updaters, key=lambda one: (managers[one].time or "", _text(one))):
        version = managers[manager].api_version
        first = firsts.setdefault(version, manager)
        if first is manager or surplus <= 0:
            continue
        bucket = Manager(_ANCIENT, UPDATE, version)
        older = out.get(bucket) or out.pop(first)
        newer = out.pop(manager)
        out[bucket] = replace(newer, fields=union(older.fields, newer.fields))
        surplus -= 1
    return out


def _text(manager: Manager) -> tuple[str, ...]:
    return manager.name, manager.operation, manager.api_version, manager.subresource
