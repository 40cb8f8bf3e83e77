"""What a cluster's admission plugins make of a new Pod, with their default settings.

ServiceAccount, Priority, DefaultTolerationSeconds and RuntimeClass (plugin/pkg/admission). There
are no PriorityClasses but the system's two, and no RuntimeClasses.
"""

from __future__ import annotations

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.errors import Details, Forbidden

_SYSTEM_PRIORITIES = {
    "system-cluster-critical": 2_000_000_000,
    "system-node-critical": 2_000_001_000,
}
_NODE_TAINTS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_TOLERATION_SECONDS = 300


def admit_pod(pod: Object) -> Object:
    """The Pod with what the plugins fill in; Forbidden if one of them refuses it."""
    spec = _with_service_account(pod["spec"])
    spec = _with_priority(pod, spec)
    spec = _with_node_tolerations(spec)
    if runtime_class := spec.get("runtimeClassName"):
        raise _forbidden(pod, f'pod rejected: RuntimeClass "{runtime_class}" not found')
    return {**pod, "spec": spec}


def _with_service_account(spec: Object) -> Object:
    account = spec.get("serviceAccountName") or spec.get("serviceAccount") or "default"
    return {**spec, "serviceAccountName": account, "serviceAccount": account}


def _with_priority(pod: Object, spec: Object) -> Object:
    name = spec.get("priorityClassName", "")
    if name and name not in _SYSTEM_PRIORITIES:
        raise _forbidden(pod, f"no PriorityClass with name {name} was found")
    computed = _SYSTEM_PRIORITIES.get(name, 0)
    if spec.get("priority", computed) != computed:
        raise _forbidden(
            pod,
            f"the integer value of priority ({spec['priority']}) must not be provided in pod "
            f"spec; priority admission controller computed {computed} from the given "
            "PriorityClass name",
        )
    policy = "PreemptLowerPriority"
    given = spec.get("preemptionPolicy", policy)
    if given != policy:
        raise _forbidden(
            pod,
            f"the string value of PreemptionPolicy ({given}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name",
        )
    return {**spec, "priority": computed, "preemptionPolicy": policy}


def _with_node_tolerations(spec: Object) -> Object:
    tolerations = spec.get("tolerations") or []
    added = [
        {
            "key": taint,
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": _TOLERATION_SECONDS,
        }
        for taint in _NODE_TAINTS
        if not any(_covers(toleration, taint) for toleration in tolerations)
    ]
    return {**spec, "tolerations": [*tolerations, *added]} if added else spec


def _covers(toleration: Object, taint: str) -> bool:
    has_key = toleration.get("key", "") in {taint, ""}
    return has_key and toleration.get("effect", "") in {"NoExecute", ""}


def _forbidden(pod: Object, reason: str) -> Forbidden:
    name = objects.name(pod)
    return Forbidden(f'pods "{name}" is forbidden: {reason}', Details(name=name, kind="pods"))
