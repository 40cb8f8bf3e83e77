"""The Job controller's metrics, read from what happens to Jobs and their pods.

pkg/controller/job/metrics/metrics.go; where they are counted: job_controller.go.
"""

from prometheus_client import CollectorRegistry, Counter

from localjobs.api.index_set import IndexSet
from localjobs.api.objects import Object
from localjobs.apiserver.pod_metrics import owning_job
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store

_RESULTS = {"Complete": "succeeded", "Failed": "failed"}


class JobMetrics:
    """Counts what becomes of Jobs, their pods and their indexes."""

    def __init__(self, registry: CollectorRegistry, store: Store) -> None:
        self._store = store
        self._finished = Counter(
            "job_controller_jobs_finished_total",
            "The number of finished jobs.",
            ["completion_mode", "result", "reason"],
            registry=registry,
        )
        self._pods_finished = Counter(
            "job_controller_job_pods_finished_total",
            "The number of finished Pods that are fully tracked.",
            ["completion_mode", "result"],
            registry=registry,
        )
        self._pods_created = Counter(
            "job_controller_job_pods_creation_total",
            "The number of Pods created by the Job controller, by reason and status.",
            ["reason", "status"],
            registry=registry,
        )
        self._indexes = Counter(
            "job_controller_job_finished_indexes_total",
            "The number of finished indexes.",
            ["status", "backoffLimit"],
            registry=registry,
        )

    def job_changed(self, change: Change) -> None:
        """Count what the Job's status newly says."""
        if change.type is not ChangeType.MODIFIED or change.previous is None:
            return
        before, after = _status(change.previous), _status(change.object)
        if before is after:
            return
        spec = change.object["spec"]
        mode = spec.get("completionMode", "NonIndexed")
        for result in ("succeeded", "failed"):
            more = after.get(result, 0) - before.get(result, 0)
            if more > 0:
                self._pods_finished.labels(mode, result).inc(more)
        self._count_indexes(spec, before, after)
        finished = _finished(after)
        if finished is not None and _finished(before) is None:
            labels = (mode, _RESULTS[finished["type"]], finished.get("reason", ""))
            self._finished.labels(*labels).inc()

    def _count_indexes(self, spec: Object, before: Object, after: Object) -> None:
        if spec.get("completionMode") != "Indexed":
            return
        limit = "perIndex" if "backoffLimitPerIndex" in spec else "global"
        # Of an Indexed Job `succeeded` is the number of its completed indexes.
        counts = {
            "succeeded": after.get("succeeded", 0) - before.get("succeeded", 0),
            "failed": _more_indexes(before.get("failedIndexes"), after.get("failedIndexes"), spec),
        }
        for status, more in counts.items():
            if more > 0:
                self._indexes.labels(status, limit).inc(more)

    def pod_changed(self, change: Change) -> None:
        """Count a pod that the controller made."""
        if change.type is not ChangeType.ADDED:
            return
        job = owning_job(self._store, change.object)
        if job is not None:
            self._pods_created.labels(_reason(job), "succeeded").inc()

    def event_changed(self, change: Change) -> None:
        """Count a pod that the controller could not make: it says so in an event."""
        event = change.object
        if event.get("reason") != "FailedCreate" or change.type is ChangeType.DELETED:
            return
        involved = event.get("involvedObject") or {}
        if involved.get("kind") != "Job":
            return
        told = change.previous.get("count", 1) if change.previous is not None else 0
        more = event.get("count", 1) - told
        job = self._store.by_uid(involved.get("uid", ""))
        if job is not None and more > 0:
            self._pods_created.labels(_reason(job), "failed").inc(more)


def _status(job: Object) -> Object:
    status: Object = job.get("status") or {}
    return status


def _finished(status: Object) -> Object | None:
    for condition in status.get("conditions") or ():
        if condition["type"] in _RESULTS and condition["status"] == "True":
            found: Object = condition
            return found
    return None


def _more_indexes(before: str | None, after: str | None, spec: Object) -> int:
    if before == after:
        return 0
    limit = spec.get("completions", 0)
    return len(IndexSet.parse(after or "", limit)) - len(IndexSet.parse(before or "", limit))


def _reason(job: Object) -> str:
    status = _status(job)
    failed = status.get("failed", 0)
    if job["spec"].get("podReplacementPolicy") == "Failed" and failed:
        return "recreate_failed"
    if failed or status.get("terminating", 0):
        return "recreate_terminating_or_failed"
    return "new"
