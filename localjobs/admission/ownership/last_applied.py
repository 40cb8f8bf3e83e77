"""From client-side to server-side apply: the annotation in which kubectl kept what it applied.

apimachinery/pkg/util/managedfields/internal, lastapplied*.go. Fields that are still as kubectl's
annotation says are its own: taking them over with server-side apply is no conflict. As long as
the annotation is there, it is kept up to date.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from localjobs.admission.ownership.comparison import compare
from localjobs.admission.ownership.configuration import type_errors
from localjobs.admission.ownership.field_set import Tree, difference, union
from localjobs.admission.ownership.merging import field_set
from localjobs.admission.ownership.shapes import Shape, Unkeyed
from localjobs.api import objects
from localjobs.api.objects import Object, with_metadata

KUBECTL = "kubectl"
"""The manager that `kubectl apply --server-side` names."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_MOST_BYTES = 256 * 1024


def with_last_applied(obj: Object, config: Object) -> Object:
    """`obj` with its annotation, if it has one, telling of this configuration."""
    there = objects.annotations(obj)
    if LAST_APPLIED not in there:
        return obj
    told = {**there, LAST_APPLIED: _told(config)}
    if sum(len(key.encode()) + len(text.encode()) for key, text in told.items()) > _MOST_BYTES:
        del told[LAST_APPLIED]
    return with_metadata(obj, annotations=told)


def _told(config: Object) -> str:
    if LAST_APPLIED in objects.annotations(config):
        left = {
            key: text for key, text in objects.annotations(config).items() if key != LAST_APPLIED
        }
        config = {**config, "metadata": {**config["metadata"], "annotations": left}}
    return json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def fields_left_as_applied(shape: Shape, live: Object) -> Tree:
    """The fields that the annotation tells of and that are still as it says."""
    applied = _applied(live)
    if applied is None or type_errors(shape, applied):
        return {}
    try:
        changes = compare(shape, applied, live)
        told = field_set(shape, applied)
    except Unkeyed:
        return {}
    changed = union(union(changes.modified, changes.added), changes.removed)
    return difference(told, changed)


def _applied(live: Object) -> Any:
    text = objects.annotations(live).get(LAST_APPLIED)
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None  # not kubectl's text, and no claim to anything
