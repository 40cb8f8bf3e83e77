"""API objects as the store and the wire hold them: plain JSON dicts.

An object that has been handed to the store, or taken from it, is never changed in place:
whoever wants it different builds a new dict (nested parts may be shared between objects).
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
"""A decoded JSON object: `{"apiVersion": ..., "kind": ..., "metadata": {...}, ...}`."""


def metadata(obj: Mapping[str, Any]) -> Object:
    """The object's metadata; an empty dict if it has none."""
    found: Object | None = obj.get("metadata")
    return found if found is not None else {}


def name(obj: Mapping[str, Any]) -> str:
    """`metadata.name`, or ""."""
    return metadata(obj).get("name") or ""


def namespace(obj: Mapping[str, Any]) -> str:
    """`metadata.namespace`, or "" for what has none."""
    return metadata(obj).get("namespace") or ""


def uid(obj: Mapping[str, Any]) -> str:
    """`metadata.uid`, or ""."""
    return metadata(obj).get("uid") or ""


def labels(obj: Mapping[str, Any]) -> dict[str, str]:
    """`metadata.labels`; an empty dict if it has none."""
    return metadata(obj).get("labels") or {}


def annotations(obj: Mapping[str, Any]) -> dict[str, str]:
    """`metadata.annotations`; an empty dict if it has none."""
    return metadata(obj).get("annotations") or {}


def finalizers(obj: Mapping[str, Any]) -> list[str]:
    """`metadata.finalizers`; an empty list if it has none."""
    return metadata(obj).get("finalizers") or []


def is_deleting(obj: Mapping[str, Any]) -> bool:
    """Whether somebody asked for its deletion and it is still here."""
    return "deletionTimestamp" in metadata(obj)


def controller_uid(obj: Mapping[str, Any]) -> str | None:
    """The uid of the owner reference with `controller: true`, if there is one."""
    for reference in metadata(obj).get("ownerReferences") or ():
        if reference.get("controller"):
            return str(reference["uid"])
    return None


def with_metadata(obj: Object, **changes: Any) -> Object:
    """A copy whose metadata has these members; a member given as None is removed."""
    changed = {**metadata(obj), **changes}
    return {**obj, "metadata": {k: v for k, v in changed.items() if v is not None}}


def with_status(obj: Object, status: Object) -> Object:
    """A copy with this status."""
    return {**obj, "status": status}
