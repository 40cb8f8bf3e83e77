"""What is served besides resources: discovery, OpenAPI, version, health, metrics."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from localjobs.api.objects import Object
from localjobs.apiserver import discovery
from localjobs.apiserver.answers import Wanted, respond, send
from localjobs.apiserver.negotiation import JSON, negotiate, wants_aggregated
from localjobs.apiserver.openapi import OpenApi
from localjobs.apiserver.version import version

Health = Callable[[], str | None]
"""Says why the daemon is not well, or None."""

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
    """Finds the document of a path, if it is one's. `health` backs `/readyz` and `/healthz`."""

    def __init__(self, health: Health, metrics: Callable[[], bytes], now: Callable[[], float]):
        self._health = health
        self._metrics = metrics
        self._now = now
        self._openapi = OpenApi()

    def find(self, request: Request) -> Response | None:
        """The document; None if the path is none's, or the method not GET."""
        if request.method not in ("GET", "HEAD"):
            return None
        path = request.url.path.rstrip("/") or "/"
        if path.startswith(("/healthz", "/livez", "/readyz")):
            return self._health_document(path)
        if path.startswith("/openapi/"):
            return self._openapi.document(request)
        if path == "/metrics":
            return respond(self._metrics(), "text/plain; version=0.0.4; charset=utf-8")
        found = self._aggregated(path, request) or self._plain(path)
        if found is None or isinstance(found, Response):
            return found
        representation = negotiate(request.headers.get("accept", ""), forms=False)
        return send(found, Wanted(representation, request.query_params, self._now()))

    def _health_document(self, path: str) -> Response:
        problem = None if path.startswith("/livez") else self._health()
        if problem is None:
            return PlainTextResponse("ok")
        return PlainTextResponse(f"{path.strip('/')} check failed: {problem}\n", 500)

    def _aggregated(self, path: str, request: Request) -> Response | None:
        if path not in ("/api", "/apis"):
            return None
        asked = wants_aggregated(request.headers.get("accept", ""))
        if asked is None:
            return None
        response = send(
            discovery.aggregated(core=path == "/api", version=asked),
            Wanted(negotiate(JSON), {}, self._now()),
        )
        form = f"{JSON};g=apidiscovery.k8s.io;v={asked};as=APIGroupDiscoveryList"
        response.headers["content-type"] = form
        response.headers["vary"] = "Accept"
        return response

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
                return discovery.api_versions("")
            case ["apis"]:
                return discovery.api_group_list()
            case ["api", version_]:
                return discovery.api_resource_list("", version_)
            case ["apis", group]:
                return discovery.api_group(group)
            case ["apis", group, version_]:
                return discovery.api_resource_list(group, version_)
        return None
