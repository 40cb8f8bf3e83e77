"""A world with one Job and nothing but pure decisions: plans are applied to plain objects."""

from __future__ import annotations

import itertools
from typing import Any

from localjobs.api import objects, timestamps
from localjobs.api.job import TRACKING_FINALIZER, JobView
from localjobs.api.objects import Object
from localjobs.api.pod import PodView
from localjobs.controller import pods
from localjobs.controller.actions import (
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
from localjobs.controller.reconcile import reconcile
from localjobs.controller.tally import Tally

START = 1_700_000_000.0


def job_object(spec: dict[str, Any] | None = None, **fields: Any) -> Object:
    """A Job as the API would have stored it."""
    template = {
        "metadata": {"labels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
        "spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox"}]},
    }
    full = {
        "selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": "job-uid"}},
        "template": template,
        **(spec or {}),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": "j",
            "namespace": "ns",
            "uid": "job-uid",
            "creationTimestamp": timestamps.render(START),
        },
        "spec": full,
        **fields,
    }


def job_view(spec: dict[str, Any] | None = None, **fields: Any) -> JobView:
    return JobView.of(job_object(spec, **fields))


class Simulation:
    """One Job, its pods, and the time; `settle` reconciles until nothing is left to do."""

    def __init__(self, spec: dict[str, Any] | None = None, job: Object | None = None) -> None:
        self.now = START
        self.view = JobView.of(job if job is not None else job_object(spec))
        self.tally = Tally()
        self.pods: dict[str, Object] = {}
        self.events: list[RecordEvent] = []
        self.created = 0
        self.is_job_gone = False
        self.wake_at: float | None = None
        self.most_active = 0
        self._serial = itertools.count()
        self._is_settled = False

    # The controller's side

    def settle(self) -> None:
        """Reconcile until a plan changes nothing."""
        for _ in range(200):
            plan = self.step()
            if plan is None or (not plan.actions and self._is_settled):
                return
        raise AssertionError("reconciling does not come to rest")

    def step(self) -> Plan | None:
        if self.is_job_gone:
            return None
        self._keep_record()
        plan = reconcile(self.view, self.tally, self.now)
        self._is_settled = plan.status == self.view.status
        self._apply(plan)
        return plan

    def _keep_record(self) -> None:
        status = self.view.status
        if not self.tally.has_on_record(status.completed_indexes, status.failed_indexes):
            self.tally.record(status.completed_indexes, status.failed_indexes, None)

    def _apply(self, plan: Plan) -> None:
        if plan.status != self.view.status:
            self.change_job(status=plan.status.to_object())
            status = self.view.status
            assert status == plan.status, "a status survives being written and read"
            self.tally.record(status.completed_indexes, status.failed_indexes, plan.failed_indexes)
        self.tally.backoff = plan.backoff
        self.wake_at = plan.wake_at
        for action in plan.actions:
            self._perform(action)
        self.most_active = max(self.most_active, len(self.tally.active))

    def _perform(self, action: Action) -> None:
        match action:
            case CreatePod():
                mold = pods.PodMold.of(self.view, pods.pod_of(self.view, action))
                number = next(self._serial)
                pod = mold.fill(action, f"uid-{number}", f"{number:05}", self.now)
                self.created += 1
                self.put(objects.with_status(pod, {"phase": "Pending"}))
            case DeletePod(name=name):
                self._remove_finalizer(name)
                self.delete_pod(name)
            case RemoveFinalizer(name=name):
                self._remove_finalizer(name)
            case AdoptPod(name=name):
                pod = self.pods[name]
                reference = pods.owner_reference(self.view)
                self.put(
                    objects.with_metadata(
                        pod, ownerReferences=[reference], finalizers=[TRACKING_FINALIZER]
                    )
                )
            case ReleasePod(name=name, uid=uid):
                pod = self.pods[name]
                self.pods[name] = objects.with_metadata(pod, ownerReferences=None, finalizers=None)
                self.tally.drop(uid)
            case RecordEvent():
                self.events.append(action)
            case DeleteJob():
                self.is_job_gone = True

    def change_job(self, **members: Any) -> None:
        self.view = JobView.of({**self.view.object, **members}, self.view)

    def change_spec(self, **members: Any) -> None:
        self.change_job(spec={**self.view.object["spec"], **members})

    # The pods' side

    def put(self, pod: Object) -> None:
        name = objects.name(pod)
        if objects.is_deleting(pod) and not objects.finalizers(pod) and self._has_ended(pod):
            self.pods.pop(name, None)
            self.tally.drop(objects.uid(pod))
            return
        self.pods[name] = pod
        self.tally.put(PodView.of(pod))

    @staticmethod
    def _has_ended(pod: Object) -> bool:
        return pod["status"]["phase"] in ("Succeeded", "Failed")

    def _remove_finalizer(self, name: str) -> None:
        pod = self.pods[name]
        left = [each for each in objects.finalizers(pod) if each != TRACKING_FINALIZER]
        self.put(objects.with_metadata(pod, finalizers=left or None))

    def start_pod(self, name: str) -> None:
        pod = self.pods[name]
        since = timestamps.render(self.now)
        ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
        status = {
            "phase": "Running",
            "conditions": [ready],
            "containerStatuses": [{"name": "c", "restartCount": 0, "state": {"running": {}}}],
        }
        self.put({**pod, "spec": {**pod["spec"], "nodeName": "node"}, "status": status})

    def end_pod(self, name: str, exit_code: int, conditions: list[Object] | None = None) -> None:
        pod = self.pods[name]
        at = timestamps.render(self.now)
        terminated = {"exitCode": exit_code, "finishedAt": at}
        status = {
            "phase": "Succeeded" if exit_code == 0 else "Failed",
            "conditions": [
                {"type": "Ready", "status": "False", "lastTransitionTime": at},
                *(conditions or []),
            ],
            "containerStatuses": [
                {"name": "c", "restartCount": 0, "state": {"terminated": terminated}}
            ],
        }
        self.put(objects.with_status(pod, status))

    def restart_container(self, name: str, count: int) -> None:
        pod = self.pods[name]
        statuses = [{"name": "c", "restartCount": count, "state": {"running": {}}}]
        self.put(objects.with_status(pod, {"phase": "Running", "containerStatuses": statuses}))

    def delete_pod(self, name: str) -> None:
        """As a client's DELETE: a pod that runs nowhere is gone at once."""
        pod = self.pods[name]
        if objects.is_deleting(pod):
            return
        pod = objects.with_metadata(
            pod, deletionTimestamp=timestamps.render(self.now), deletionGracePeriodSeconds=0
        )
        if "nodeName" not in pod["spec"] and not objects.finalizers(pod):
            del self.pods[name]
            self.tally.drop(objects.uid(pod))
        else:
            self.put(pod)

    def names(self, *, active: bool | None = None) -> list[str]:
        views = [PodView.of(pod) for pod in self.pods.values()]
        return [view.name for view in views if active is None or view.is_active == active]

    def reasons(self) -> list[str]:
        return [event.reason for event in self.events]

    def conditions(self) -> list[tuple[str, str, str]]:
        return [(c.type, c.status, c.reason) for c in self.view.status.conditions]
