"""OpenAPI operations of the served resources: paths, verbs, parameters."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.apiserver.discovery import Served, Subresource
from localjobs.apiserver.openapi.schemas import Version, group_version_kind, reference

STATUS_TYPE = "io.k8s.apimachinery.pkg.apis.meta.v1.Status"
DELETE_OPTIONS_TYPE = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
EVICTION_TYPE = "io.k8s.api.policy.v1.Eviction"

_MEDIA_TYPES = ("application/json", "application/yaml")
_PATCH_TYPES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)


class Parameter(Struct, frozen=True):
    """One parameter of a query or a path."""

    name: str
    type: str
    description: str
    place: str = "query"

    def to_object(self, version: Version) -> Object:
        common: Object = {
            "name": self.name,
            "in": self.place,
            "description": self.description,
        }
        if self.place == "path":
            common["required"] = True
        if version == "v2":
            return {**common, "type": self.type, "uniqueItems": True}
        return {**common, "schema": {"type": self.type, "uniqueItems": True}}


PRETTY = Parameter("pretty", "string", "Whether the answer is indented for people.")
DRY_RUN = Parameter("dryRun", "string", "`All`: check and answer as usual, and keep nothing.")
FIELD_MANAGER = Parameter("fieldManager", "string", "Who is to own the fields that are set.")
FIELD_VALIDATION = Parameter(
    "fieldValidation",
    "string",
    "What becomes of unknown and repeated fields: Ignore, Warn or Strict.",
)
FORCE = Parameter("force", "boolean", "Apply: take over the fields that others own.")
NAME = Parameter("name", "string", "The name of the object.", "path")
NAMESPACE = Parameter("namespace", "string", "The namespace of the object.", "path")
LIST_PARAMETERS = (
    Parameter("allowWatchBookmarks", "boolean", "A watch may send bookmarks."),
    Parameter("continue", "string", "The token of the page before this one."),
    Parameter("fieldSelector", "string", "Only objects with these field values."),
    Parameter("labelSelector", "string", "Only objects with these labels."),
    Parameter("limit", "integer", "How many objects a page holds at most."),
    Parameter("resourceVersion", "string", "The version to list, or to watch from."),
    Parameter("resourceVersionMatch", "string", "How that version is meant."),
    Parameter("sendInitialEvents", "boolean", "A watch begins with what there is."),
    Parameter("timeoutSeconds", "integer", "After how long a watch ends."),
    Parameter("watch", "boolean", "Follow changes instead of listing."),
)
DELETE_PARAMETERS = (
    DRY_RUN,
    Parameter("gracePeriodSeconds", "integer", "How long a pod may take to end."),
    Parameter("orphanDependents", "boolean", "The old form of propagationPolicy."),
    Parameter("propagationPolicy", "string", "Background, Foreground or Orphan."),
)
WRITE_PARAMETERS = (DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION)
LOG_PARAMETERS = (
    Parameter("container", "string", "The container; needed if the pod has several."),
    Parameter("follow", "boolean", "Go on with what is logged from now on."),
    Parameter("limitBytes", "integer", "How much is sent at most."),
    Parameter("previous", "boolean", "The log before the last restart."),
    Parameter("sinceSeconds", "integer", "Only what was logged in the last seconds."),
    Parameter("sinceTime", "string", "Only what was logged since this time."),
    Parameter("tailLines", "integer", "Only this many lines from the end."),
    Parameter("timestamps", "boolean", "Put its time before each line."),
)


# What upstream calls each action in the names of operations, which generated clients are made of.
_WORDS = {
    "connect": "read",
    "delete": "delete",
    "deletecollection": "delete",
    "get": "read",
    "list": "list",
    "patch": "patch",
    "post": "create",
    "put": "replace",
}


class _Operation(Struct, frozen=True):
    """One operation, before it is written down for a version of OpenAPI."""

    method: str
    action: str
    kind: Object
    parameters: tuple[Parameter, ...]
    answer: str
    body: str = ""
    code: str = "200"


def paths(served: Served, version: Version) -> Iterator[tuple[str, Object]]:
    """The paths of a resource, each with its operations."""
    resource = served.resource
    root = f"/apis/{resource.group}" if resource.group else "/api"
    base = f"{root}/{resource.version}"
    if resource.namespaced:
        yield f"{base}/{resource.plural}", _everywhere(served, version)
        base = f"{base}/namespaces/{{namespace}}"
    collection = f"{base}/{resource.plural}"
    yield collection, _path(served, tuple(_collection(served)), version)
    if served.verbs == ("create",):
        return
    yield f"{collection}/{{name}}", _path(served, tuple(_item(served)), version, named=True)
    for sub in served.subresources:
        operations = list(_sub_operations(resource, sub))
        yield (
            f"{collection}/{{name}}/{sub.name}",
            _path(served, operations, version, named=True, suffix=sub.name.capitalize()),
        )


def _everywhere(served: Served, version: Version) -> Object:
    listing = [one for one in _collection(served) if one.action == "list"]
    return _path(served, listing, version, suffix="ForAllNamespaces")


def _path(
    served: Served,
    operations: Sequence[_Operation],
    version: Version,
    *,
    named: bool = False,
    suffix: str = "",
) -> Object:
    shared = [PRETTY]
    if served.resource.namespaced and suffix != "ForAllNamespaces":
        shared.append(NAMESPACE)
    if named:
        shared.append(NAME)
    path: Object = {"parameters": [one.to_object(version) for one in shared]}
    for one in operations:
        named_so = _operation_id(served.resource, one.action, suffix)
        path[one.method] = {"operationId": named_so, **_write(one, version)}
    return path


def _operation_id(resource: Resource, action: str, suffix: str) -> str:
    """`replaceBatchV1NamespacedJobStatus`."""
    group = resource.group.partition(".")[0] or "core"
    words = [_WORDS[action], group.capitalize(), resource.version.capitalize()]
    if action == "deletecollection":
        words.append("Collection")
    if resource.namespaced and suffix != "ForAllNamespaces":
        words.append("Namespaced")
    return "".join((*words, resource.kind, suffix))


def _gvk(resource: Resource) -> Object:
    return group_version_kind(resource.group, resource.version, resource.kind)


def _collection(served: Served) -> Iterator[_Operation]:
    resource = served.resource
    kind, type_name = _gvk(resource), resource.type_name
    if "list" in served.verbs:
        yield _Operation("get", "list", kind, LIST_PARAMETERS, f"{type_name}List")
    if "create" in served.verbs:
        yield _Operation("post", "post", kind, WRITE_PARAMETERS, type_name, type_name, "201")
    if "deletecollection" in served.verbs:
        parameters = (*LIST_PARAMETERS, *DELETE_PARAMETERS)
        yield _Operation(
            "delete", "deletecollection", kind, parameters, STATUS_TYPE, DELETE_OPTIONS_TYPE
        )


def _item(served: Served) -> Iterator[_Operation]:
    resource = served.resource
    kind, type_name = _gvk(resource), resource.type_name
    if "get" in served.verbs:
        yield _Operation("get", "get", kind, (), type_name)
    if "update" in served.verbs:
        yield _Operation("put", "put", kind, WRITE_PARAMETERS, type_name, type_name)
    if "patch" in served.verbs:
        yield _Operation("patch", "patch", kind, (*WRITE_PARAMETERS, FORCE), type_name, "patch")
    if "delete" in served.verbs:
        yield _Operation(
            "delete", "delete", kind, DELETE_PARAMETERS, STATUS_TYPE, DELETE_OPTIONS_TYPE
        )


def _sub_operations(resource: Resource, sub: Subresource) -> Iterator[_Operation]:
    kind, type_name = _gvk(resource), resource.type_name
    if sub.name == "log":
        yield _Operation("get", "connect", kind, LOG_PARAMETERS, "text")
    elif sub.name == "eviction":
        eviction = group_version_kind(sub.group or "", sub.version or "", sub.kind)
        parameters = WRITE_PARAMETERS
        yield _Operation("post", "post", eviction, parameters, EVICTION_TYPE, EVICTION_TYPE, "201")
    else:
        yield _Operation("get", "get", kind, (), type_name)
        yield _Operation("put", "put", kind, WRITE_PARAMETERS, type_name, type_name)
        yield _Operation("patch", "patch", kind, (*WRITE_PARAMETERS, FORCE), type_name, "patch")


def _write(one: _Operation, version: Version) -> Object:
    written: Object = {
        "x-kubernetes-action": one.action,
        "x-kubernetes-group-version-kind": one.kind,
        "parameters": [parameter.to_object(version) for parameter in one.parameters],
        "responses": {
            one.code: _answer(one.answer, version),
            "401": {"description": "Unauthorized"},
        },
    }
    if version == "v2":
        written["produces"] = ["text/plain"] if one.answer == "text" else list(_MEDIA_TYPES)
    if one.body:
        _write_body(written, one.body, version)
    return written


def _answer(type_name: str, version: Version) -> Object:
    schema: Object = {"type": "string"} if type_name == "text" else reference(type_name, version)
    if version == "v2":
        return {"description": "OK", "schema": schema}
    types = ("text/plain",) if type_name == "text" else _MEDIA_TYPES
    return {"description": "OK", "content": {one: {"schema": schema} for one in types}}


def _write_body(written: Object, body: str, version: Version) -> None:
    is_patch = body == "patch"
    schema: Object = {"type": "object"} if is_patch else reference(body, version)
    types = _PATCH_TYPES if is_patch else _MEDIA_TYPES
    required = body != DELETE_OPTIONS_TYPE
    if version == "v2":
        parameter = {"name": "body", "in": "body", "required": required, "schema": schema}
        written["parameters"].append(parameter)
        written["consumes"] = list(types)
    else:
        content = {one: {"schema": schema} for one in types}
        written["requestBody"] = {"content": content, "required": required}
