"""What a path asks for (apiserver/pkg/endpoints/request/requestinfo.go)."""

from dataclasses import dataclass

from localjobs.api.resources import Resource
from localjobs.apiserver import discovery
from localjobs.apiserver.discovery import Served

_BY_PLACE = {
    (one.resource.group, one.resource.version, one.resource.plural): one for one in discovery.SERVED
}
_SERVED_VERSIONS = frozenset(discovery.GROUPS)


@dataclass(frozen=True, slots=True)
class RequestInfo:
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


class UnknownPath(LookupError):
    """Nothing is served there. `is_api` says that its group and version are, however."""

    def __init__(self, path: str, *, is_api: bool) -> None:
        super().__init__(path)
        self.is_api = is_api


def parse_path(path: str) -> RequestInfo:
    """Read `/api/v1/...` or `/apis/GROUP/VERSION/...`. Raises `UnknownPath`."""
    parts = [part for part in path.split("/") if part]
    group, version, rest = _group_and_version(path, parts)
    is_watch = bool(rest) and rest[0] == "watch"
    if is_watch:
        rest = rest[1:]
    found = _in_namespace(group, version, rest) or _cluster_wide(group, version, rest)
    if found is None:
        raise UnknownPath(path, is_api=True)
    served, namespace, name, subresource = found
    known = {one.name for one in served.subresources}
    if subresource and subresource not in known:
        raise UnknownPath(path, is_api=True)
    return RequestInfo(served, namespace, name, subresource, is_watch)


def _group_and_version(path: str, parts: list[str]) -> tuple[str, str, list[str]]:
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise UnknownPath(path, is_api=False)
    if (group, version) not in _SERVED_VERSIONS:
        raise UnknownPath(path, is_api=False)
    return group, version, rest


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
