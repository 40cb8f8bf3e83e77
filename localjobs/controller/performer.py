"""Carries out plans: one Job's plan at a time, in one transaction of the store.

The pods first, then the Job's status: whoever sees a Job's end finds its pods let go of.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeAlias, assert_never

from msgspec.structs import replace

from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import WriteOptions
from localjobs.api import objects
from localjobs.api.job import TRACKING_FINALIZER
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS
from localjobs.clock import Clock
from localjobs.controller import pods
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
)
from localjobs.controller.garbage_collection import references, without_finalizer, without_owners
from localjobs.controller.job_record import JobRecord, backoff_to_value
from localjobs.errors import AlreadyExists, ApiError, Conflict, NotFound
from localjobs.identities import Identities
from localjobs.store.registry import Registry
from localjobs.store.store import Store

COMPONENT: Final = "job-controller"
FIELD_MANAGER: Final = "kube-controller-manager"
BACKOFF_TABLE: Final = "job-backoff"
NAME_ATTEMPTS: Final = 8


ActionOnWhatIsThere: TypeAlias = (
    DeletePod | RemoveFinalizer | AdoptPod | ReleasePod | RecordEvent | DeleteJob
)


class Recorder(Protocol):
    """Records events, as `store.event_recorder.EventRecorder` does."""

    def record(
        self, regarding: Object, type_: str, reason: str, message: str, component: str, /
    ) -> object: ...


class Performer:
    """The only place where the Job controller changes anything."""

    def __init__(
        self,
        store: Store,
        registry: Registry,
        clock: Clock,
        identities: Identities,
        recorder: Recorder,
    ) -> None:
        self._store = store
        self._registry = registry
        self._clock = clock
        self._identities = identities
        self._recorder = recorder

    def perform(self, record: JobRecord, plan: Plan) -> bool:
        """Carry out a plan; whether it is worth going on with it when it says so.

        Raises `ApiError`, after the rest is done, if a pod is refused. In a namespace that ends
        every pod is, until the Job is gone: that is no error, and no reason to look again.
        """
        tally = record.tally
        if plan.backoff != tally.backoff:
            tally.backoff = plan.backoff
            self._store.record(BACKOFF_TABLE, record.view.uid, backoff_to_value(plan.backoff))
        completed, failed = plan.status.completed_indexes, plan.status.failed_indexes
        if not tally.has_on_record(completed, failed):
            tally.record(completed, failed, plan.failed_indexes)
        refusal = self._do_all(record, plan.actions)
        if refusal is not None:
            plan = replace(plan, status=replace(plan.status, active=len(tally.active)))
        self._write_status(record, plan)
        if refusal is not None and not _is_namespace_ending(refusal):
            raise refusal
        return refusal is None

    def _do_all(self, record: JobRecord, actions: Sequence[Action]) -> ApiError | None:
        """Do all of it; once a pod is refused the others, which are like it, are not tried."""
        refusal: ApiError | None = None
        for action in actions:
            if isinstance(action, CreatePod):
                refusal = refusal or self._create_pod(record, action)
            else:
                self._do(record, action)
        return refusal

    def release(self, record: JobRecord) -> None:
        """Take the tracking finalizer of all its pods: the Job is gone."""
        self._store.record(BACKOFF_TABLE, record.view.uid, None)
        tally = record.tally
        for pod in [*tally.uncounted.values(), *tally.active.values()]:
            if pod.is_tracked:
                self._remove_finalizer(record, pod.name, pod.uid)

    def free_orphan(self, pod: Object) -> None:
        """Take the tracking finalizer of a pod that no Job will count."""
        self._registry.put(PODS, without_finalizer(pod, TRACKING_FINALIZER))

    def _write_status(self, record: JobRecord, plan: Plan) -> None:
        view = record.view
        if plan.status == view.status:
            return
        job = self._store.get(JOBS, view.namespace, view.name)
        if job is None or objects.uid(job) != view.uid:
            return  # deleted while its plan was carried out
        stored = self._registry.put(JOBS, objects.with_status(job, plan.status.to_object()))
        if stored is not None:
            record.view = replace(view, object=stored, status=plan.status)
        if record.view.is_finished:
            self._store.record(BACKOFF_TABLE, view.uid, None)

    def _do(self, record: JobRecord, action: ActionOnWhatIsThere) -> None:
        match action:
            case DeletePod(name=name, uid=uid):
                self._delete_pod(record, name, uid)
            case RemoveFinalizer(name=name, uid=uid):
                self._remove_finalizer(record, name, uid)
            case AdoptPod(name=name, uid=uid):
                self._adopt(record, name, uid)
            case ReleasePod(name=name, uid=uid):
                self._release(record, name, uid)
            case RecordEvent(type=type_, reason=reason, message=message):
                self._record(record, type_, reason, message)
            case DeleteJob(uid=uid):
                self._delete_job(record, uid)
            case _:
                assert_never(action)

    def _create_pod(self, record: JobRecord, action: CreatePod) -> ApiError | None:
        """Make a pod; the error if it is refused."""
        try:
            mold = record.mold() or self._make_mold(record, action)
            pod = self._insert(mold, action)
        except ApiError as error:
            if not _is_namespace_ending(error):
                self._record(record, WARNING, "FailedCreate", f"Error creating: {error}")
            return error
        record.see_pod(pod)
        self._record(record, NORMAL, "SuccessfulCreate", f"Created pod: {objects.name(pod)}")
        return None

    def _make_mold(self, record: JobRecord, action: CreatePod) -> pods.PodMold:
        body = pods.pod_of(record.view, action)
        options = WriteOptions(field_manager=FIELD_MANAGER, dry_run=True)
        admitted = self._registry.create(PODS, record.view.namespace, body, options).object
        mold = pods.PodMold.of(record.view, admitted)
        record.keep_mold(mold)
        return mold

    def _insert(self, mold: pods.PodMold, action: CreatePod) -> Object:
        for _ in range(NAME_ATTEMPTS - 1):
            try:
                return self._insert_once(mold, action)
            except AlreadyExists:
                continue  # that suffix is taken: draw another one
        return self._insert_once(mold, action)

    def _insert_once(self, mold: pods.PodMold, action: CreatePod) -> Object:
        uid, suffix = self._identities.uid(), self._identities.suffix()
        return self._store.insert(PODS, mold.fill(action, uid, suffix, self._clock.now()))

    def _delete_pod(self, record: JobRecord, name: str, uid: str) -> None:
        if self._remove_finalizer(record, name, uid) is None:
            return
        try:
            self._registry.delete(PODS, record.view.namespace, name, DeleteOptions(uid=uid))
        except (NotFound, Conflict):
            return  # it went by itself
        left = self._store.by_uid(uid)
        if left is None:
            record.tally.drop(uid)
        else:
            record.see_pod(left)
        self._record(record, NORMAL, "SuccessfulDelete", f"Deleted pod: {name}")

    def _remove_finalizer(self, record: JobRecord, name: str, uid: str) -> Object | None:
        """The pod without the finalizer; None if it is gone, by that or before."""
        pod = self._pod(record, name, uid)
        if pod is not None and TRACKING_FINALIZER in objects.finalizers(pod):
            pod = self._registry.put(PODS, without_finalizer(pod, TRACKING_FINALIZER))
        if pod is None:
            record.tally.drop(uid)
        else:
            record.see_pod(pod)
        return pod

    def _adopt(self, record: JobRecord, name: str, uid: str) -> None:
        pod = self._pod(record, name, uid)
        record.tally.drop(uid)
        if pod is None or objects.controller_uid(pod) is not None:
            return
        finalizers = objects.finalizers(pod)
        if TRACKING_FINALIZER not in finalizers:
            finalizers = [*finalizers, TRACKING_FINALIZER]
        owners = [*references(pod), pods.owner_reference(record.view)]
        adopted = objects.with_metadata(pod, ownerReferences=owners, finalizers=finalizers)
        stored = self._registry.put(PODS, adopted)
        if stored is not None:
            record.see_pod(stored)

    def _release(self, record: JobRecord, name: str, uid: str) -> None:
        pod = self._pod(record, name, uid)
        record.tally.drop(uid)
        if pod is not None:
            free = without_owners(pod, (record.view.uid,))
            self._registry.put(PODS, without_finalizer(free, TRACKING_FINALIZER))

    def _delete_job(self, record: JobRecord, uid: str) -> None:
        options = DeleteOptions(propagation_policy="Foreground", uid=uid)
        try:
            self._registry.delete(JOBS, record.view.namespace, record.view.name, options)
        except (NotFound, Conflict):
            return  # somebody deleted it first

    def _pod(self, record: JobRecord, name: str, uid: str) -> Object | None:
        """The pod as it is now, unless another one has its name."""
        pod = self._store.get(PODS, record.view.namespace, name)
        return pod if pod is not None and objects.uid(pod) == uid else None

    def _record(self, record: JobRecord, type_: str, reason: str, message: str) -> None:
        self._recorder.record(record.view.object, type_, reason, message, COMPONENT)


def _is_namespace_ending(error: ApiError) -> bool:
    causes = error.details.causes if error.details is not None else ()
    return any(cause.reason == "NamespaceTerminating" for cause in causes)
