"""What `/metrics` tells, under upstream's names, counted as it happens.

Requests are reported by the server. What the controllers and the kubelet do is read from the
store's changes (pkg/controller/job/metrics/metrics.go, pkg/kubelet/metrics/metrics.go,
apiserver/pkg/endpoints/metrics/metrics.go).
"""

from collections.abc import Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from localjobs.api import resources
from localjobs.apiserver.job_metrics import JobMetrics
from localjobs.apiserver.pod_metrics import PodMetrics
from localjobs.apiserver.request_info import RequestInfo
from localjobs.apiserver.verbs import Call
from localjobs.store.changes import Change
from localjobs.store.store import Store

_PLACE = ("group", "version", "resource", "subresource", "scope", "component")
_BUCKETS = (
    *(0.005, 0.025, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.5, 2, 3, 4, 5, 6, 8, 10),
    *(15, 20, 30, 45, 60),
)
_COMPONENT = "apiserver"


class Metrics:
    """Counts over one store's life in this process."""

    def __init__(self, store: Store) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's own omission
        self._store = store
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self.requests = RequestMetrics(self.registry)
        self._jobs = JobMetrics(self.registry, store)
        self._pods = PodMetrics(self.registry, store)
        self._objects = Gauge(
            "apiserver_storage_objects",
            "Number of stored objects at the time of the scrape, by resource.",
            ["resource"],
            registry=self.registry,
        )
        store.subscribe(self._on_changes)

    def exposition(self) -> bytes:
        """All of them in Prometheus' text format."""
        for resource in resources.ALL:
            count = len(self._store.versions(resource))
            self._objects.labels(resource.qualified).set(count)
        return generate_latest(self.registry)

    def _on_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.resource is resources.JOBS:
                self._jobs.job_changed(change)
            elif change.resource is resources.PODS:
                self._jobs.pod_changed(change)
                self._pods.pod_changed(change)
            elif change.resource is resources.EVENTS:
                self._jobs.event_changed(change)


class RequestMetrics:
    """`apiserver_request_*` and `apiserver_longrunning_requests`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "apiserver_request_total",
            "Requests answered, by verb, dry run, resource, scope and code.",
            ["verb", "dry_run", *_PLACE, "code"],
            registry=registry,
        )
        self._duration = Histogram(
            "apiserver_request_duration_seconds",
            "How long requests took to be answered.",
            ["verb", "dry_run", *_PLACE],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._long_running = Gauge(
            "apiserver_longrunning_requests",
            "Watches and followed logs that are open now.",
            ["verb", *_PLACE],
            registry=registry,
        )
        self._children: dict[tuple[object, ...], tuple[Counter, Histogram]] = {}

    def finished(self, verb: str, call: Call, code: int, seconds: float) -> None:
        """A request to a resource was answered."""
        info, dry_run = call.info, "All" if call.is_dry_run else ""
        scope = _scope(verb, info)
        key = (verb, id(info.served), info.subresource, scope, dry_run, code)
        children = self._children.get(key)
        if children is None:
            labels = (verb, dry_run, *_place(info, scope))
            total = self._total.labels(*labels, str(code))
            children = self._children[key] = (total, self._duration.labels(*labels))
        children[0].inc()
        children[1].observe(seconds)

    def long_running(self, verb: str, info: RequestInfo, stream: ASGIApp) -> ASGIApp:
        """The stream, counted for as long as it lasts."""
        gauge = self._long_running.labels(verb, *_place(info, _scope(verb, info)))

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            with gauge.track_inprogress():
                await stream(scope, receive, send)

        return counted


def _scope(verb: str, info: RequestInfo) -> str:
    if info.name or verb == "POST":
        return "resource"
    return "namespace" if info.namespace else "cluster"


def _place(info: RequestInfo, scope: str) -> tuple[str, ...]:
    resource = info.resource
    return (
        *(resource.group, resource.version, resource.plural),
        *(info.subresource, scope, _COMPONENT),
    )
