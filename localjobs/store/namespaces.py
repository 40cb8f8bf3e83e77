"""Namespaces: the ones that are always there, what each holds, and how one comes to its end.

What upstream's namespace, service account and root CA controllers do
(pkg/controller/namespace, pkg/controller/serviceaccount, pkg/controller/certificates/rootca).
"""

from __future__ import annotations

from collections.abc import Sequence

from localjobs.admission.deletion import DeleteOptions
from localjobs.api import objects, resources, timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, NAMESPACES, SERVICEACCOUNTS, Resource
from localjobs.clock import Clock
from localjobs.errors import Cause, Details, Forbidden, NotFound
from localjobs.identities import Identities
from localjobs.store.changes import Change, ChangeType
from localjobs.store.deletions import Deletions
from localjobs.store.refusals import not_found
from localjobs.store.store import Store

INITIAL = ("default", "kube-node-lease", "kube-public", "kube-system")
_NAME_LABEL = "kubernetes.io/metadata.name"
_ROOT_CA = "kube-root-ca.crt"
_ROOT_CA_NOTE = {
    "kubernetes.io/description": (
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal"
        " endpoints such as the internal service IP or kubernetes.default.svc."
    )
}
_CONTENT = tuple(resource for resource in resources.ALL if resource.namespaced)


def namespace_refusal(
    store: Store, resource: Resource, namespace: str, name: str
) -> NotFound | Forbidden | None:
    """Why nothing can be created in the namespace; None if something can.

    The NamespaceLifecycle admission of upstream.
    """
    if not resource.namespaced:
        return None
    found = store.get(NAMESPACES, "", namespace)
    if found is None:
        return not_found(NAMESPACES, namespace)
    if not objects.is_deleting(found):
        return None
    message = (
        f'{resource.qualified} "{name}" is forbidden: unable to create new content in namespace'
        f" {namespace} because it is being terminated"
    )
    why = f"namespace {namespace} is being terminated"
    cause = Cause("NamespaceTerminating", why, "metadata.namespace")
    details = Details(name=name, group=resource.group, kind=resource.plural, causes=(cause,))
    return Forbidden(message, details)


class Namespaces:
    """Furnishes new namespaces and empties deleted ones."""

    def __init__(self, store: Store, clock: Clock, identities: Identities) -> None:
        self._store = store
        self._clock = clock
        self._identities = identities
        self.certificate = ""
        """The API's authority, in PEM, for pods to trust; set before `start`."""
        self._deletions = Deletions(store, clock)

    def start(self) -> None:
        """Create what must be there, take up what was left, and follow the changes."""
        for name in INITIAL:
            if self._store.get(NAMESPACES, "", name) is None:
                self._store.insert(NAMESPACES, self._new_namespace(name))
        for namespace in self._store.list(NAMESPACES):
            self._follow(namespace)
        self._store.subscribe(self._on_changes)

    def _on_changes(self, changes: Sequence[Change]) -> None:
        touched: dict[str, None] = {}
        for change in changes:
            if change.resource is NAMESPACES:
                touched[objects.name(change.object)] = None
            elif change.type is ChangeType.DELETED or change.resource in (
                CONFIGMAPS,
                SERVICEACCOUNTS,
            ):
                touched[objects.namespace(change.object)] = None
        for name in touched:
            namespace = self._store.get(NAMESPACES, "", name)
            if namespace is not None:
                self._follow(namespace)

    def _follow(self, namespace: Object) -> None:
        if objects.is_deleting(namespace):
            self._empty(namespace)
        else:
            self._furnish(objects.name(namespace))

    def _furnish(self, name: str) -> None:
        if self._store.get(SERVICEACCOUNTS, name, "default") is None:
            meta = self._metadata("default", name)
            self._store.insert(
                SERVICEACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta}
            )
        wanted = {"ca.crt": self.certificate}
        found = self._store.get(CONFIGMAPS, name, _ROOT_CA)
        if found is None:
            meta = {**self._metadata(_ROOT_CA, name), "annotations": _ROOT_CA_NOTE}
            bundle = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": wanted}
            self._store.insert(CONFIGMAPS, bundle)
        elif found.get("data") != wanted:
            self._store.replace(CONFIGMAPS, {**found, "data": wanted})

    def _empty(self, namespace: Object) -> None:
        """Delete what is in it; once nothing is, the namespace goes."""
        name = objects.name(namespace)
        for resource in _CONTENT:
            waiting = self._store.list(resource, name)
            fresh = [obj for obj in waiting if not objects.is_deleting(obj)]
            policy = DeleteOptions(propagation_policy="Background")
            self._deletions.delete_each(resource, fresh, policy)
        if any(self._store.versions(resource, name) for resource in _CONTENT):
            return
        if not objects.finalizers(namespace):
            self._store.remove(NAMESPACES, "", name)

    def _new_namespace(self, name: str) -> Object:
        return {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {**self._metadata(name, ""), "labels": {_NAME_LABEL: name}},
            "spec": {"finalizers": ["kubernetes"]},
            "status": {"phase": "Active"},
        }

    def _metadata(self, name: str, namespace: str) -> Object:
        meta: Object = {"name": name}
        if namespace:
            meta["namespace"] = namespace
        created = timestamps.render(self._clock.now())
        return {**meta, "uid": self._identities.uid(), "creationTimestamp": created}
