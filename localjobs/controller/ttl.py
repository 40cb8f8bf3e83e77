"""When a finished Job has outlived its time to live.

Source: pkg/controller/ttlafterfinished/ttlafterfinished_controller.go.
"""

from __future__ import annotations

from localjobs.api.job import JobView


def expires_at(job: JobView) -> float | None:
    """When the Job is to be deleted: never before, whatever the clock's fractions.

    None if it has no time to live, has not finished, or is being deleted already. The time
    counts from the last transition of the condition that ended it.
    """
    ttl, finish = job.spec.ttl_seconds_after_finished, job.status.finish
    if ttl is None or finish is None or finish.last_transition_time is None or job.is_deleting:
        return None
    return finish.last_transition_time + ttl
