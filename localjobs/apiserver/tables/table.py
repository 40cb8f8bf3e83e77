"""`meta.k8s.io/v1` Tables: what `kubectl get` prints (pkg/printers/internalversion/printers.go).

A printer is a list of columns and a function from an object to its row. The server sends
every column; a client shows those of priority 0, and of priority 1 with `-o wide`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from localjobs.api import timestamps
from localjobs.api.objects import Object, metadata
from localjobs.apiserver.tables.durations import human_duration

UNKNOWN = "<unknown>"
NONE = "<none>"

IncludeObject = Literal["None", "Metadata", "Object"]

NAME_DESCRIPTION = (
    "Name must be unique within a namespace. Is required when creating resources, although some "
    "resources may allow a client to request the generation of an appropriate name automatically. "
    "Name is primarily intended for creation idempotence and configuration definition. Cannot be "
    "updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
AGE_DESCRIPTION = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. "
    "It is not guaranteed to be set in happens-before order across separate operations. Clients "
    "may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the "
    "system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/"
    "sig-architecture/api-conventions.md#metadata"
)


class Column(Struct, frozen=True):
    """One column definition."""

    name: str
    description: str = ""
    type: str = "string"
    format: str = ""
    priority: int = 0

    def to_object(self) -> Object:
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


NAME = Column("Name", NAME_DESCRIPTION, format="name")
AGE = Column("Age", AGE_DESCRIPTION)


class Row(Struct, frozen=True):
    """A row's cells, and the row conditions a client may grey it out by."""

    cells: tuple[Any, ...]
    conditions: tuple[Object, ...] = ()


class Printer(Struct, frozen=True):
    """How objects of one kind are shown: `row(object, now)`, one cell per column."""

    columns: tuple[Column, ...]
    row: Callable[[Object, float], Row]

    def table(
        self,
        objects: Iterable[Object],
        now: float,
        *,
        list_metadata: Mapping[str, Any],
        include: IncludeObject = "Metadata",
        with_columns: bool = True,
    ) -> Object:
        """The Table of these objects; watches send the columns once (`with_columns`), then null."""
        columns = [column.to_object() for column in self.columns] if with_columns else None
        return {
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": dict(list_metadata),
            "columnDefinitions": columns,
            "rows": [self._row(obj, now, include) for obj in objects],
        }

    def _row(self, obj: Object, now: float, include: IncludeObject) -> Object:
        row = self.row(obj, now)
        rendered: Object = {"cells": list(row.cells)}
        if row.conditions:
            rendered["conditions"] = list(row.conditions)
        rendered["object"] = included(obj, include)
        return rendered


def included(obj: Object, include: IncludeObject) -> Object | None:
    """What a row carries of its object (`includeObject`)."""
    if include == "None":
        return None
    return obj if include == "Object" else partial_metadata(obj)


def partial_metadata(obj: Object) -> Object:
    """The object reduced to a `PartialObjectMetadata`."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata(obj),
    }


def age(obj: Object, now: float) -> str:
    """How long ago the object was created."""
    return since(metadata(obj).get("creationTimestamp"), now)


def since(timestamp: str | None, now: float) -> str:
    """How long ago this was; `<unknown>` for no time."""
    return human_duration(now - timestamps.parse(timestamp)) if timestamp else UNKNOWN


def joined(items: Iterable[Any]) -> str:
    """Names in one cell."""
    return ",".join(str(item) for item in items)
