"""The verbs on resources: a request in, the registry asked, a response out.

The order of checks is that of apiserver/pkg/endpoints/handlers (`create.go`, `update.go`,
`patch.go`, `delete.go`, `get.go`): what form is wanted, the body, the options, the object.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from localjobs.admission.decoding import decode
from localjobs.admission.deletion import DeleteOptions
from localjobs.admission.options import FieldValidation, WriteOptions
from localjobs.admission.patching.patch import Patch, PatchKind, check_options
from localjobs.api import objects, resources
from localjobs.api.resources import Resource
from localjobs.apiserver import bodies, queries
from localjobs.apiserver.answers import Wanted, send_object, send_page
from localjobs.apiserver.negotiation import FORMS, METADATA_FORMS, negotiate
from localjobs.apiserver.request import Request
from localjobs.apiserver.request_info import RequestInfo
from localjobs.apiserver.response import Response
from localjobs.apiserver.reviews import review
from localjobs.errors import Details, Forbidden, warning
from localjobs.store.answer import Answer
from localjobs.store.list_options import ListOptions
from localjobs.store.registry import Registry

_EVICTIONS = Resource(
    "policy", "v1", "evictions", "Eviction", "eviction", "io.k8s.api.policy.v1.Eviction"
)
_NAMED_AS_VERBS = ("list", "watch", "deletecollection")
_NO_CRONJOBS = (
    "CronJobs are not run here, so none can be created: make a Job for each time it should run"
)


class Call(Struct, frozen=True):
    """One request to a resource. `now` is in seconds since the epoch."""

    info: RequestInfo
    request: Request
    now: float

    @property
    def resource(self) -> Resource:
        return self.info.resource

    @property
    def namespace(self) -> str:
        return self.info.namespace or ""

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    @property
    def wanted(self) -> Wanted:
        """The form of the answer. Raises `NotAcceptable`."""
        header = self.request.header
        forms = METADATA_FORMS if self.info.is_review else FORMS
        representation = negotiate(header(b"accept"), forms=forms, streams=self.is_collection_read)
        return Wanted(representation, self.query, self.now, header(b"user-agent"))

    @property
    def is_collection_read(self) -> bool:
        return self.request.method == "GET" and not self.info.name

    @property
    def content_type(self) -> str:
        return self.request.header(b"content-type")

    @property
    def is_dry_run(self) -> bool:
        return any(self.request.query_lists.get("dryRun", ()))

    def metric_verb(self, verb: str) -> str:
        """The verb as metrics name it (apiserver/pkg/endpoints/metrics/metrics.go)."""
        if verb == "patch" and self.content_type.startswith(PatchKind.APPLY.value):
            return "APPLY"
        return verb.upper() if verb in _NAMED_AS_VERBS else self.request.method

    def options(self, verb: str) -> WriteOptions:
        """The options of a write. Raises `Invalid`."""
        return queries.write_options(verb, self.request)

    async def body(self) -> bytes:
        """The body. Raises `TooLarge`, `Timeout`, `BadRequest`."""
        return await bodies.read(self.request)

    def decoded(self, data: bytes) -> Any:
        """A body as the resource's kind. Raises `BadRequest`, `UnsupportedMediaType`."""
        return bodies.decode(data, self.content_type, self.resource.kind)


class Verbs:
    """Carries out calls on a registry; each returns only when what it wrote is durable.

    `is_token` says whether a text is the token that the API is served for.
    """

    def __init__(self, registry: Registry, is_token: Callable[[str], bool]) -> None:
        self._registry, self._is_token = registry, is_token

    async def get(self, call: Call) -> Response:
        """GET of one object, or of its status."""
        wanted, version = call.wanted, call.query.get("resourceVersion", "")
        obj = self._registry.get(call.resource, call.namespace, call.info.name, version)
        if wanted.is_plain:
            return Response(self._registry.store.encoded(call.resource, obj))
        return send_object(call.resource, obj, wanted)

    async def list(self, call: Call) -> Response:
        """GET of a collection."""
        wanted, options = call.wanted, ListOptions.parse(call.query)
        page = self._registry.list(call.resource, call.info.namespace, options)
        return send_page(page, wanted)

    async def create(self, call: Call) -> Response:
        """POST to a collection."""
        wanted, data = call.wanted, await call.body()
        bodies.check_media_type(call.content_type)
        options, body = call.options("Create"), call.decoded(data)
        _refuse_cronjobs(call, body, options)
        answer = self._registry.create(call.resource, call.namespace, body, options)
        return await self._written(call, answer, wanted)

    async def update(self, call: Call) -> Response:
        """PUT of an object or of its status."""
        wanted, data = call.wanted, await call.body()
        options, body = call.options("Update"), call.decoded(data)
        answer = self._registry.update(
            call.resource, call.namespace, call.info.name, body, options, call.info.subresource
        )
        return await self._written(call, answer, wanted)

    async def patch(self, call: Call) -> Response:
        """PATCH of an object or of its status."""
        kind = PatchKind.of(call.content_type)
        wanted, data = call.wanted, await call.body()
        options = call.options("Patch")
        check_options(kind, call.query.get("fieldManager", ""), options.force)
        creates = kind is PatchKind.APPLY and "create" in call.info.served.verbs
        if not creates:  # what is not there is told before what the patch says
            self._registry.get(call.resource, call.namespace, call.info.name)
        patch = Patch(kind, bodies.decode_patch(kind, data))
        _refuse_cronjobs(call, patch.body, options)
        answer = self._registry.patch(
            call.resource, call.namespace, call.info.name, patch, options, call.info.subresource
        )
        return await self._written(call, answer, wanted)

    async def delete(self, call: Call) -> Response:
        """DELETE of one object."""
        wanted, options = call.wanted, await self._delete_options(call)
        answer = self._registry.delete(call.resource, call.namespace, call.info.name, options)
        return await self._written(call, answer, wanted)

    async def delete_collection(self, call: Call) -> Response:
        """DELETE of a collection."""
        wanted, selected = call.wanted, ListOptions.parse(call.query)
        options = await self._delete_options(call)
        page, warnings = self._registry.delete_collection(
            call.resource, call.info.namespace, options, selected
        )
        await self._registry.store.durable()
        return send_page(page, wanted, warnings)

    async def _delete_options(self, call: Call) -> DeleteOptions:
        data = await call.body()
        if not data:
            return queries.delete_options(call.request)
        return DeleteOptions.of(bodies.decode_delete_options(data, call.content_type))

    async def evict(self, call: Call) -> Response:
        """POST of an Eviction to a pod."""
        wanted, data = call.wanted, await call.body()
        value = bodies.decode(data, call.content_type, _EVICTIONS.kind)
        eviction = decode(_EVICTIONS, value, FieldValidation.WARN).object
        if call.is_dry_run:
            options = {**(eviction.get("deleteOptions") or {}), "dryRun": ["All"]}
            eviction = {**eviction, "deleteOptions": options}
        answer = self._registry.evict(call.namespace, call.info.name, eviction)
        return await self._written(call, answer, wanted)

    async def review(self, call: Call) -> Response:
        """POST of a review, which is answered and not kept."""
        wanted, resource = call.wanted, call.resource
        options, value = call.options("Create"), call.decoded(await call.body())
        decoded = decode(resource, value, options.field_validation)
        answered = review(resource, call.namespace, decoded.object, self._is_token)
        return send_object(resource, answered, wanted, code=201, warnings=decoded.warnings)

    async def _written(self, call: Call, answer: Answer, wanted: Wanted) -> Response:
        store = self._registry.store
        await store.durable()
        code, warnings = answer.code, answer.warnings
        if wanted.is_plain:
            # These bytes are made for the disk and for watches already.
            body = store.encoded(call.resource, answer.object)
            return Response(body, code=code, warnings=warnings)
        return send_object(call.resource, answer.object, wanted, code=code, warnings=warnings)


def _refuse_cronjobs(call: Call, body: Any, options: WriteOptions) -> None:
    """Refuse what would never run, as an admission plugin does: once it is known what it is."""
    if call.resource is resources.CRONJOBS:
        decoded = decode(call.resource, body, options.field_validation)
        name = objects.name(decoded.object)
        details = Details(name=name, group=call.resource.group, kind=call.resource.plural)
        with warning(decoded.warnings):
            message = f'{call.resource.qualified} "{name}" is forbidden: {_NO_CRONJOBS}'
            raise Forbidden(message, details)
