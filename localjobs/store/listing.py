"""LIST: what a page of objects holds, at which version, and where the next page begins.

The rules of apiserver/pkg/storage/etcd3/store.go (`GetList`) and of its cacher: a page that goes
on with a list shows the objects as they were when the list began.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import Resource
from localjobs.errors import BadRequest, Cause, Details, Expired, Timeout
from localjobs.store.continuation import ANY_VERSION, Continuation
from localjobs.store.list_options import (
    EXACT,
    NOT_OLDER_THAN,
    ListOptions,
    UnreadableVersion,
    parse_resource_version,
)
from localjobs.store.selection import Selection
from localjobs.store.store import Store
from localjobs.store.version import Version, encode

_TOO_OLD = "The resourceVersion for the provided list is too old."
_INCONSISTENT = (
    "The provided continue parameter is too old to display a consistent list result. You can start"
    " a new list without the continue parameter, or use the continue token in this response to"
    " retrieve the remainder of the results. Continuing with the provided token results in an"
    " inconsistent list - objects that were created, modified, or deleted between the time the"
    " first chunk was returned and now may show up in the list."
)


class ExpiredList(Expired):
    """410 with a continue token that goes on inconsistently."""

    continue_token = ""

    def to_status(self) -> Object:
        status = super().to_status()
        return {**status, "metadata": {"continue": self.continue_token}}


def too_large(wanted: int, current: int) -> Timeout:
    """504: a resourceVersion that is not there yet."""
    message = f"Timeout: Too large resource version: {wanted}, current: {current}"
    cause = Cause("ResourceVersionTooLarge", "Too large resource version")
    return Timeout(message, Details(causes=(cause,), retry_after_seconds=1))


class Page(Struct, frozen=True):
    """One answer to a LIST."""

    resource: Resource
    versions: Sequence[Version]
    resource_version: int
    continue_token: str = ""
    remaining: int | None = None

    @property
    def metadata(self) -> Object:
        """The `ListMeta`."""
        meta: Object = {"resourceVersion": str(self.resource_version)}
        if self.continue_token:
            meta["continue"] = self.continue_token
        if self.remaining:
            meta["remainingItemCount"] = self.remaining
        return meta

    @property
    def objects(self) -> list[Object]:
        """The items."""
        return [version.object for version in self.versions]

    def to_object(self) -> Object:
        """The list object, items without their own kind and apiVersion as upstream lists them."""
        items = [
            {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
            for item in self.objects
        ]
        return {**self._type, "metadata": self.metadata, "items": items}

    def encode(self) -> bytes:
        """The list object's JSON, joined from the items' own."""
        head = encode({**self._type, "metadata": self.metadata})[:-1]
        # The store's JSON begins with kind and apiVersion, which upstream's lists leave out.
        type_ = {"kind": self.resource.kind, "apiVersion": self.resource.api_version}
        skipped = len(encode(type_)[:-1]) + 1
        items = b",{".join([version.body[skipped:] for version in self.versions])
        return b'%b,"items":[%b]}' % (head, b"{" + items if items else b"")

    @property
    def _type(self) -> Object:
        return {"kind": f"{self.resource.kind}List", "apiVersion": self.resource.api_version}


def list_page(store: Store, selection: Selection, options: ListOptions) -> Page:
    """Answer a LIST whose options are valid.

    Raises `BadRequest`, `Expired`, and `Timeout` for a version that is not there yet.
    """
    if options.continue_token:
        return _next_page(store, selection, options)
    at, limit = _version_and_limit(store, options)
    if at is None:
        found = store.versions(selection.resource, selection.namespace)
        return _page(selection, found, limit, store.resource_version)
    try:
        found = store.versions_at(selection.resource, selection.namespace, at)
    except Expired:
        raise Expired(_TOO_OLD) from None
    return _page(selection, found, limit, at)


def _version_and_limit(store: Store, options: ListOptions) -> tuple[int | None, int]:
    """The exact version to list, None for the current one; and the limit that holds."""
    try:
        wanted = parse_resource_version(options.resource_version)
    except UnreadableVersion as error:
        raise BadRequest(f"invalid resource version: {error}") from error
    if wanted > store.resource_version:
        raise too_large(wanted, store.resource_version)
    limit = max(options.limit, 0)
    match = options.resource_version_match
    if options.resource_version == "0":
        return None, 0  # "whatever is at hand" is answered whole
    is_exact = match == EXACT or (match != NOT_OLDER_THAN and limit > 0)
    return (wanted if is_exact and wanted else None), limit


def _next_page(store: Store, selection: Selection, options: ListOptions) -> Page:
    continuation = Continuation.decode(options.continue_token)
    if options.resource_version not in ("", "0"):
        raise BadRequest("specifying resource version is not allowed when using continue")
    at = continuation.resource_version
    if at == ANY_VERSION:
        at = store.resource_version
    if at > store.resource_version:
        raise too_large(at, store.resource_version)
    try:
        found = store.versions_at(selection.resource, selection.namespace, at)
    except Expired:
        expired = ExpiredList(_INCONSISTENT)
        expired.continue_token = Continuation(ANY_VERSION, continuation.start).encode()
        raise expired from None
    first = bisect_left(found, continuation.start, key=lambda version: _key(selection, version))
    return _page(selection, found[first:], max(options.limit, 0), at)


def _key(selection: Selection, version: Version) -> str:
    meta = version.object["metadata"]
    name: str = meta["name"]
    if selection.namespace is not None or not selection.resource.namespaced:
        return name
    return f"{meta['namespace']}/{name}"


def _page(selection: Selection, found: Sequence[Version], limit: int, at: int) -> Page:
    resource = selection.resource
    if selection.is_everything:
        taken = found[:limit] if limit else found
        left = len(found) - len(taken)
        return Page(resource, taken, at, _token(selection, taken, left, at), left or None)
    selected: list[Version] = []
    for position, version in enumerate(found, start=1):
        if selection.matches_version(version):
            selected.append(version)
            if len(selected) == limit:
                left = len(found) - position
                return Page(resource, selected, at, _token(selection, selected, left, at))
    return Page(resource, selected, at)


def _token(selection: Selection, taken: Sequence[Version], left: int, at: int) -> str:
    if not left:
        return ""
    return Continuation(at, _key(selection, taken[-1]) + "\0").encode()
