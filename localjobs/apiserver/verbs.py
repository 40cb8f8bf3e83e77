"""The verbs on resources: a request in, the registry asked, a response out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from localjobs.admission.decoding import decode_type
from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import WriteOptions
from localjobs.admission.patching.patch import Patch, PatchKind, check_options
from localjobs.api import resources
from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.apiserver import bodies
from localjobs.apiserver.answers import Wanted, send_object, send_page
from localjobs.apiserver.negotiation import negotiate
from localjobs.apiserver.queries import delete_options, write_options
from localjobs.apiserver.request_info import RequestInfo
from localjobs.apiserver.reviews import review
from localjobs.errors import BadRequest, Forbidden
from localjobs.store.answer import Answer
from localjobs.store.list_options import ListOptions
from localjobs.store.registry import Registry

_DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
_EVICTION = "io.k8s.api.policy.v1.Eviction"


@dataclass(frozen=True)
class Call:
    """One request to a resource."""

    info: RequestInfo
    request: Request
    now: float

    @property
    def resource(self) -> Resource:
        return self.info.resource

    @property
    def namespace(self) -> str:
        return self.info.namespace or ""

    @cached_property
    def query(self) -> Mapping[str, str]:
        """Query parameters; the first of each name counts, as in Go."""
        found: dict[str, str] = {}
        for key, value in self.request.query_params.multi_items():
            found.setdefault(key, value)
        return found

    @cached_property
    def wanted(self) -> Wanted:
        accept = self.request.headers.get("accept", "")
        return Wanted(negotiate(accept), self.query, self.now)

    @property
    def dry_run(self) -> Sequence[str]:
        return self.request.query_params.getlist("dryRun")

    def options(self, kind: str) -> WriteOptions:
        agent = self.request.headers.get("user-agent", "")
        return write_options(kind, self.query, self.dry_run, agent)

    async def body(self) -> Any:
        """The decoded body, as the resource's kind."""
        data = await bodies.read(self.request)
        return bodies.decode(data, self.request.headers.get("content-type", ""), self.resource.kind)


class Verbs:
    """Carries out calls on a registry; each returns only when what it wrote is durable."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def get(self, call: Call) -> Response:
        """GET of one object, or of its status."""
        version = call.query.get("resourceVersion", "")
        obj = self._registry.get(call.resource, call.namespace, call.info.name, version)
        return send_object(call.resource, obj, call.wanted)

    async def list(self, call: Call) -> Response:
        """GET of a collection."""
        options = ListOptions.parse(call.query)
        page = self._registry.list(call.resource, call.info.namespace, options)
        return send_page(page, call.wanted)

    async def create(self, call: Call) -> Response:
        """POST to a collection."""
        options = call.options("CreateOptions")
        wanted = call.wanted
        body = await call.body()
        if call.resource is resources.CRONJOBS:
            raise Forbidden("CronJobs are served for reading only: nothing here would run them")
        answer = self._registry.create(call.resource, call.namespace, body, options)
        return await self._written(call, answer, wanted)

    async def update(self, call: Call) -> Response:
        """PUT of an object or of its status."""
        options, wanted = call.options("UpdateOptions"), call.wanted
        body = await call.body()
        answer = self._registry.update(
            call.resource,
            call.namespace,
            call.info.name,
            body,
            options,
            call.info.subresource,
        )
        return await self._written(call, answer, wanted)

    async def patch(self, call: Call) -> Response:
        """PATCH of an object or of its status."""
        kind = PatchKind.of(call.request.headers.get("content-type", ""))
        options, wanted = call.options("PatchOptions"), call.wanted
        check_options(kind, call.query.get("fieldManager", ""), options.force)
        data = await bodies.read(call.request)
        patch = Patch(kind, bodies.decode_patch(kind, data))
        answer = self._registry.patch(
            call.resource,
            call.namespace,
            call.info.name,
            patch,
            options,
            call.info.subresource,
        )
        return await self._written(call, answer, wanted)

    async def delete(self, call: Call) -> Response:
        """DELETE of one object."""
        options, wanted = await self._delete_options(call), call.wanted
        answer = self._registry.delete(call.resource, call.namespace, call.info.name, options)
        return await self._written(call, answer, wanted)

    async def delete_collection(self, call: Call) -> Response:
        """DELETE of a collection."""
        options, wanted = await self._delete_options(call), call.wanted
        selected = ListOptions.parse(call.query)
        answer = self._registry.delete_collection(
            call.resource, call.info.namespace, options, selected
        )
        return await self._written(call, answer, wanted)

    async def _delete_options(self, call: Call) -> DeleteOptions:
        data = await bodies.read(call.request)
        if not data:
            return delete_options(call.query, call.dry_run)
        content_type = call.request.headers.get("content-type", "")
        value = bodies.decode(data, content_type, "DeleteOptions")
        return DeleteOptions.of(_as_object(_DELETE_OPTIONS, value))

    async def evict(self, call: Call) -> Response:
        """POST of an Eviction to a pod."""
        data = await bodies.read(call.request)
        content_type = call.request.headers.get("content-type", "")
        eviction = _as_object(_EVICTION, bodies.decode(data, content_type, "Eviction"))
        if call.dry_run:
            options = {**(eviction.get("deleteOptions") or {}), "dryRun": list(call.dry_run)}
            eviction = {**eviction, "deleteOptions": options}
        answer = self._registry.evict(call.namespace, call.info.name, eviction)
        return await self._written(call, answer, call.wanted)

    async def review(self, call: Call) -> Response:
        """POST of a review, which is answered and not kept."""
        body = await call.body()
        decoded = _as_object(call.resource.type_name, body)
        identified = {
            "kind": call.resource.kind,
            "apiVersion": call.resource.api_version,
            **decoded,
        }
        answered = review(call.resource.kind, identified)
        return send_object(call.resource, answered, call.wanted, code=201)

    async def _written(self, call: Call, answer: Answer, wanted: Wanted) -> Response:
        await self._registry.store.durable()
        return send_object(
            call.resource,
            answer.object,
            wanted,
            code=answer.code,
            warnings=answer.warnings,
        )


def _as_object(type_name: str, value: Any) -> Object:
    if not isinstance(value, dict):
        raise BadRequest("the body of the request is not an object")
    return decode_type(type_name, value)[0]
