"""The API as an ASGI application: who asks, for what, and what becomes of it."""

from collections.abc import Awaitable, Callable

from loguru import logger
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from localjobs.apiserver.answers import send_error
from localjobs.apiserver.credentials import Credentials
from localjobs.apiserver.documents import Documents
from localjobs.apiserver.health import is_health
from localjobs.apiserver.metrics import Metrics
from localjobs.apiserver.request import Request
from localjobs.apiserver.request_info import RequestInfo, UnknownPath, parse_path
from localjobs.apiserver.response import not_found_page
from localjobs.apiserver.streams import Streams, is_watch
from localjobs.apiserver.verbs import Call, Verbs
from localjobs.clock import Clock
from localjobs.errors import (
    ApiError,
    Details,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)

Handler = Callable[[Call], Awaitable[ASGIApp]]

_VERBS = {
    ("GET", True): "get",
    ("PUT", True): "update",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
    ("GET", False): "list",
    ("POST", False): "create",
    ("DELETE", False): "deletecollection",
}


class _Noting:
    """Sends, and notes the code: once an answer has begun, a second one must not follow."""

    __slots__ = ("_send", "code")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.code = 0

    async def __call__(self, message: Message) -> None:
        if not self.code:
            self.code = message["status"]
        await self._send(message)


class ApiServer:
    """Serves resources and documents to whoever holds the token."""

    def __init__(
        self,
        verbs: Verbs,
        streams: Streams,
        documents: Documents,
        credentials: Credentials,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._documents, self._credentials = documents, credentials
        self._metrics, self._clock = metrics, clock
        self._handlers: dict[str, Handler] = {
            "get": verbs.get,
            "list": verbs.list,
            "create": verbs.create,
            "update": verbs.update,
            "patch": verbs.patch,
            "delete": verbs.delete,
            "deletecollection": verbs.delete_collection,
            "evict": verbs.evict,
            "review": verbs.review,
            "watch": streams.watch,
            "log": streams.log,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        noting = _Noting(send)
        try:
            await self._answer(request, noting)
        except ApiError as error:
            if not noting.code:
                await send_error(error, request)(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - a defect must be answered, and is logged
            logger.exception("{} {} failed", request.method, request.path)
            if not noting.code:
                broken = InternalError(f"Internal error occurred: {error}")
                await send_error(broken, request)(scope, receive, send)

    async def _answer(self, request: Request, send: _Noting) -> None:
        is_open = is_health(request.path)
        if not is_open and not self._credentials.admits(request.header(b"authorization")):
            raise Unauthorized("Unauthorized")
        try:
            info = parse_path(request.path)
        except UnknownPath as unknown:
            document = self._document(request, is_api=unknown.is_api)
            await document(request.scope, request.receive, send)
            return
        verb = _verb(info, request)
        call = Call(info, request, self._clock.now())
        code = 500
        try:
            response = await self._handlers[verb](call)
            await response(request.scope, request.receive, send)
            code = send.code
        except ApiError as error:
            code = error.code
            raise
        finally:
            seconds = self._clock.now() - call.now
            self._metrics.requests.finished(call.metric_verb(verb), call, code, seconds)

    def _document(self, request: Request, *, is_api: bool) -> ASGIApp:
        document = self._documents.find(request)
        if document is not None:
            if request.method in ("GET", "HEAD"):
                return document
            raise _method_not_allowed()
        if not is_api:
            return not_found_page()
        raise NotFound("the server could not find the requested resource", Details())


def _verb(info: RequestInfo, request: Request) -> str:
    """What a request asks for, as a key of the handlers. Raises `MethodNotAllowed`."""
    verb = _VERBS.get((request.method, bool(info.name)), "")
    if is_watch(info, request):
        verb = "watch"
    if info.subresource == "eviction" and request.method == "POST":
        return "evict"
    if info.subresource == "log" and verb == "get":
        return "log"
    if verb not in info.allowed_verbs:
        raise _method_not_allowed()
    return "review" if info.is_review else verb


def _method_not_allowed() -> MethodNotAllowed:
    message = "the server does not allow this method on the requested resource"
    return MethodNotAllowed(message, Details())
