"""Fields that nobody owns: those of the system, and those a (sub)resource does not write.

apimachinery/pkg/util/managedfields/internal/stripmeta.go; GetResetFields of the strategies in
pkg/registry (batch/job, core/pod, core/node, core/namespace, core/service).
"""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.ownership.field_set import LEAF, Tree, union
from localjobs.api.resources import Resource

_STRIPPED = ("name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName")
SYSTEM: Tree = {
    "f:apiVersion": LEAF,
    "f:kind": LEAF,
    "f:metadata": {
        ".": LEAF,
        **{
            f"f:{name}": LEAF
            for name in (*_STRIPPED, "generation", "managedFields", "resourceVersion")
        },
    },
}
"""What is taken out of every manager's set."""


def _at(path: str) -> Tree:
    tree = LEAF
    for name in reversed(path.split(".")):
        tree = {f"f:{name}": tree}
    return tree


def _all(paths: Iterable[str]) -> Tree:
    tree: Tree = {}
    for path in paths:
        tree = union(tree, _at(path))
    return tree


_OF_MAIN = _all(["status"])
_OF_STATUS = _all(["spec"])
_OF_POD_STATUS = _all(["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"])


def reset_fields(resource: Resource, subresource: str) -> Tree:
    """What a write to this (sub)resource leaves as it was, whatever the request says."""
    if not resource.has_status:
        return LEAF
    if subresource == "status":
        return _OF_POD_STATUS if resource.kind == "Pod" else _OF_STATUS
    return _OF_MAIN
