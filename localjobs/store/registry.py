"""The API's verbs over the store: admission in, store out.

The order of checks and the answers are those of apimachinery's generic registry
(apiserver/pkg/registry/generic/registry/store.go). Everything is synchronous; whoever answers a
client awaits `Store.durable` first.
"""

from __future__ import annotations

from typing import Any

from localjobs.admission.deletion import DeleteOptions, is_finished_deletion, is_terminal
from localjobs.admission.options import WriteOptions
from localjobs.admission.patching.patch import Patch
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import PODS, Resource
from localjobs.clock import Clock
from localjobs.identities import Identities
from localjobs.store.answer import Answer
from localjobs.store.deletions import Deletions
from localjobs.store.eviction import evict
from localjobs.store.list_options import ListOptions, version_to_start_at
from localjobs.store.listing import Page, list_page, too_large
from localjobs.store.refusals import not_found
from localjobs.store.selection import Selection
from localjobs.store.store import Store
from localjobs.store.writes import Writes

NO_WRITE_OPTIONS = WriteOptions()
NO_DELETE_OPTIONS = DeleteOptions()
NO_LIST_OPTIONS = ListOptions()


class Registry:
    """The verbs of every resource."""

    def __init__(self, store: Store, clock: Clock, identities: Identities) -> None:
        self.store = store
        self._clock = clock
        self._deletions = Deletions(store, clock)
        self._writes = Writes(store, clock, identities)

    def create(
        self,
        resource: Resource,
        namespace: str,
        body: Any,
        options: WriteOptions = NO_WRITE_OPTIONS,
    ) -> Answer:
        """Create an object. Raises `BadRequest`, `NotFound` or `Forbidden` for its namespace,
        `Invalid`, `AlreadyExists`.
        """
        return self._writes.create(resource, namespace, body, options)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        body: Any,
        options: WriteOptions = NO_WRITE_OPTIONS,
        subresource: str = "",
    ) -> Answer:
        """Put a client's object in the place of the one there.

        Raises `BadRequest`, `NotFound`, `Conflict`, `Invalid`.
        """
        return self._writes.update(resource, (namespace, name), body, options, subresource)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Patch,
        options: WriteOptions = NO_WRITE_OPTIONS,
        subresource: str = "",
    ) -> Answer:
        """Change an object; an apply patch creates it if need be.

        Raises `BadRequest`, `NotFound`, `Conflict`, `Invalid`.
        """
        return self._writes.patch(resource, (namespace, name), patch, options, subresource)

    def get(
        self, resource: Resource, namespace: str, name: str, resource_version: str = ""
    ) -> Object:
        """The object. Raises `NotFound`; `Timeout` if that version is not reached yet."""
        if (wanted := version_to_start_at(resource_version)) > self.store.resource_version:
            raise too_large(wanted, self.store.resource_version)
        obj = self.store.get(resource, namespace, name)
        if obj is None:
            raise not_found(resource, name)
        return obj

    def list(
        self,
        resource: Resource,
        namespace: str | None = None,
        options: ListOptions = NO_LIST_OPTIONS,
    ) -> Page:
        """A page of objects; of all namespaces if it is None.

        Raises `BadRequest`, `Expired`, `Timeout`.
        """
        selection = Selection.parse(
            resource, namespace, options.label_selector, options.field_selector
        )
        return list_page(self.store, selection, options)

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        options: DeleteOptions = NO_DELETE_OPTIONS,
    ) -> Answer:
        """Delete an object, or mark it. Raises `NotFound`, `Conflict`, `Invalid`, `Forbidden`."""
        return self._deletions.delete(resource, namespace, name, options)

    def delete_collection(
        self,
        resource: Resource,
        namespace: str | None,
        options: DeleteOptions = NO_DELETE_OPTIONS,
        list_options: ListOptions = NO_LIST_OPTIONS,
    ) -> tuple[Page, tuple[str, ...]]:
        """Delete what a list selects; returns that list, and the warnings."""
        page = self.list(resource, namespace, list_options)
        return page, self._deletions.delete_each(resource, page.objects, options)

    def evict(self, namespace: str, name: str, eviction: Object) -> Answer:
        """Evict a pod. Raises `NotFound`, `BadRequest`, `Conflict`, `Invalid`."""
        key = f"{namespace}/{name}"
        return evict(self.store, self._deletions, self._clock, key, eviction)

    def put(self, resource: Resource, obj: Object) -> Object | None:
        """Write an object that a controller or the kubelet built: no decoding, no validation.

        An object being deleted that has nothing left to wait for is taken out instead: then
        None. Raises `NotFound`.
        """
        period = objects.metadata(obj).get("deletionGracePeriodSeconds")
        if resource is PODS and is_terminal(obj):
            period = 0
        if not is_finished_deletion(obj, period):
            return self.store.replace(resource, obj)
        self.store.remove(resource, objects.namespace(obj), objects.name(obj), last=obj)
        return None
