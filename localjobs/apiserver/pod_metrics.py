"""The kubelet's metrics, read from what happens to pods (pkg/kubelet/metrics/metrics.go)."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from localjobs.api import objects, resources
from localjobs.api.objects import Object
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store

# A cheap look at the JSON of pods that need not be decoded; what it finds is looked at closely.
_RUNNING_JSON = b'"phase":"Running"'


class PodMetrics:
    """Counts the pods that run, and those that were started."""

    def __init__(self, registry: CollectorRegistry, store: Store) -> None:
        self._running = Gauge(
            "kubelet_running_pods",
            "Number of pods that have a running pod sandbox.",
            registry=registry,
        )
        self._started = Counter(
            "kubelet_started_pods_total",
            "Cumulative number of pods started.",
            registry=registry,
        )
        self._uids = {
            objects.uid(version.object)
            for version in store.versions(resources.PODS)
            if not version.is_at_rest
            and _RUNNING_JSON in version.body
            and _phase(version.object) == "Running"
        }
        self._running.set(len(self._uids))

    def pod_changed(self, change: Change) -> None:
        """Follow one pod."""
        uid = objects.uid(change.object)
        runs = change.type is not ChangeType.DELETED and _phase(change.object) == "Running"
        if runs:
            self._uids.add(uid)
        else:
            self._uids.discard(uid)
        self._running.set(len(self._uids))
        was_started = change.previous is not None and _started(change.previous)
        if _started(change.object) and not was_started:
            self._started.inc()


def owning_job(store: Store, pod: Object) -> Object | None:
    """The Job that controls a pod, if one does and is still there."""
    for owner in objects.metadata(pod).get("ownerReferences") or ():
        if owner.get("controller") and owner["kind"] == "Job":
            return store.by_uid(owner["uid"])
    return None


def _phase(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase", ""))


def _started(pod: Object) -> bool:
    return "startTime" in (pod.get("status") or {})
