"""Conflicts of a server-side apply: fields that others own and that it would change.

structured-merge-diff, merge/conflict.go; texts: apimachinery/pkg/util/managedfields/internal,
conflict.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from localjobs.admission.ownership.comparison import Comparison
from localjobs.admission.ownership.field_set import Tree, intersection, path_text, paths, union
from localjobs.admission.ownership.managers import Manager, Managers
from localjobs.errors import Cause, Conflict, Details

Conflicts: TypeAlias = Mapping[Manager, Tree]
"""Which of whose fields an apply would change."""


def conflicts_of(managers: Managers, applier: Manager, changes: Comparison) -> Conflicts:
    """The fields of other managers that these changes touch."""
    touched = union(changes.modified, changes.added)
    found = {
        manager: intersection(managed.fields, touched)
        for manager, managed in managers.items()
        if manager != applier
    }
    return {manager: fields for manager, fields in found.items() if fields}


def conflict_error(conflicts: Conflicts) -> Conflict:
    """The 409 that names every field and its manager."""
    listed = [
        (str(manager), path_text(path))
        for manager in sorted(conflicts, key=lambda one: one.identifier)
        for path in paths(conflicts[manager])
    ]
    causes = tuple(
        Cause("FieldManagerConflict", f"conflict with {manager}", path) for manager, path in listed
    )
    return Conflict(_message(listed), Details(causes=causes))


def _message(listed: list[tuple[str, str]]) -> str:
    if len(listed) == 1:
        manager, path = listed[0]
        return f"Apply failed with 1 conflict: conflict with {manager}: {path}"
    lines: list[str] = []
    for manager in dict.fromkeys(manager for manager, _ in listed):
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {path}" for owner, path in listed if owner == manager]
    return f"Apply failed with {len(listed)} conflicts: " + "\n".join(lines)
