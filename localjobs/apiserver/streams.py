"""Answers without an end of their own: watches, and logs that are followed."""

from weakref import WeakSet

from starlette.types import ASGIApp

from localjobs.api import resources
from localjobs.apiserver.answers import check_form_of_events
from localjobs.apiserver.metrics import RequestMetrics
from localjobs.apiserver.pod_log import LogStream, PodLogs, parse_options
from localjobs.apiserver.queries import truth
from localjobs.apiserver.request import Request
from localjobs.apiserver.request_info import RequestInfo
from localjobs.apiserver.verbs import Call
from localjobs.apiserver.watching import WatchStream
from localjobs.clock import Clock
from localjobs.store.list_options import ListOptions
from localjobs.store.registry import Registry
from localjobs.store.selection import Selection
from localjobs.store.watch_hub import WatchHub


def is_watch(info: RequestInfo, request: Request) -> bool:
    """Whether a request opens a watch: of a collection, or in the old form of `/watch/` paths."""
    if request.method != "GET" or info.subresource:
        return False
    return info.is_watch or (not info.name and truth(request.query.get("watch")))


class Streams:
    """Opens watches and logs."""

    def __init__(
        self,
        registry: Registry,
        hub: WatchHub,
        logs: PodLogs,
        metrics: RequestMetrics,
        clock: Clock,
    ) -> None:
        self._registry, self._hub, self._logs = registry, hub, logs
        self._metrics, self._clock = metrics, clock
        self._followed: WeakSet[LogStream] = WeakSet()

    def end(self) -> None:
        """End every watch, and every log that is followed."""
        self._hub.close()
        for stream in tuple(self._followed):
            stream.end()

    async def watch(self, call: Call) -> ASGIApp:
        """GET of a collection with `watch`. Raises `BadRequest`, `Invalid`, `Timeout`..."""
        wanted = call.wanted
        query = {**call.query, "watch": "true"}
        if call.info.name:
            fields = (query.get("fieldSelector", ""), f"metadata.name={call.info.name}")
            query["fieldSelector"] = ",".join(filter(None, fields))
        options = ListOptions.parse(query)
        selection = Selection.parse(
            call.resource, call.info.namespace, options.label_selector, options.field_selector
        )
        check_form_of_events(call.resource, wanted)
        watch = self._hub.watch(selection, options)
        stream = WatchStream(watch, wanted, options, self._clock)
        return self._metrics.long_running("WATCH", call.info, stream)

    async def log(self, call: Call) -> ASGIApp:
        """GET of a pod's log."""
        options = parse_options(call.query, self._clock.now(), call.info.name)
        pod = self._registry.get(resources.PODS, call.namespace, call.info.name)
        stream = LogStream(self._logs.open(pod, options), is_followed=options.follow)
        if not options.follow:
            return stream
        self._followed.add(stream)
        return self._metrics.long_running("GET", call.info, stream)
