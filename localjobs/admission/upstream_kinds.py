"""Kinds that a Kubernetes API server knows and this one does not serve.

Sending one where another belongs is a different mistake from sending one that nobody knows.
"""

from __future__ import annotations

_KINDS = {
    "v1": (
        "Binding Endpoints LimitRange PersistentVolume PersistentVolumeClaim PodTemplate "
        "ReplicationController ResourceQuota"
    ),
    "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    "autoscaling/v1": "HorizontalPodAutoscaler Scale",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "coordination.k8s.io/v1": "Lease",
    "discovery.k8s.io/v1": "EndpointSlice",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "node.k8s.io/v1": "RuntimeClass",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "ClusterRole ClusterRoleBinding Role RoleBinding",
    "scheduling.k8s.io/v1": "PriorityClass",
    "storage.k8s.io/v1": "CSIDriver CSINode StorageClass VolumeAttachment",
}
_SERVED = {
    "v1": "ConfigMap Event Namespace Node Pod Secret Service ServiceAccount",
    "batch/v1": "CronJob Job",
}


def is_known(group_version: str, kind: str) -> bool:
    """Whether upstream registers the kind, or the kind it is a list of."""
    names = f"{_KINDS.get(group_version, '')} {_SERVED.get(group_version, '')}".split()
    return kind in names or (kind.endswith("List") and kind.removesuffix("List") in names)
