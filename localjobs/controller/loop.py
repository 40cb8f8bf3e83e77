"""The Job controller's loop: changes in, plans out.

It folds the store's changes into the tallies, then reconciles every Job they concern once, in
the same turn of the event loop; the writes of a turn are one transaction. Only where it makes
a difference do pods that ended wait for those that end right after them (`settling`). Between
changes a timer per Job wakes it. Everything it knows can be read from the store again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from loguru import logger

from localjobs.api import objects
from localjobs.api.job import CONTROLLER_UID_LABEL, TRACKING_FINALIZER, JobView
from localjobs.api.objects import Object
from localjobs.api.resources import BY_KIND, JOBS, PODS
from localjobs.clock import Clock, Timer
from localjobs.controller.actions import DeletePod, earliest
from localjobs.controller.job_record import JobRecord, backoff_of_value
from localjobs.controller.performer import BACKOFF_TABLE, Performer, Recorder
from localjobs.controller.reconcile import reconcile
from localjobs.controller.settling import News, counted_at, is_end_within_reach
from localjobs.errors import ApiError
from localjobs.identities import Identities
from localjobs.store.changes import Change, ChangeType
from localjobs.store.registry import Registry
from localjobs.store.store import Store

FIRST_RETRY_SECONDS: Final = 1.0
LONGEST_RETRY_SECONDS: Final = 60.0


class JobController:
    """Keeps every Job of the store as the law wants it."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        clock: Clock,
        identities: Identities,
        recorder: Recorder,
    ) -> None:
        self._store = store
        self._clock = clock
        self._performer = Performer(store, registry, clock, identities, recorder)
        self._records: dict[str, JobRecord] = {}
        """By uid: the Jobs that are not at rest."""
        self._by_hand: dict[str, None] = {}
        """The uids of those among them whose selector a user wrote."""
        self._dirty: dict[str, News] = {}
        """By uid: the Jobs to look at, and why."""
        self._timers: dict[str, tuple[float, Timer]] = {}
        self._failures: dict[str, int] = {}
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        """Read what is there, take it up, and follow the changes."""
        backoffs: dict[str, Any] = self._store.records(BACKOFF_TABLE)
        for job in self._store.list(JOBS):
            record = self._see_job(job)
            if (value := backoffs.get(record.view.uid)) is not None:
                record.tally.backoff = backoff_of_value(value)
        for version in self._store.versions(PODS):
            # What is at rest and belongs to a finished Job needs nothing: leave it packed.
            uid = version.labels.get(CONTROLLER_UID_LABEL)
            record_of = self._records.get(uid) if uid is not None else None
            if version.is_at_rest and record_of is not None and record_of.view.is_finished:
                continue
            self._see_pod(version.object)
        self._unsubscribe = self._store.subscribe(self._on_changes, before_commit=True)
        self._work()

    def stop(self) -> None:
        """Do nothing more."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        for _, timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _on_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.resource is PODS:
                self._pod_changed(change)
            elif change.resource is JOBS:
                self._job_changed(change)
        self._work()

    # Jobs

    def _job_changed(self, change: Change) -> None:
        uid = objects.uid(change.object)
        if change.type is ChangeType.DELETED:
            self._job_gone(uid)
            return
        record = self._records.get(uid)
        if record is None or record.view.object is not change.object:
            self._see_job(change.object)

    def _see_job(self, job: Object) -> JobRecord:
        uid = objects.uid(job)
        record = self._records.get(uid)
        if record is None:
            record = self._records[uid] = JobRecord(JobView.of(job))
            if record.is_selecting_by_hand:
                self._by_hand[uid] = None
                self._see_orphans_of(record)
        elif job["metadata"].get("deletionTimestamp") and not record.view.is_deleting:
            record.tally.unclaimed.clear()  # what is being deleted claims nothing
        record.see_job(job)
        self._dirty[uid] = News.JOB
        return record

    def _job_gone(self, uid: str) -> None:
        self._set_timer(uid, None)
        self._dirty.pop(uid, None)
        record = self._forget(uid)
        if record is not None:
            self._performer.release(record)

    def _forget(self, uid: str) -> JobRecord | None:
        self._by_hand.pop(uid, None)
        self._failures.pop(uid, None)
        return self._records.pop(uid, None)

    # Pods

    def _pod_changed(self, change: Change) -> None:
        if change.type is not ChangeType.DELETED:
            self._see_pod(change.object)
            return
        uid, owner = objects.uid(change.object), objects.controller_uid(change.object)
        for job_uid in [owner] if owner is not None else list(self._by_hand):
            record = self._records.get(job_uid)
            if record is not None:
                self._note(job_uid, record.lose_pod(uid))

    def _see_pod(self, pod: Object) -> None:
        owner = objects.controller_uid(pod)
        if owner is None:
            self._see_orphan(pod)
            return
        record = self._records.get(owner)
        if record is None:
            if TRACKING_FINALIZER not in objects.finalizers(pod):
                return
            record = self._take_up(pod, owner)
            if record is None:
                return
        self._note(owner, record.see_pod(pod))

    def _take_up(self, pod: Object, owner: str) -> JobRecord | None:
        """The record of a Job at rest that a tracked pod belongs to.

        If the Job is gone, nobody will ever count the pod; if the owner is no Job, the pod is
        none of ours.
        """
        job = self._store.by_uid(owner)
        if job is not None:
            is_job = BY_KIND.get((job["apiVersion"], job["kind"])) is JOBS
            return self._see_job(job) if is_job else None
        if any(
            reference["uid"] == owner and reference["kind"] == "Job"
            for reference in (objects.metadata(pod).get("ownerReferences") or ())
        ):
            self._performer.free_orphan(pod)
        return None

    def _see_orphan(self, pod: Object) -> None:
        """A pod without a controller: some Job may want it."""
        labelled = objects.labels(pod).get(CONTROLLER_UID_LABEL)
        for uid in ([labelled] if labelled in self._records else []) + list(self._by_hand):
            record = self._records[uid]
            if record.view.namespace == objects.namespace(pod):
                self._note(uid, record.see_pod(pod))
                if objects.uid(pod) in record.tally.unclaimed:
                    return
        if TRACKING_FINALIZER in objects.finalizers(pod):
            self._performer.free_orphan(pod)

    def _see_orphans_of(self, record: JobRecord) -> None:
        for version in self._store.versions(PODS, record.view.namespace):
            pod = version.object
            if objects.controller_uid(pod) is None:
                record.see_pod(pod)

    # Work

    def _note(self, uid: str, news: News) -> None:
        if news is not News.NONE:
            self._dirty[uid] = max(news, self._dirty.get(uid, news))

    def _work(self) -> None:
        """Reconcile what changed: each Job once."""
        dirty, self._dirty = self._dirty, {}
        for uid, news in dirty.items():
            if self._is_settling(uid, news):
                continue
            try:
                self._reconcile(uid)
            except Exception as error:  # noqa: BLE001 - one Job's trouble is not the others'
                self._retry_later(uid, error)
            else:
                self._failures.pop(uid, None)

    def _is_settling(self, uid: str, news: News) -> bool:
        """Whether pods that ended wait to be counted with those that end right after them."""
        record = self._records.get(uid)
        if record is None or news is News.JOB:
            return False
        if record.settling_since is None and news is not News.END:
            return False
        if not is_end_within_reach(record.view, record.tally):
            return False
        now = self._clock.now()
        if record.settling_since is None:
            record.settling_since = now
        self._set_timer(uid, earliest(record.wake_at, counted_at(record.settling_since, now)))
        return True

    def _reconcile(self, uid: str) -> None:
        record = self._records.get(uid)
        if record is None:
            return
        record.settling_since = None
        job = self._store.get(JOBS, record.view.namespace, record.view.name)
        if job is None or objects.uid(job) != uid:
            return  # its deletion is on the way to us
        record.see_job(job)
        plan = reconcile(record.view, record.tally, self._clock.now())
        wake_at = plan.wake_at if self._performer.perform(record, plan) else None
        if any(isinstance(action, DeletePod) for action in plan.actions):
            # Some are gone at once, others terminate: which, the plan could not know.
            wake_at = self._clock.now()
        record.wake_at = wake_at
        self._set_timer(uid, wake_at)
        if record.is_at_rest:
            self._forget(uid)

    def _retry_later(self, uid: str, error: Exception) -> None:
        failures = self._failures.get(uid, 0)
        self._failures[uid] = min(failures + 1, 16)
        delay = min(FIRST_RETRY_SECONDS * 2**failures, LONGEST_RETRY_SECONDS)
        if isinstance(error, ApiError):
            logger.warning("Job {}: {}; trying again in {:g} s", uid, error, delay)
        else:
            logger.opt(exception=error).error("Job {}: trying again in {:g} s", uid, delay)
        self._set_timer(uid, self._clock.now() + delay)

    def _set_timer(self, uid: str, when: float | None) -> None:
        known = self._timers.get(uid)
        if known is not None:
            if known[0] == when:
                return
            known[1].cancel()
            del self._timers[uid]
        if when is not None:
            self._timers[uid] = when, self._clock.call_at(when, lambda: self._wake(uid))

    def _wake(self, uid: str) -> None:
        del self._timers[uid]
        if uid not in self._records:
            job = self._store.by_uid(uid)
            if job is None:
                return
            self._see_job(job)
        self._dirty[uid] = News.JOB
        self._work()
