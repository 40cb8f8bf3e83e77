"""JSON merge patches (RFC 7386), as upstream's library applies them.

The library is gopkg.in/evanphx/json-patch.v4 (merge.go), which differs from the RFC in one
thing: a value that the object did not have loses its nulls inside lists' objects too.
"""

from __future__ import annotations

from typing import Any


def merge_patch(original: Any, patch: Any) -> Any:
    """`original` with `patch` merged in: null removes a member, other values replace it."""
    if not isinstance(original, dict):
        return without_nulls(patch)
    if not isinstance(patch, dict):
        return patch
    merged = dict(original)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif merged.get(key) is None:
            merged[key] = without_nulls(value)
        else:
            merged[key] = merge_patch(merged[key], value)
    return merged


def without_nulls(value: Any) -> Any:
    """`value` without the members that are null, at any depth; null items of lists stay."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in value]
    return value
