"""What a path asks for (apiserver/pkg/endpoints/request/requestinfo.go)."""

from msgspec import Struct

from localjobs.api.resources import Resource
from localjobs.apiserver import discovery
from localjobs.apiserver.discovery import Served

_BY_PLACE = {
    (one.resource.group, one.resource.version, one.resource.plural): one for one in discovery.SERVED
}
_SERVED_GROUPS = frozenset(group for group, _ in discovery.GROUPS if group)


class RequestInfo(Struct, frozen=True):
    """A path that names a served resource.

    `namespace` is None for all namespaces and "" for what has none; `name` is "" for the
    collection; `is_watch` is the old form of a watch, with `watch/` in front.
    """

    served: Served
    namespace: str | None
    name: str = ""
    subresource: str = ""
    is_watch: bool = False

    @property
    def resource(self) -> Resource:
        return self.served.resource

    @property
    def is_review(self) -> bool:
        """Whether it is answered and not kept."""
        return self.served.verbs == ("create",)

    @property
    def allowed_verbs(self) -> tuple[str, ...]:
        """What can be done there; nothing can be created in all namespaces at once."""
        for sub in self.served.subresources:
            if sub.name == self.subresource:
                return sub.verbs
        if self.namespace is not None:
            return self.served.verbs
        return tuple(verb for verb in self.served.verbs if verb != "create")


class UnknownPath(LookupError):
    """Nothing is served there. `is_api` says that something is in its neighbourhood."""

    def __init__(self, path: str, *, is_api: bool) -> None:
        super().__init__(path)
        self.is_api = is_api


def parse_path(path: str) -> RequestInfo:
    """Read `/api/v1/...` or `/apis/GROUP/VERSION/...`. Raises `UnknownPath`."""
    parts = [part for part in path.split("/") if part]
    group, version, rest = _group_and_version(path, parts)
    is_watch = rest[:1] == ["watch"]
    if is_watch:
        rest = rest[1:]
    found = _in_namespace(group, version, rest) or _cluster_wide(group, version, rest)
    if found is None:
        raise UnknownPath(path, is_api=True)
    served, namespace, name, subresource = found
    if subresource and not any(one.name == subresource for one in served.subresources):
        raise UnknownPath(path, is_api=True)
    return RequestInfo(served, namespace, name, subresource, is_watch)


def _group_and_version(path: str, parts: list[str]) -> tuple[str, str, list[str]]:
    # Below these upstream's router knows its way and answers a Status; elsewhere it does not.
    root, *rest = parts or [""]
    if root == "apis" and len(rest) > 1 and rest[0] in _SERVED_GROUPS:
        return rest[0], rest[1], rest[2:]
    if root == "api" and rest:
        return "", rest[0], rest[1:]
    is_api = root in ("api", "version") or (
        root == "apis" and (not rest or rest[0] in _SERVED_GROUPS)
    )
    raise UnknownPath(path, is_api=is_api)


_Found = tuple[Served, str | None, str, str]


def _in_namespace(group: str, version: str, rest: list[str]) -> _Found | None:
    if len(rest) not in (3, 4, 5) or rest[0] != "namespaces":
        return None
    served = _BY_PLACE.get((group, version, rest[2]))
    if served is None or not served.resource.namespaced:
        return None
    name, subresource = (*rest[3:], "", "")[:2]
    return served, rest[1], name, subresource


def _cluster_wide(group: str, version: str, rest: list[str]) -> _Found | None:
    served = _BY_PLACE.get((group, version, rest[0])) if rest else None
    if served is None or len(rest) > 3:
        return None
    if served.resource.namespaced:
        return (served, None, "", "") if len(rest) == 1 else None
    name, subresource = (*rest[1:], "", "")[:2]
    return served, "", name, subresource
