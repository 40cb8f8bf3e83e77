"""Which pods a sync counts, and so lets go of.

Counting a pod, taking its tracking finalizer and writing the Job's status is one transaction of
the store. Upstream cannot do that: it first writes the pods' uids into
`uncountedTerminatedPods`, so that a crash between the writes neither loses nor repeats a count.
Here nothing can come between them, and `uncountedTerminatedPods` is `{}` from the first sync.
Source: pkg/controller/job/job_controller.go, trackJobStatusAndRemoveFinalizers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from localjobs.api.job import JobView
from localjobs.api.job_status import FAILURE_TARGET, JobCondition
from localjobs.api.pod import SUCCEEDED, PodView
from localjobs.controller import pod_failure_policy
from localjobs.controller.reckoning import Reckoning, is_failed, is_valid
from localjobs.controller.tally import Tally


class Settlement(Struct, frozen=True):
    """The pods that are counted now, or never will be, and what they add to the counters."""

    settled: tuple[PodView, ...]
    succeeded: int
    failed: int


def settle(
    job: JobView,
    tally: Tally,
    reckoning: Reckoning,
    finish: JobCondition | None,
    restarted: Collection[int | None],
) -> Settlement:
    """Count what can be counted. `restarted` are the indexes that get a new pod in this sync.

    Once the end is decided, or the Job is being deleted, no pod is kept back: after a failure
    those that still run count as failed, otherwise they do not count.
    """
    settled, succeeded, failed = [], 0, 0
    for pod in _candidates(job, tally, finish):
        has_failed = is_failed(job.spec, pod)
        if finish is None and not job.is_deleting and pod.phase != SUCCEEDED:
            held = reckoning.held_at(pod.completion_index)
            is_held = (
                held is not None and held.uid == pod.uid and pod.completion_index not in restarted
            )
            if not has_failed or is_held:
                continue
        settled.append(pod)
        if not is_valid(job.spec, pod):
            continue
        if pod.phase == SUCCEEDED:
            succeeded += 1
        elif has_failed or (finish is not None and finish.type == FAILURE_TARGET):
            failed += pod_failure_policy.judge(job.spec.pod_failure_policy, pod).counts
    return Settlement(tuple(settled), succeeded, failed)


def _candidates(job: JobView, tally: Tally, finish: JobCondition | None) -> Iterator[PodView]:
    yield from tally.uncounted.values()
    if finish is not None or job.is_deleting:
        for pod in tally.active.values():
            if pod.is_tracked:
                yield pod
