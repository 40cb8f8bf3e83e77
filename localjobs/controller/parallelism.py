"""How many pods a Job should have, and which to make or delete to get there.

A sync either deletes or creates, never both: what is deleted is seen before anything new
comes. At most 500 pods are made in one go, so that one big Job does not keep the others
waiting. Source: pkg/controller/job/job_controller.go, manageJob; controller_utils.go, ActivePods.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from localjobs.api.job import JobSpec
from localjobs.api.pod import PENDING, RUNNING, PodView
from localjobs.controller.actions import CreatePod, earliest
from localjobs.controller.backoff import BackoffRecord, index_backoff_ends_at
from localjobs.controller.pod_failure_policy import judge
from localjobs.controller.reckoning import Reckoning
from localjobs.controller.tally import Tally

MAX_PER_SYNC: Final = 500

_PHASE_ORDER: Final = {PENDING: 0, RUNNING: 2}
"""Which pods go first; one whose phase is not known goes between."""


class Adjustment(Struct, frozen=True):
    """The pods to delete or to create now, and when there may be more."""

    delete: tuple[PodView, ...] = ()
    create: tuple[CreatePod, ...] = ()
    wake_at: float | None = None


def wanted_active(spec: JobSpec, succeeded: int, active: int) -> int:
    """How many active pods there should be.

    Without `completions`, after the first success the running pods finish by themselves.
    """
    if spec.completions is None:
        return active if succeeded > 0 else spec.parallelism
    return max(0, min(spec.parallelism, spec.completions - succeeded))


def adjust(
    spec: JobSpec,
    tally: Tally,
    reckoning: Reckoning,
    succeeded: int,
    backoff: BackoffRecord,
    now: float,
) -> Adjustment:
    """What to delete or create so that there are as many pods as there should be."""
    active = len(tally.active)
    if spec.suspend:
        return Adjustment(delete=tuple(_surplus_order(tally.active.values())))
    wanted = wanted_active(spec, succeeded, active)
    surplus = _surplus(spec, tally, max(0, active - wanted))
    if surplus:
        return Adjustment(surplus[:MAX_PER_SYNC], (), now if surplus[MAX_PER_SYNC:] else None)
    missing = wanted - active - (len(tally.terminating) if spec.only_replaces_failed else 0)
    if missing <= 0:
        return Adjustment()
    end = backoff.ends_at if spec.backoff_limit_per_index is None else None
    if end is not None and now < end:
        return Adjustment(wake_at=end)
    count = min(missing, MAX_PER_SYNC)
    more_at = now if missing > count else None
    if not spec.is_indexed:
        return Adjustment((), (CreatePod(),) * count, more_at)
    return _start_indexes(spec, tally, reckoning, count, now, more_at)


def _start_indexes(
    spec: JobSpec,
    tally: Tally,
    reckoning: Reckoning,
    count: int,
    now: float,
    more_at: float | None,
) -> Adjustment:
    """Start the lowest free indexes; those among them that back off wait, and nobody for them."""
    taken = _Taken(tally if spec.only_replaces_failed else None, reckoning)
    free = tally.free_indexes(count, spec.completions or 0, taken)
    create, waits = [], []
    for index in free:
        failed = reckoning.held_at(index)
        end = None if failed is None else index_backoff_ends_at(failed)
        if end is not None and now < end:
            waits.append(end)
        else:
            create.append(_create(spec, index, failed))
    return Adjustment((), tuple(create), earliest(*waits, more_at if create else None))


class _Taken(Struct, frozen=True):
    """The indexes that are not to be started though no active pod has them."""

    terminating: Tally | None
    reckoning: Reckoning

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        if self.terminating is not None and self.terminating.has_terminating(index):
            return True
        completed, failed = self.reckoning.completed, self.reckoning.failed
        return (completed is not None and index in completed) or (
            failed is not None and index in failed
        )


def _create(spec: JobSpec, index: int, failed: PodView | None) -> CreatePod:
    """Start an index; with a limit per index, carrying on the counts of its last failed pod."""
    if spec.backoff_limit_per_index is None:
        return CreatePod(index)
    if failed is None:
        return CreatePod(index, 0)
    counts = judge(spec.pod_failure_policy, failed).counts
    return CreatePod(
        index,
        failed.index_failures + counts,
        failed.index_ignored_failures + (not counts),
    )


def _surplus(spec: JobSpec, tally: Tally, at_least: int) -> tuple[PodView, ...]:
    """The active pods to delete: misplaced ones whatever their number, then the least useful."""
    if not spec.is_indexed or not tally.has_misplaced(spec.completions or 0):
        return tuple(_surplus_order(tally.active.values())[:at_least]) if at_least else ()
    ordered = _surplus_order(tally.active.values())
    kept: dict[int, PodView] = {}
    misplaced: list[PodView] = []
    for pod in reversed(ordered):  # of several with one index, the most useful is kept
        if (
            pod.completion_index is None
            or pod.completion_index >= (spec.completions or 0)
            or pod.completion_index in kept
        ):
            misplaced.append(pod)
        else:
            kept[pod.completion_index] = pod
    others = [
        pod for pod in ordered if pod.completion_index in kept and kept[pod.completion_index] is pod
    ]
    return (*misplaced, *others[: max(0, at_least - len(misplaced))])


def _surplus_order(pods: Iterable[PodView]) -> list[PodView]:
    """The pods, those first that have got least far."""
    return sorted(pods, key=_usefulness)


def _usefulness(pod: PodView) -> tuple[bool, int, bool, float, int, float, int, str]:
    spec = pod.object.get("spec") or {}
    return (
        bool(spec.get("nodeName")),
        _PHASE_ORDER.get(pod.phase, 1),
        pod.is_ready,
        -pod.ready_since if pod.is_ready else 0.0,
        -pod.most_restarts,
        -pod.created_at,
        -1 if pod.completion_index is None else pod.completion_index,
        pod.name,
    )
