"""What is served besides resources: discovery, OpenAPI, version, health, metrics."""

from collections.abc import Callable

from localjobs.api.objects import Object
from localjobs.apiserver import discovery, health, openapi
from localjobs.apiserver.answers import Wanted, respond, send
from localjobs.apiserver.negotiation import AS_JSON, JSON, PROTOBUF, negotiate, wants_aggregated
from localjobs.apiserver.request import Request
from localjobs.apiserver.response import Response
from localjobs.apiserver.version import version

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_ROOT = (
    "/api",
    "/api/v1",
    "/apis",
    "/healthz",
    "/livez",
    "/metrics",
    "/openapi/v2",
    "/openapi/v3",
    "/readyz",
    "/version",
)


class Documents:
    """Finds the document of a path, if it is one's.

    `well` backs `/readyz` and `/healthz`; `address` is the API's, host and port.
    """

    def __init__(
        self,
        well: health.Health,
        metrics: Callable[[], bytes],
        now: Callable[[], float],
        address: str,
    ) -> None:
        self._well = well
        self._metrics = metrics
        self._now = now
        self._address = address

    def find(self, request: Request) -> Response | None:
        """The document; None if the path is none's."""
        path = request.path.rstrip("/") or "/"
        if health.is_health(path):
            return health.respond_to(path, request.query_lists, self._well)
        if path.startswith("/openapi/"):
            return openapi.respond_to(request)
        if path == "/metrics":
            return respond(self._metrics(), METRICS_TYPE)
        found = self._aggregated(path, request) or self._plain(path)
        if found is None or isinstance(found, Response):
            return found
        representation = negotiate(request.header(b"accept"), forms=())
        if representation.media_type == PROTOBUF:
            representation = AS_JSON  # the schema table has no numbers for documents
        agent = request.header(b"user-agent")
        return send(found, Wanted(representation, request.query, self._now(), agent))

    def _aggregated(self, path: str, request: Request) -> Response | None:
        if path not in ("/api", "/apis"):
            return None
        asked = wants_aggregated(request.header(b"accept"))
        if asked is None:
            return None
        document = discovery.aggregated(core=path == "/api", version=asked)
        response = send(document, Wanted(AS_JSON, {}, self._now()))
        form = f"{JSON};g=apidiscovery.k8s.io;v={asked};as=APIGroupDiscoveryList"
        return respond(response.body, form)

    def _plain(self, path: str) -> Object | None:
        parts = path.strip("/").split("/")
        match parts:
            case [""]:
                groups = [f"/apis/{group}" for group, _ in discovery.GROUPS if group]
                versions = [f"/apis/{group}/{v}" for group, v in discovery.GROUPS if group]
                return {"paths": sorted((*_ROOT, *groups, *versions))}
            case ["version"]:
                return version()
            case ["api"]:
                return discovery.api_versions(self._address)
            case ["apis"]:
                return discovery.api_group_list()
            case ["api", version_]:
                return discovery.api_resource_list("", version_)
            case ["apis", group]:
                return discovery.api_group(group)
            case ["apis", group, version_]:
                return discovery.api_resource_list(group, version_)
        return None
