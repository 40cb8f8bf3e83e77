"""The law of Jobs: what a Job, its pods and the time make of it.

`reconcile` decides all of it and does none of it. It evaluates in this order
(pkg/controller/job/job_controller.go, syncJob):

 1. A finished Job changes no more: its last pods are let go of, and when its time to live
    is over it is deleted.
 2. A Job that another controller manages is left alone.
 3. A Job with a completion mode nobody knows gets an event and nothing else.
 4. Pods that match are adopted, pods that do not match are released; everything else then
    waits for the next look, which sees them.
 5. The pods that ended are reckoned up: successes, failures, indexes.
 6. A Job that is not suspended has started, now if it had not.
 7. Is the end decided? In the order of `finish`: it was already; the pod failure policy; the
    back-off limit; the active deadline; failed indexes; the success policy.
 8. If so, every active pod is deleted. If not, and unless the Job is being deleted, pods are
    deleted or created until there are as many as there should be; enough successes with
    nothing running decide the end.
 9. A Job whose end is not decided is suspended or resumed, if its spec says so.
10. The pods that ended are counted and let go of, the interim condition is set, and the
    terminal one with it once no pod is terminating.

So nothing is created in a sync that decides the end, and the end of the last pod comes before
the end of the Job.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from localjobs.api import objects
from localjobs.api.job import JobView
from localjobs.api.job_status import COMPLETE, JobCondition, JobStatus
from localjobs.api.pod import PodView
from localjobs.controller import conditions, finish, suspension, ttl
from localjobs.controller.actions import (
    NORMAL,
    WARNING,
    Action,
    AdoptPod,
    CreatePod,
    DeleteJob,
    DeletePod,
    Plan,
    RecordEvent,
    ReleasePod,
    RemoveFinalizer,
    earliest,
)
from localjobs.controller.backoff import BackoffRecord
from localjobs.controller.parallelism import Adjustment, adjust
from localjobs.controller.reckoning import Reckoning, reckon
from localjobs.controller.settlement import Settlement, settle
from localjobs.controller.tally import Tally

_KNOWN_MODES = ("NonIndexed", "Indexed")


def reconcile(job: JobView, tally: Tally, now: float) -> Plan:
    """What is to be written and done now, and when to look again. Pure and total."""
    if job.is_finished:
        return _after_the_end(job, tally, now)
    if job.spec.is_managed_elsewhere:
        return Plan(job.status, backoff=tally.backoff)
    if job.spec.completion_mode not in _KNOWN_MODES:
        event = RecordEvent(
            WARNING,
            "UnknownCompletionMode",
            "Skipped Job sync because completion mode is unknown",
        )
        return Plan(job.status, (event,), backoff=tally.backoff)
    if tally.unclaimed and not job.is_deleting:
        claims = tuple(_claim(job, pod) for pod in tally.unclaimed.values())
        return Plan(job.status, claims, wake_at=now, backoff=tally.backoff)
    return _sync(job, tally, now)


def _after_the_end(job: JobView, tally: Tally, now: float) -> Plan:
    actions: list[Action] = []
    if not job.spec.is_managed_elsewhere:
        pods = (*tally.uncounted.values(), *tally.active.values())
        actions += [RemoveFinalizer(pod.name, pod.uid) for pod in pods if pod.is_tracked]
    expiry = ttl.expires_at(job)
    if expiry is not None and now >= expiry:
        actions.append(DeleteJob(job.uid))
        expiry = None
    return Plan(job.status, tuple(actions), expiry, tally.backoff)


def _claim(job: JobView, pod: PodView) -> Action:
    if objects.controller_uid(pod.object) == job.uid:
        return ReleasePod(pod.name, pod.uid)
    return AdoptPod(pod.name, pod.uid)


class _Decision(Struct, frozen=True):
    """What steps 5 to 9 decided."""

    reckoning: Reckoning
    backoff: BackoffRecord
    adjustment: Adjustment
    finish: JobCondition | None
    conditions: tuple[JobCondition, ...]
    start_time: float | None
    events: tuple[Action, ...] = ()


def _sync(job: JobView, tally: Tally, now: float) -> Plan:
    decision = _decide(job, tally, now)
    adjustment, end = decision.adjustment, decision.finish
    restarted = {each.index for each in adjustment.create}
    settlement = settle(job, tally, decision.reckoning, end, restarted)
    status = _status(job, tally, decision, settlement)
    status, finished = _finished(job, status, end, now)
    if end is None:
        wake_at = earliest(adjustment.wake_at, finish.deadline(job.spec, status.start_time))
    else:
        wake_at = ttl.expires_at(replace(job, status=status))
    return Plan(
        status,
        (*_pod_actions(adjustment, settlement), *decision.events, *finished),
        wake_at,
        decision.backoff,
        decision.reckoning.newly_failed,
    )


def _decide(job: JobView, tally: Tally, now: float) -> _Decision:
    spec, status = job.spec, job.status
    reckoning = reckon(spec, status, tally)
    backoff = tally.backoff
    if spec.backoff_limit_per_index is None:
        ended = tuple(failure.pod for failure in reckoning.failures)
        backoff = backoff.after(reckoning.succeeded, ended)
    start = status.start_time
    if start is None and not spec.suspend:
        start = float(int(now))
    end = finish.decided(finish.Situation(spec, status, tally, reckoning, start, now))
    if end is not None:
        everything = Adjustment(delete=tuple(tally.active.values()))
        return _Decision(reckoning, backoff, everything, end, status.conditions, start)
    succeeded, adjustment = _succeeded(status, reckoning), Adjustment()
    if not job.is_deleting:
        adjustment = adjust(spec, tally, reckoning, succeeded, backoff, now)
    active = len(tally.active) - len(adjustment.delete) + len(adjustment.create)
    end = finish.completed(spec, succeeded, active, now)
    turn = None
    if end is None and not job.is_deleting:
        turn = suspension.turn(spec.suspend, status.conditions, now)
    if turn is None:
        return _Decision(reckoning, backoff, adjustment, end, status.conditions, start)
    return _Decision(
        reckoning, backoff, adjustment, end, turn.conditions, turn.start_time, (turn.event,)
    )


def _succeeded(status: JobStatus, reckoning: Reckoning) -> int:
    if reckoning.completed is not None:
        return len(reckoning.completed)
    return status.succeeded + len(reckoning.succeeded)


def _status(job: JobView, tally: Tally, decision: _Decision, settlement: Settlement) -> JobStatus:
    """The status after this sync, but for the conditions that end the Job."""
    reckoning, adjustment = decision.reckoning, decision.adjustment
    deleted = len(adjustment.delete)
    succeeded = job.status.succeeded + settlement.succeeded
    if reckoning.completed is not None:
        succeeded = len(reckoning.completed)
    return JobStatus(
        conditions=decision.conditions,
        start_time=decision.start_time,
        completion_time=job.status.completion_time,
        active=len(tally.active) - deleted + len(adjustment.create),
        succeeded=succeeded,
        failed=job.status.failed + settlement.failed,
        terminating=len(tally.terminating) + deleted,
        ready=tally.ready - sum(pod.is_ready for pod in adjustment.delete),
        completed_indexes=reckoning.completed or None,
        failed_indexes=reckoning.failed,
        tracked=True,
    )


def _finished(
    job: JobView, status: JobStatus, end: JobCondition | None, now: float
) -> tuple[JobStatus, tuple[Action, ...]]:
    """Add the conditions that end the Job, as far as it has come; with the events they bring."""
    if end is None:
        return status, ()
    present = conditions.ensured(status.conditions, end) or status.conditions
    status = replace(status, conditions=present)
    if status.terminating:
        return status, ()
    last = conditions.terminal(end, now)
    present = conditions.ensured(present, last) or present
    if last.type != COMPLETE:
        event = RecordEvent(WARNING, last.reason, last.message)
        return replace(status, conditions=present), (event,)
    status = replace(status, conditions=present, completion_time=last.last_transition_time)
    events: list[Action] = [RecordEvent(NORMAL, "Completed", "Job completed")]
    if job.spec.completions is not None and status.succeeded > job.spec.completions:
        message = "Too many succeeded pods running after completion count reached"
        events.insert(0, RecordEvent(WARNING, "TooManySucceededPods", message))
    return status, tuple(events)


def _pod_actions(adjustment: Adjustment, settlement: Settlement) -> tuple[Action, ...]:
    """Deletions take the finalizer with them, so what is deleted need not be let go of too."""
    deleted = {pod.uid for pod in adjustment.delete}
    let_go = [
        RemoveFinalizer(pod.name, pod.uid) for pod in settlement.settled if pod.uid not in deleted
    ]
    deletions = [DeletePod(pod.name, pod.uid) for pod in adjustment.delete]
    creations: tuple[CreatePod, ...] = adjustment.create
    return (*let_go, *deletions, *creations)
