"""Eviction: a pod is told that it is in the way, then deleted.

pkg/registry/core/pod/storage/eviction.go, without disruption budgets: nothing serves them.
"""

from __future__ import annotations

from localjobs.admission.deletion import DeleteOptions, check_preconditions
from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from localjobs.clock import Clock
from localjobs.errors import BadRequest
from localjobs.store.answer import Answer
from localjobs.store.deletions import Deletions, check_delete_options, without_preconditions
from localjobs.store.refusals import not_found
from localjobs.store.store import Store

_CONDITION = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}
_SUCCESS = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Success",
    "code": 201,
}


def evict(store: Store, deletions: Deletions, clock: Clock, key: str, eviction: Object) -> Answer:
    """Answer an `Eviction` of the pod `key`, `<namespace>/<name>`.

    Raises `NotFound`, `BadRequest`, `Conflict`, `Invalid`.
    """
    namespace, _, name = key.partition("/")
    if objects.name(eviction) not in ("", name):
        raise BadRequest("name in URL does not match name in Eviction object")
    pod = store.get(PODS, namespace, name)
    if pod is None:
        raise not_found(PODS, name)
    options = DeleteOptions.of(eviction.get("deleteOptions") or {})
    check_delete_options(options)
    check_preconditions(PODS, pod, options)
    if not options.dry_run:
        store.replace(PODS, with_disruption_target(pod, clock.now()))
    deletions.delete(PODS, namespace, name, without_preconditions(options))
    return Answer(_SUCCESS, code=201)


def with_disruption_target(pod: Object, now: float) -> Object:
    """The pod with the condition that says why it goes; one that says so already stays."""
    status = pod.get("status") or {}
    conditions = status.get("conditions") or []
    old = next((one for one in conditions if one["type"] == _CONDITION["type"]), None)
    since = timestamps.render(now)
    if old is not None and old["status"] == _CONDITION["status"]:
        since = old.get("lastTransitionTime") or since
    new = {
        "type": _CONDITION["type"],
        "status": _CONDITION["status"],
        "lastProbeTime": None,
        "lastTransitionTime": since,
        "reason": _CONDITION["reason"],
        "message": _CONDITION["message"],
    }
    if old is None:
        conditions = [*conditions, new]
    else:
        conditions = [new if one is old else one for one in conditions]
    return objects.with_status(pod, {**status, "conditions": conditions})
