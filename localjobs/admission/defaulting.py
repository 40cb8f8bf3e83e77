"""What an object is when its manifest does not say: the defaults of every served kind.

Applied to what was decoded, whenever a whole object is written (pkg/apis/batch/v1/defaults.go,
pkg/apis/core/v1/defaults.go).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from localjobs.admission.pod_defaults import default_pod, default_pod_spec
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import Resource

_NO_LIMIT = 2**31 - 1
_BACKOFF_LIMIT = 6
_AFFINITY_SECONDS = 10800


def default(resource: Resource, obj: Object) -> Object:
    """The object with defaults in the place of what it leaves out."""
    fill = _DEFAULTS.get(resource.kind)
    return obj if fill is None else fill(obj)


def _default_job(job: Object) -> Object:
    spec = _default_job_spec(job["spec"])
    job = {**job, "spec": spec}
    template_labels = spec["template"]["metadata"].get("labels")
    if template_labels and not objects.labels(job):
        # The very same dict: labels that creation adds to the template belong to the Job too.
        job = objects.with_metadata(job, labels=template_labels)
    return job


def _default_job_spec(spec: Object) -> Object:
    template = spec["template"]
    is_per_index = "backoffLimitPerIndex" in spec
    replaces = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    defaults: Object = {
        "parallelism": 1,
        "backoffLimit": _NO_LIMIT if is_per_index else _BACKOFF_LIMIT,
        "completionMode": "NonIndexed",
        "suspend": False,
        "manualSelector": False,
        "podReplacementPolicy": replaces,
    }
    if "parallelism" not in spec:
        defaults["completions"] = 1
    changes = {"template": {**template, "spec": default_pod_spec(template["spec"])}}
    policy = spec.get("podFailurePolicy")
    if policy and policy["rules"]:
        rules = [_default_rule(rule) for rule in policy["rules"]]
        changes["podFailurePolicy"] = {**policy, "rules": rules}
    return {**defaults, **spec, **changes}


def _default_rule(rule: Object) -> Object:
    patterns = rule.get("onPodConditions")
    if not patterns:
        return rule
    return {**rule, "onPodConditions": [{"status": "True", **pattern} for pattern in patterns]}


def _default_namespace(namespace: Object) -> Object:
    status = {"phase": "Active", **(namespace.get("status") or {})}
    name = objects.name(namespace)
    if name:
        labels = {**objects.labels(namespace), "kubernetes.io/metadata.name": name}
        namespace = objects.with_metadata(namespace, labels=labels)
    return objects.with_status(namespace, status)


def _default_secret(secret: Object) -> Object:
    secret = {"type": "Opaque", **secret}
    # Not a default, but part of reading a Secret too: its text form is write-only.
    texts = secret.pop("stringData", None)
    if texts:
        encoded = {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}
        secret["data"] = {**secret.get("data", {}), **encoded}
    return secret


def _default_node(node: Object) -> Object:
    status = node["status"]
    if status.get("capacity") and not status.get("allocatable"):
        status = {**status, "allocatable": status["capacity"]}
    return objects.with_status(node, status)


def _default_service(service: Object) -> Object:
    spec = {"sessionAffinity": "None", "type": "ClusterIP", **service["spec"]}
    if spec["type"] in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    is_external = spec["type"] in ("NodePort", "LoadBalancer") or (
        spec["type"] == "ClusterIP" and spec.get("externalIPs")
    )
    if is_external:
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if spec["type"] == "LoadBalancer":
        spec.setdefault("allocateLoadBalancerNodePorts", True)
    if spec.get("ports"):
        spec["ports"] = [_default_service_port(port) for port in spec["ports"]]
    return {**service, "spec": _default_affinity(spec)}


def _default_service_port(port: Object) -> Object:
    target = port.get("targetPort") or port["port"]
    return {"protocol": "TCP", **port, "targetPort": target}


def _default_affinity(spec: Object) -> Object:
    if spec["sessionAffinity"] == "None":
        return {key: value for key, value in spec.items() if key != "sessionAffinityConfig"}
    client_ip = (spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}
    if spec["sessionAffinity"] == "ClientIP" and "timeoutSeconds" not in client_ip:
        config = {"clientIP": {"timeoutSeconds": _AFFINITY_SECONDS}}
        return {**spec, "sessionAffinityConfig": config}
    return spec


_DEFAULTS: Mapping[str, Callable[[Object], Object]] = {
    "Job": _default_job,
    "Pod": default_pod,
    "Namespace": _default_namespace,
    "Secret": _default_secret,
    "Service": _default_service,
    "Node": _default_node,
}
