"""The tally of one Job's pods: their fold, kept up to date pod event by pod event.

An event costs the same whether the Job has ten indexes or a hundred thousand. Pods that ended
and are counted leave no trace here but their index, which the Job's status has on record.
The law, tested: folding events gives what counting the pods afresh gives.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from itertools import islice
from typing import Final, TypeVar

from localjobs.api.index_set import IndexSet
from localjobs.api.objects import Object
from localjobs.api.pod import SUCCEEDED, PodView
from localjobs.controller.backoff import NO_BACKOFF, BackoffRecord

_Key = TypeVar("_Key")
_NONE: Final = IndexSet()


class Tally:
    """The pods that still matter to a Job, and what its decisions need to know of them."""

    __slots__ = (
        "_active_at",
        "_claimants",
        "_claimed",
        "_completed",
        "_failed",
        "_highest",
        "_pods",
        "_repeated",
        "_terminating_at",
        "active",
        "backoff",
        "ready",
        "restarts",
        "terminating",
        "unclaimed",
        "uncounted",
    )

    def __init__(self, pods: Iterable[PodView] = ()) -> None:
        self.active: dict[str, PodView] = {}
        """By uid: not ended, and nobody asked them to."""
        self.terminating: dict[str, PodView] = {}
        """By uid: asked to end and not there yet."""
        self.uncounted: dict[str, PodView] = {}
        """By uid: tracked, and ended or asked to."""
        self.unclaimed: dict[str, PodView] = {}
        """By uid: pods to adopt (they match and have no controller) or to release."""
        self.ready = 0
        """How many active pods are ready."""
        self.restarts = 0
        """The container restarts of all pods that have not ended."""
        self.backoff: BackoffRecord = NO_BACKOFF
        self._pods: dict[str, PodView] = {}
        self._active_at: dict[int | None, int] = {}
        self._terminating_at: dict[int | None, int] = {}
        self._repeated = 0
        self._highest = -1
        self._claimants: dict[int, int] = {}
        self._claimed = IndexSet()
        self._completed: IndexSet | None = None
        self._failed: IndexSet | None = None
        for pod in pods:
            self.put(pod)

    def has(self, uid: str, obj: Object) -> bool:
        """Whether this very state of a pod is what `put` was last told of it."""
        known = self._pods.get(uid)
        return known is not None and known.object is obj

    def put(self, pod: PodView) -> bool:
        """Take note of a pod, new or changed; False if nothing of it was news."""
        if self.has(pod.uid, pod.object):
            return False
        known = self._pods.get(pod.uid)
        # The new state first: an index that passes from one to the other stays claimed.
        if pod.is_active or pod.is_terminating or pod.is_tracked:
            self._pods[pod.uid] = pod
            self._enter(pod)
        elif known is not None:
            del self._pods[pod.uid]
        if known is not None:
            self._leave(known)
        self.unclaimed.pop(pod.uid, None)
        return known is not None or pod.uid in self._pods

    def put_unclaimed(self, pod: PodView) -> None:
        """Take note of a pod that is to be adopted or released."""
        self.drop(pod.uid)
        self.unclaimed[pod.uid] = pod

    def drop(self, uid: str) -> bool:
        """Forget a pod: it is gone, counted, or not the Job's. False if nobody knew it."""
        known = self._pods.pop(uid, None)
        if known is not None:
            self._leave(known)
        return self.unclaimed.pop(uid, None) is not None or known is not None

    def record(
        self, completed: IndexSet | None, failed: IndexSet | None, fresh: Iterable[int] | None
    ) -> None:
        """The Job's status has these indexes on record as completed and failed.

        `fresh` are those among the failed ones that were not on record before; None if the
        record may differ from the one before in any way, which costs a recount.
        """
        self._completed, self._failed = completed, failed
        if fresh is None:
            claimed = IndexSet(sorted(self._claimants))
            self._claimed = claimed.union(completed or _NONE).union(failed or _NONE)
        else:
            for index in fresh:
                self._claimed.add(index)

    def has_on_record(self, completed: IndexSet | None, failed: IndexSet | None) -> bool:
        """Whether these very sets are what `record` was last told."""
        return self._completed is completed and self._failed is failed

    def free_indexes(self, count: int, completions: int, taken: Container[int]) -> list[int]:
        """The lowest `count` indexes that no pod holds, are not on record and not in `taken`.

        Pods start in order, so the free indexes begin at the end of a long run of claimed ones
        or in one of few gaps in it: finding them costs what there are of them, not of indexes.
        """
        free = (each for each in self._claimed.missing(completions) if each not in taken)
        return list(islice(free, count))

    def has_active(self, index: int) -> bool:
        """Whether some active pod has that index."""
        return index in self._active_at

    def has_terminating(self, index: int) -> bool:
        """Whether some terminating pod has that index."""
        return index in self._terminating_at

    def has_misplaced(self, completions: int) -> bool:
        """Whether active pods share an index, have none, or have one that is out of range."""
        if self._repeated > 0 or None in self._active_at:
            return True
        if self._highest >= completions:
            # It may be long gone: look once, and remember what there is now.
            self._highest = max(
                (index for index in self._active_at if index is not None), default=-1
            )
        return self._highest >= completions

    def _enter(self, pod: PodView) -> None:
        if pod.is_active:
            self.active[pod.uid] = pod
            self.ready += pod.is_ready
            self._repeated += _add(self._active_at, pod.completion_index) > 1
            if pod.completion_index is not None and pod.completion_index > self._highest:
                self._highest = pod.completion_index
        else:
            self.active.pop(pod.uid, None)
            if pod.is_terminating:
                self.terminating[pod.uid] = pod
                _add(self._terminating_at, pod.completion_index)
            else:
                self.terminating.pop(pod.uid, None)
        if pod.is_tracked and not pod.is_active:
            self.uncounted[pod.uid] = pod
        else:
            self.uncounted.pop(pod.uid, None)
        self.restarts += pod.restarts
        if (
            pod.completion_index is not None
            and _claims(pod)
            and _add(self._claimants, pod.completion_index) == 1
        ):
            self._claimed.add(pod.completion_index)

    def _leave(self, pod: PodView) -> None:
        if pod.uid not in self._pods:
            self.active.pop(pod.uid, None)
            self.terminating.pop(pod.uid, None)
            self.uncounted.pop(pod.uid, None)
        if pod.is_active:
            self.ready -= pod.is_ready
            self._repeated -= _subtract(self._active_at, pod.completion_index) > 0
        elif pod.is_terminating:
            _subtract(self._terminating_at, pod.completion_index)
        self.restarts -= pod.restarts
        if pod.completion_index is not None and _claims(pod):
            left = _subtract(self._claimants, pod.completion_index)
            if left == 0 and not self._is_on_record(pod.completion_index):
                self._claimed.discard(pod.completion_index)

    def _is_on_record(self, index: int) -> bool:
        completed, failed = self._completed, self._failed
        return (completed is not None and index in completed) or (
            failed is not None and index in failed
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return NotImplemented
        compared = (name for name in self.__slots__ if name != "_highest")
        return all(getattr(self, name) == getattr(other, name) for name in compared)

    __hash__ = None  # type: ignore[assignment]  # it changes, so it has no hash

    def __repr__(self) -> str:
        return (
            f"Tally(active={len(self.active)}, ready={self.ready}, "
            f"terminating={len(self.terminating)}, uncounted={len(self.uncounted)})"
        )


def _claims(pod: PodView) -> bool:
    """Whether the pod keeps its index from others: it runs, or its success is not counted yet."""
    return pod.is_active or (pod.is_tracked and pod.phase == SUCCEEDED)


def _add(counts: dict[_Key, int], key: _Key) -> int:
    """Count one more of `key`; returns how many there are now."""
    count = counts.get(key, 0) + 1
    counts[key] = count
    return count


def _subtract(counts: dict[_Key, int], key: _Key) -> int:
    """Count one less of `key`; returns how many are left."""
    count = counts[key] - 1
    if count:
        counts[key] = count
    else:
        del counts[key]
    return count
