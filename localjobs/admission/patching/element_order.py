"""The order of a merged list: `$setElementOrder` first, then the patch, then the live list.

apimachinery/pkg/util/strategicpatch/patch.go, normalizeElementOrder and what it calls. Items
are told apart by their merge key, or by their value in a list of primitives (merge key "").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from localjobs.admission.patching.directives import (
    DELETE,
    PATCH,
    SET_ELEMENT_ORDER,
    bad_argument,
    has_directive,
    no_merge_key,
)
from localjobs.admission.patching.gotext import kind_of, printed
from localjobs.errors import UnknownError

Items = Sequence[Any]


def identity(item: Any, merge_key: str) -> Any:
    """What tells this item from others. UnknownError if it lacks the merge key."""
    if not merge_key:
        return _comparable(item)
    if not isinstance(item, dict):
        raise bad_argument({}, item)
    if merge_key not in item:
        raise no_merge_key(item, merge_key)
    return _comparable(item[merge_key])


def _comparable(value: Any) -> Any:
    # Go tells 1 from true, and its interface values are hashable only as long as they are plain.
    return (kind_of(value), value) if not isinstance(value, dict | list) else id(value)


def in_order(merged: Items, wanted: Items, live: Items, merge_key: str) -> list[Any]:
    """`merged`, with what `wanted` names in its order, and the rest in the live list's."""
    named = {identity(item, merge_key) for item in wanted}
    patched = [item for item in merged if identity(item, merge_key) in named]
    rest = [item for item in merged if identity(item, merge_key) not in named]
    live_rank = _ranks(live, merge_key)
    return _interleaved(
        sorted(rest, key=_by_rank(live_rank, merge_key)),
        sorted(patched, key=_by_rank(_ranks(wanted, merge_key), merge_key)),
        lambda item: live_rank.get(identity(item, merge_key)),
    )


def _ranks(order: Items, merge_key: str) -> dict[Any, int]:
    ranks: dict[Any, int] = {}
    for index, item in enumerate(order):
        ranks.setdefault(identity(item, merge_key), index)
    return ranks


def _by_rank(ranks: dict[Any, int], merge_key: str) -> Callable[[Any], int]:
    return lambda item: ranks.get(identity(item, merge_key), len(ranks))


def _interleaved(rest: Items, patched: Items, rank: Callable[[Any], int | None]) -> list[Any]:
    """Both lists in one, each in its own order, as near the live list's order as can be."""
    out: list[Any] = []
    left, right = 0, 0
    while left < len(rest) and right < len(patched):
        before, after = rank(rest[left]), rank(patched[right])
        if before is not None and after is not None and before < after:
            out.append(rest[left])
            left += 1
        else:
            out.append(patched[right])
            right += 1
    return [*out, *rest[left:], *patched[right:]]


def check_order(patch: Items, order: Items, merge_key: str) -> None:
    """Raise UnknownError unless the patch's items all stand in `order`, in the same order."""
    if not order or not patch:
        return
    kept = [item for item in patch if not (merge_key and _is_deletion(item))]
    expected = iter(order)
    for item in (one for one in kept if not has_directive(one)):
        wanted = identity(item, merge_key)
        if not any(identity(one, merge_key) == wanted for one in expected):
            raise UnknownError(
                f"The order in patch list:\n{printed(list(patch))}\n"
                f" doesn't match {SET_ELEMENT_ORDER} list:\n{printed(list(order))}\n"
            )


def _is_deletion(item: Any) -> bool:
    return isinstance(item, dict) and item.get(PATCH) == DELETE
