"""Containers of a pod: what all have in common, and what each kind may have (core/validation)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from localjobs.admission.validation.env import validate_env, validate_env_from
from localjobs.admission.validation.formats import Errors, check_dns_label
from localjobs.admission.validation.lifecycle import validate_lifecycle
from localjobs.admission.validation.mounts import validate_devices, validate_mounts
from localjobs.admission.validation.ports import check_host_ports, validate_ports
from localjobs.admission.validation.probes import validate_probes
from localjobs.admission.validation.resources import validate_resources
from localjobs.admission.validation.restart_policy import (
    validate_init_restart_policy,
    validate_restart_policy,
)
from localjobs.admission.validation.security_context import validate_security_context
from localjobs.admission.validation.volumes.files import validate_pull_policy
from localjobs.api.field import duplicate, forbidden, invalid, not_found, not_supported, required
from localjobs.api.objects import Object

MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
RESIZABLE = ("cpu", "memory")
RESIZE_POLICIES = ("NotRequired", "RestartContainer")
_NOT_EPHEMERAL = (
    "ports",
    "resources",
    "resizePolicy",
    "restartPolicy",
    "restartPolicyRules",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
    "lifecycle",
)
"""Members that an ephemeral container may not have, in the type's order."""


class Surroundings(Struct, frozen=True):
    """What a container is validated against: the rest of its pod."""

    volumes: Mapping[str, Object]
    """The pod's well-formed volumes by name."""
    claim_names: frozenset[str]
    restart_policy: str
    host_users: bool
    grace_period: int | None
    """Seconds, or None if the pod has none."""


def containers_of(spec: Object, path: str) -> list[tuple[str, Object]]:
    """Every container with its path: init containers, containers, ephemeral ones."""
    return [
        (f"{path}.{key}[{index}]", container)
        for key in ("initContainers", "containers", "ephemeralContainers")
        for index, container in enumerate(spec.get(key) or ())
    ]


def validate_containers(containers: Sequence[Object], around: Surroundings, path: str) -> Errors:
    """`spec.containers`: at least one, each with a name of its own."""
    if not containers:
        yield required(path)
        return
    taken: set[str] = set()
    for index, container in enumerate(containers):
        here = f"{path}[{index}]"
        yield from _validate_common(container, around, here)
        name = container.get("name", "")
        if name in taken:
            yield duplicate(f"{here}.name", name)
        taken.add(name)
        yield from _validate_running(container, around, here)
        yield from validate_restart_policy(container, here)
    yield from check_host_ports(containers, path)


def _validate_running(container: Object, around: Surroundings, path: str) -> Errors:
    """What only containers have that run on: hooks and probes."""
    lifecycle = container.get("lifecycle")
    if lifecycle is not None:
        yield from validate_lifecycle(lifecycle, around.grace_period, f"{path}.lifecycle")
    yield from validate_probes(container, around.grace_period, path)


def validate_init_containers(spec: Object, around: Surroundings, path: str) -> Errors:
    """`spec.initContainers`: those with restart policy Always are sidecars (KEP-753)."""
    taken = {container.get("name", "") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here = f"{path}[{index}]"
        yield from _validate_common(container, around, here)
        yield from validate_init_restart_policy(container, here)
        name = container.get("name", "")
        if name in taken:
            yield duplicate(f"{here}.name", name)
        elif name:
            taken.add(name)
        # Init containers run one by one: each is checked alone, under the list's first index.
        yield from check_host_ports((container,), path)
        if container.get("restartPolicy") == "Always":
            yield from _validate_running(container, around, here)
        else:
            yield from _refuse_running(container, here)


def _refuse_running(container: Object, path: str) -> Errors:
    for key in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(key) is not None:
            detail = "may not be set for init containers without restartPolicy=Always"
            yield forbidden(f"{path}.{key}", detail)
    for index, policy in enumerate(container.get("resizePolicy") or ()):
        if policy.get("restartPolicy") == "RestartContainer":
            detail = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            here = f"{path}.resizePolicy[{index}].restartPolicy"
            yield invalid(here, "RestartContainer", detail)


def validate_ephemeral_containers(spec: Object, around: Surroundings, path: str) -> Errors:
    """`spec.ephemeralContainers`: for debugging, without what a workload needs."""
    others = {
        container.get("name", "")
        for key in ("containers", "initContainers")
        for container in spec.get(key) or ()
    }
    taken = set(others)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        here = f"{path}[{index}]"
        yield from _validate_common(container, around, here)
        yield from check_image_padding((container,), path, first=index)
        name, target = container.get("name", ""), container.get("targetContainerName", "")
        if name in taken:
            yield duplicate(f"{here}.name", name)
        taken.add(name)
        if target and target not in others:
            yield not_found(f"{here}.targetContainerName", target)
        yield from _refuse_workload(container, here)


def _refuse_workload(container: Object, path: str) -> Errors:
    detail = "cannot be set for an Ephemeral Container"
    for key in _NOT_EPHEMERAL:
        value = container.get(key)
        if value is not None and (value or key not in {"ports", "resources"}):
            yield forbidden(f"{path}.{key}", detail)
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        for key in ("subPath", "subPathExpr"):
            if mount.get(key):
                yield forbidden(f"{path}.volumeMounts[{index}].{key}", detail)


def check_image_padding(containers: Iterable[Object], path: str, *, first: int = 0) -> Errors:
    """In a pod, unlike a template, an image's name has no spaces around it."""
    for index, container in enumerate(containers, first):
        image = container.get("image", "")
        if image.strip() != image:
            detail = "must not have leading or trailing whitespace"
            yield invalid(f"{path}[{index}].image", image, detail)


def _validate_common(container: Object, around: Surroundings, path: str) -> Errors:
    name = container.get("name", "")
    if not name:
        yield required(f"{path}.name")
    else:
        yield from check_dns_label(name, f"{path}.name")
    if not container.get("image"):
        yield required(f"{path}.image")
    yield from _validate_message_policy(container, f"{path}.terminationMessagePolicy")
    for check in (_validate_interface, _validate_needs):
        yield from check(container, around, path)


def _validate_message_policy(container: Object, path: str) -> Errors:
    policy = container.get("terminationMessagePolicy", "")
    if not policy:
        yield required(path)
    elif policy not in MESSAGE_POLICIES:
        yield not_supported(path, policy, MESSAGE_POLICIES)


def _validate_interface(container: Object, around: Surroundings, path: str) -> Errors:
    """Ports, environment, mounts."""
    if "ports" in container:
        yield from validate_ports(container["ports"] or (), f"{path}.ports")
    if "env" in container:
        yield from validate_env(container["env"] or (), f"{path}.env")
    if "envFrom" in container:
        yield from validate_env_from(container["envFrom"] or (), f"{path}.envFrom")
    if "volumeMounts" in container:
        yield from validate_mounts(container, around.volumes, path)
    if "volumeDevices" in container:
        yield from validate_devices(container, around.volumes, path)


def _validate_needs(container: Object, around: Surroundings, path: str) -> Errors:
    """Image pulls, resources, privileges."""
    policy = container.get("imagePullPolicy", "")
    yield from validate_pull_policy(policy, f"{path}.imagePullPolicy")
    if container.get("resources"):
        here = f"{path}.resources"
        yield from validate_resources(container["resources"], around.claim_names, here)
    if container.get("resizePolicy"):
        here = f"{path}.resizePolicy"
        yield from _validate_resize(container["resizePolicy"], around.restart_policy, here)
    if container.get("securityContext"):
        yield from validate_security_context(
            container["securityContext"], f"{path}.securityContext", host_users=around.host_users
        )


def _validate_resize(policies: Iterable[Object], restart_policy: str, path: str) -> Errors:
    """What a change of resources in place does to the container (KEP-1287)."""
    taken: set[str] = set()
    for index, policy in enumerate(policies):
        resource, action = policy.get("resourceName", ""), policy.get("restartPolicy", "")
        if resource in taken:
            yield duplicate(f"{path}[{index}]", resource)
        taken.add(resource)
        yield from _check_choice(resource, RESIZABLE, path)
        yield from _check_choice(action, RESIZE_POLICIES, path)
        if restart_policy == "Never" and action != "NotRequired":
            detail = "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            yield invalid(path, action, detail)


def _check_choice(value: str, supported: tuple[str, ...], path: str) -> Errors:
    if not value:
        yield required(path)
    elif value not in supported:
        yield not_supported(path, value, supported)


def names_of(containers: Iterable[tuple[str, Object]]) -> Iterator[str]:
    """The names of containers that come with their paths."""
    return (container.get("name", "") for _, container in containers)
