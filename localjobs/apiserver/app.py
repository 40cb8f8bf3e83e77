"""The API as an ASGI application: who asks, for what, and what becomes of it."""

from collections.abc import Awaitable, Callable

from loguru import logger
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from localjobs.api import resources
from localjobs.apiserver.answers import send_error
from localjobs.apiserver.credentials import Credentials
from localjobs.apiserver.documents import Documents
from localjobs.apiserver.pod_log import PodLogs, parse_options, send_log
from localjobs.apiserver.request_info import RequestInfo, UnknownPath, parse_path
from localjobs.apiserver.verbs import Call, Verbs
from localjobs.apiserver.watching import WatchStream
from localjobs.clock import Clock
from localjobs.errors import (
    ApiError,
    Details,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from localjobs.store.list_options import ListOptions
from localjobs.store.registry import Registry
from localjobs.store.selection import Selection
from localjobs.store.watch_hub import WatchHub

OPEN_PATHS = ("/healthz", "/livez", "/readyz")
"""Whoever can reach the port may ask whether it is well."""

Handler = Callable[[Call], Awaitable[Response]]


class _Begun:
    """Sends, and remembers whether an answer has begun: a second one must not follow."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.happened = False

    async def __call__(self, message: Message) -> None:
        self.happened = True
        await self._send(message)


class ApiServer:
    """Serves a registry's resources to whoever holds the token."""

    def __init__(
        self,
        registry: Registry,
        hub: WatchHub,
        logs: PodLogs,
        documents: Documents,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        self._registry, self._hub, self._logs = registry, hub, logs
        self._documents, self._credentials, self._clock = documents, credentials, clock
        self._verbs = Verbs(registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        begun = _Begun(send)
        try:
            response = await self._answer(request, receive, begun)
        except ApiError as error:
            response = send_error(error)
        except Exception as error:  # noqa: BLE001 - a defect must be answered, and is logged
            logger.exception("{} {} failed", request.method, request.url.path)
            response = send_error(InternalError(f"Internal error occurred: {error}"))
        if response is not None and not begun.happened:
            await response(scope, receive, send)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> Response | None:
        """The response; None if it was streamed already."""
        path = request.url.path
        if not path.startswith(OPEN_PATHS):
            self._check_credentials(request)
        document = self._documents.find(request)
        if document is not None:
            return document
        try:
            info = parse_path(path)
        except UnknownPath as unknown:
            if not unknown.is_api:
                return PlainTextResponse("404 page not found\n", 404)
            message = "the server could not find the requested resource"
            raise NotFound(message, Details()) from None
        call = Call(info, request, self._clock.now())
        if request.method == "GET" and info.subresource == "log":
            await self._log(call, receive, send)
        elif request.method == "GET" and self._is_watch(call):
            await self._watch(call, receive, send)
        else:
            return await self._handler(info, request.method)(call)
        return None

    def _check_credentials(self, request: Request) -> None:
        if not self._credentials.admits(request.headers.get("authorization", "")):
            raise Unauthorized("Unauthorized")

    def _handler(self, info: RequestInfo, method: str) -> Handler:
        verbs = self._verbs
        if info.subresource == "eviction" and method == "POST":
            return verbs.evict
        if info.served.verbs == ("create",) and method == "POST" and not info.name:
            return verbs.review
        verb, handler = {
            ("GET", True): ("get", verbs.get),
            ("PUT", True): ("update", verbs.update),
            ("PATCH", True): ("patch", verbs.patch),
            ("DELETE", True): ("delete", verbs.delete),
            ("GET", False): ("list", verbs.list),
            ("POST", False): ("create", verbs.create),
            ("DELETE", False): ("deletecollection", verbs.delete_collection),
        }.get((method, bool(info.name)), ("", None))
        if handler is None or verb not in self._allowed(info):
            message = "the server does not allow this method on the requested resource"
            raise MethodNotAllowed(message, Details())
        return handler

    def _allowed(self, info: RequestInfo) -> tuple[str, ...]:
        for sub in info.served.subresources:
            if sub.name == info.subresource:
                return sub.verbs
        everywhere = info.namespace is None
        return tuple(one for one in info.served.verbs if not (everywhere and one == "create"))

    @staticmethod
    def _is_watch(call: Call) -> bool:
        if call.info.subresource:
            return False
        asked = call.query.get("watch", "") not in ("", "false", "0")
        return call.info.is_watch or (asked and not call.info.name)

    async def _watch(self, call: Call, receive: Receive, send: Send) -> None:
        query = {**call.query, "watch": "true"}
        if call.info.name:
            fields = [query.get("fieldSelector", ""), f"metadata.name={call.info.name}"]
            query["fieldSelector"] = ",".join(one for one in fields if one)
        options = ListOptions.parse(query)
        selection = Selection.parse(
            call.resource, call.info.namespace, options.label_selector, options.field_selector
        )
        wanted = call.wanted
        stream = WatchStream(
            self._hub.watch(selection, options),
            wanted,
            self._clock,
            timeout_seconds=options.timeout_seconds,
            bookmarks=options.allow_watch_bookmarks,
        )
        await stream.send_to(receive, send)

    async def _log(self, call: Call, receive: Receive, send: Send) -> None:
        options = parse_options(call.query, self._clock.now())
        pod = self._registry.get(resources.PODS, call.namespace, call.info.name)
        await send_log(self._logs.open(pod, options), receive, send)
