"""What a pod is when its manifest does not say: the pod template of a Job, and the Pod itself.

Expects a decoded object: zero values that Go leaves out are not there
(pkg/apis/core/v1/defaults.go and zz_generated.defaults.go).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from localjobs.admission.images import is_latest
from localjobs.admission.pod_level_resources import default_pod_resources
from localjobs.admission.volume_defaults import declared, default_field_reference, default_volume
from localjobs.api import quantity
from localjobs.api.objects import Object

_MILLI = 3  # decimal digits that resource lists keep
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_HTTP_GET = {"path": "/", "scheme": "HTTP"}


def default_pod_spec(spec: Object) -> Object:
    """The spec of a pod or of a pod template."""
    changes: Object = {
        name: [default(one) for one in spec[name]] for name, default in _LISTS if spec.get(name)
    }
    if spec.get("overhead"):
        changes["overhead"] = _rounded(spec["overhead"])
    if "resources" in spec:
        changes["resources"] = _default_resources(spec["resources"])
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:  # two names of one field
        changes["serviceAccountName"] = changes["serviceAccount"] = account
    return {**_POD_SPEC, "securityContext": {}, **spec, **changes}


_POD_SPEC = {
    "dnsPolicy": "ClusterFirst",
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "schedulerName": "default-scheduler",
}


def _default_container(container: Object) -> Object:
    policy = "Always" if is_latest(container.get("image", "")) else "IfNotPresent"
    changes: Object = {}
    for name, default in _CONTAINER_PARTS:
        if name in container:
            changes[name] = default(container[name])
    return {
        "imagePullPolicy": policy,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        **container,
        **changes,
    }


def _default_ports(ports: Iterable[Object]) -> list[Object]:
    return [{"protocol": "TCP", **port} for port in ports]


def _default_env(env: Iterable[Object]) -> list[Object]:
    return [_default_variable(variable) for variable in env]


def _default_variable(variable: Object) -> Object:
    source = variable.get("valueFrom")
    if source is None:
        return variable
    source = default_field_reference(source)
    if "fileKeyRef" in source:
        source = {**source, "fileKeyRef": declared("FileKeySelector", source["fileKeyRef"])}
    return {**variable, "valueFrom": source}


def _default_resources(resources: Object) -> Object:
    lists = {
        name: _rounded(resources[name]) for name in ("limits", "requests") if resources.get(name)
    }
    return {**resources, **lists}


def _rounded(amounts: dict[str, str]) -> dict[str, str]:
    return {
        name: str(quantity.parse(amount).rounded_up(_MILLI)) for name, amount in amounts.items()
    }


def _default_probe(probe: Object) -> Object:
    changes: Object = {}
    if "httpGet" in probe:
        changes["httpGet"] = {**_HTTP_GET, **probe["httpGet"]}
    if "grpc" in probe:
        changes["grpc"] = {"service": "", **probe["grpc"]}
    return {**_PROBE, **probe, **changes}


def _default_lifecycle(lifecycle: Object) -> Object:
    hooks = {
        name: {**lifecycle[name], "httpGet": {**_HTTP_GET, **lifecycle[name]["httpGet"]}}
        for name in ("postStart", "preStop")
        if "httpGet" in lifecycle.get(name, ())
    }
    return {**lifecycle, **hooks}


_CONTAINER_PARTS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("ports", _default_ports),
    ("env", _default_env),
    ("resources", _default_resources),
    ("livenessProbe", _default_probe),
    ("readinessProbe", _default_probe),
    ("startupProbe", _default_probe),
    ("lifecycle", _default_lifecycle),
)
_LISTS: tuple[tuple[str, Callable[[Object], Object]], ...] = (
    ("volumes", default_volume),
    ("initContainers", _default_container),
    ("containers", _default_container),
    ("ephemeralContainers", _default_container),
)


def default_pod(pod: Object) -> Object:
    """A Pod: as a template's spec, and what only the Pod itself gets (SetDefaults_Pod)."""
    spec = default_pod_spec(pod["spec"])
    changes: Object = {}
    for name in ("initContainers", "containers"):
        if spec.get(name):
            changes[name] = [_default_in_pod(one, spec) for one in spec[name]]
    spec = default_pod_resources({**spec, **changes})
    return {**pod, "spec": {"enableServiceLinks": True, **spec}}


def _default_in_pod(container: Object, spec: Object) -> Object:
    resources = container["resources"]
    if limits := resources.get("limits"):
        resources = {**resources, "requests": {**limits, **resources.get("requests", {})}}
    changes: Object = {"resources": resources}
    if spec.get("hostNetwork") and container.get("ports"):
        changes["ports"] = [
            {"hostPort": port["containerPort"], **port} for port in container["ports"]
        ]
    return {**container, **changes}
