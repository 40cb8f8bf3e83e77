"""Which ends of pods are counted together.

Upstream looks at a Job a second after the first change of its pods (syncJobBatchPeriod in
pkg/controller/job/job_controller.go), and so counts together what ended within that second.
Here an end counts at once, except where the difference could be seen: while other pods run,
and what they may do in the same moment could end the Job early. Counted one by one, a success
policy would stop pods that were about to succeed too, and a failure that ends the Job would
come after pods were started in the place of those that ended beside it.

Such a Job waits until its pods are quiet, and no longer than upstream would. A pod that was the
last one running is never waited with, so the end of a Job whose pods all ended comes at once.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from localjobs.api.job import DEFAULT_BACKOFF_LIMIT, JobView
from localjobs.api.job_status import FAILURE_TARGET, SUCCESS_CRITERIA_MET
from localjobs.controller.pod_failure_policy import FAIL_JOB
from localjobs.controller.reckoning import is_failed
from localjobs.controller.tally import Tally

QUIET_SECONDS: Final = 0.1
"""Pods that were started together and do the same end within a few milliseconds of each other,
within some tens on a busy machine."""

LONGEST_SECONDS: Final = 1.0
"""Upstream's syncJobBatchPeriod: what ends later is counted apart there too."""


class News(IntEnum):
    """What came of a Job since it was last looked at; the greatest says all."""

    NONE = 0
    POD = 1
    """A pod changed, but none ended."""
    END = 2
    """A pod ended or is asked to, or a container was started again."""
    JOB = 3
    """The Job itself changed, or its time has come: that never waits."""


def counted_at(since: float, now: float) -> float:
    """When to count what ended `since` then, if the pods stay quiet from now on."""
    return min(now + QUIET_SECONDS, since + LONGEST_SECONDS)


def is_end_within_reach(job: JobView, tally: Tally) -> bool:
    """Whether the pods that still run could, by ending now, be part of an early end of the Job.

    Every Job that allows failures could fail if enough pods failed at once. A Job that leaves
    the back-off limit at its default, or allows more, is not kept waiting for that before there
    is a failure: its pods are many and short more often than they fail together.
    """
    spec, status = job.spec, job.status
    if not tally.active or job.is_finished or job.is_deleting or spec.suspend:
        return False
    if status.is_true(SUCCESS_CRITERIA_MET) or status.is_true(FAILURE_TARGET):
        return False
    if spec.success_policy or any(r.action == FAIL_JOB for r in spec.pod_failure_policy or ()):
        return True
    at_stake = len(tally.active) + len(tally.uncounted)
    failed_indexes = len(status.failed_indexes or ())
    if spec.max_failed_indexes is not None and failed_indexes + at_stake > spec.max_failed_indexes:
        return True
    if status.failed + tally.restarts + at_stake <= spec.backoff_limit:
        return False
    return spec.backoff_limit < DEFAULT_BACKOFF_LIMIT or _has_failure(job, tally)


def _has_failure(job: JobView, tally: Tally) -> bool:
    failed = any(is_failed(job.spec, pod) for pod in tally.uncounted.values())
    return failed or tally.restarts > 0
