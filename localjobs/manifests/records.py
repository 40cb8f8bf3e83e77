"""What is remembered of a manifest that was applied, and its form on disk.

The record outlives the object: it is how a Job that was deleted when its time to live was over
stays deleted, and how the daemon's next start tells an old manifest from a new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import BY_KIND
from localjobs.manifests.targets import Target

TABLE = "manifests"
"""The store's table of records; its keys are the manifests' file names."""


class Applied(Struct, frozen=True):
    """One object that a manifest made or took over."""

    target: Target
    uid: str
    content: str
    """The digest of the document as it was applied."""
    source: str = ""
    """The digest of its file, if it was the only document in it."""
    last: Object | None = None
    """Its last entry in the status file, once it has finished or is being deleted."""
    deleted_at: float | None = None
    """When it was deleted, seconds since the epoch; its manifest still stands."""

    def to_object(self) -> Object:
        resource = self.target.resource
        members = {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "namespace": self.target.namespace,
            "name": self.target.name,
            "uid": self.uid,
            "content": self.content,
            "source": self.source,
            "last": self.last,
            "deletedAt": self.deleted_at,
        }
        return {key: value for key, value in members.items() if value not in (None, "")}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Applied:
        """Read a record that `to_object` wrote."""
        resource = BY_KIND[record["apiVersion"], record["kind"]]
        target = Target(resource, record.get("namespace", ""), record["name"])
        return cls(
            target,
            record["uid"],
            record["content"],
            record.get("source", ""),
            record.get("last"),
            record.get("deletedAt"),
        )


def dump(applied: Mapping[Target, Applied]) -> Object | None:
    """The record of a file; None if there is nothing to remember."""
    if not applied:
        return None
    return {"applied": [one.to_object() for one in applied.values()]}


def load(record: Mapping[str, Any]) -> dict[Target, Applied]:
    """The objects that a file's record remembers."""
    applied = [Applied.of(one) for one in record["applied"]]
    return {one.target: one for one in applied}
