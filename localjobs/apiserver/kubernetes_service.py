"""The Service `kubernetes` in `default`, by which clients find the API (pkg/controlplane)."""

from collections.abc import Sequence

from localjobs.api import resources, timestamps
from localjobs.api.objects import Object
from localjobs.clock import Clock
from localjobs.identities import Identities
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store

NAMESPACE, NAME = "default", "kubernetes"
_LABELS = {"component": "apiserver", "provider": "kubernetes"}


def keep(store: Store, clock: Clock, identities: Identities, address: str, port: int) -> None:
    """Furnish it now, and again whenever somebody deletes it, as with everything of a namespace."""

    def see(changes: Sequence[Change]) -> None:
        for change in changes:
            if change.resource is resources.SERVICES and change.type is ChangeType.DELETED:
                furnish(store, clock, identities, address, port)

    furnish(store, clock, identities, address, port)
    store.subscribe(see)


def furnish(store: Store, clock: Clock, identities: Identities, address: str, port: int) -> None:
    """Make the Service, or let the one there say where the API listens now."""
    found = store.get(resources.SERVICES, NAMESPACE, NAME)
    spec = _spec(address, port)
    if found is None:
        meta = {
            "name": NAME,
            "namespace": NAMESPACE,
            "uid": identities.uid(),
            "creationTimestamp": timestamps.render(clock.now()),
            "labels": _LABELS,
        }
        store.insert(resources.SERVICES, {"metadata": meta, "spec": spec, "status": _STATUS})
    elif found.get("spec") != spec:
        store.replace(resources.SERVICES, {**found, "spec": spec})


_STATUS: Object = {"loadBalancer": {}}


def _spec(address: str, port: int) -> Object:
    family = "IPv6" if ":" in address else "IPv4"
    return {
        "ports": [{"name": "https", "protocol": "TCP", "port": port, "targetPort": port}],
        "clusterIP": address,
        "clusterIPs": [address],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": [family],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }
