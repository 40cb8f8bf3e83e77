"""`PodSpec`, in a pod or in a template: every rule in upstream's order (ValidatePodSpec)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from localjobs.admission.validation.affinity import validate_affinity
from localjobs.admission.validation.containers import (
    Surroundings,
    containers_of,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
)
from localjobs.admission.validation.dns import (
    validate_dns,
    validate_dns_policy,
    validate_host_aliases,
    validate_hostname_override,
)
from localjobs.admission.validation.env import check_file_key_volumes
from localjobs.admission.validation.formats import (
    Errors,
    check_dns_label,
    check_dns_subdomain,
    check_qualified_name,
    range_error,
)
from localjobs.admission.validation.labels import validate_labels
from localjobs.admission.validation.ports import check_host_network_ports
from localjobs.admission.validation.resource_claims import claim_names_of, validate_resource_claims
from localjobs.admission.validation.resources import validate_pod_resources, validate_resources
from localjobs.admission.validation.restart_policy import validate_pod_restart_policy
from localjobs.admission.validation.security_context import (
    validate_host_users,
    validate_pod_security_context,
)
from localjobs.admission.validation.tolerations import validate_tolerations
from localjobs.admission.validation.topology_spread import validate_topology_spread
from localjobs.admission.validation.volumes.volume import validate_volumes
from localjobs.admission.validation.windows import (
    validate_host_process,
    validate_linux_pod,
    validate_windows_pod,
)
from localjobs.api.field import duplicate, invalid, not_supported, required
from localjobs.api.objects import Object

OPERATING_SYSTEMS = ("linux", "windows")
PREEMPTION_POLICIES = ("PreemptLowerPriority", "Never")
LONGEST_DEADLINE = 2147483647


def validate_pod_spec(spec: Object, path: str, pod_name: str | None = None) -> Errors:
    """The spec of a pod, or of a template, for which there is no pod's name."""
    containers = containers_of(spec, path)
    if spec.get("terminationGracePeriodSeconds") is None:
        yield required(f"{path}.terminationGracePeriodSeconds")
    volumes, errors = validate_volumes(spec.get("volumes") or (), pod_name, f"{path}.volumes")
    yield from errors
    yield from _validate_containers(spec, volumes, path)
    yield from check_host_network_ports(spec, path, is_pod=pod_name is not None)
    yield from validate_pod_restart_policy(spec.get("restartPolicy", ""), f"{path}.restartPolicy")
    yield from validate_dns_policy(spec.get("dnsPolicy", ""), f"{path}.dnsPolicy")
    yield from validate_labels(spec.get("nodeSelector"), f"{path}.nodeSelector")
    yield from validate_pod_security_context(spec, f"{path}.securityContext")
    yield from _validate_scheduling(spec, path)
    yield from validate_host_process(spec, containers, path)
    yield from validate_host_users(spec, containers, path)
    yield from validate_hostname_override(spec, f"{path}.hostnameOverride")
    yield from _validate_names(spec, path)
    yield from _validate_classes(spec, path)
    if spec.get("os") is not None:
        yield from _validate_os(spec, containers, path)
    yield from check_file_key_volumes(spec, containers)


def _validate_containers(spec: Object, volumes: dict[str, Object], path: str) -> Errors:
    claim_names = claim_names_of(spec)
    around = Surroundings(
        volumes=volumes,
        claim_names=claim_names,
        restart_policy=spec.get("restartPolicy", ""),
        host_users=spec.get("hostUsers") is not False,
        grace_period=spec.get("terminationGracePeriodSeconds"),
    )
    if spec.get("resourceClaims"):
        yield from validate_resource_claims(spec["resourceClaims"], f"{path}.resourceClaims")
    yield from validate_containers(spec.get("containers") or (), around, f"{path}.containers")
    yield from validate_init_containers(spec, around, f"{path}.initContainers")
    yield from validate_ephemeral_containers(spec, around, f"{path}.ephemeralContainers")
    yield from validate_pod_resources(spec, claim_names, path)


def _validate_scheduling(spec: Object, path: str) -> Errors:
    if spec.get("affinity"):
        yield from validate_affinity(spec["affinity"], f"{path}.affinity")
    yield from validate_dns(spec, f"{path}.dnsConfig")
    for index, gate in enumerate(spec.get("readinessGates") or ()):
        here = f"{path}.readinessGates[{index}].conditionType"
        yield from check_qualified_name(gate.get("conditionType", ""), here)
    if spec.get("schedulingGates"):
        yield from _validate_gates(spec["schedulingGates"], f"{path}.schedulingGates")
    constraints = spec.get("topologySpreadConstraints")
    if constraints:
        yield from validate_topology_spread(constraints, f"{path}.topologySpreadConstraints")


def _validate_gates(gates: Iterable[Object], path: str) -> Errors:
    taken: set[str] = set()
    for index, gate in enumerate(gates):
        name = gate.get("name", "")
        yield from check_qualified_name(name, f"{path}[{index}]")
        if name in taken:
            yield duplicate(f"{path}[{index}]", name)
        taken.add(name)


def _validate_names(spec: Object, path: str) -> Errors:
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        yield from check_dns_subdomain(account, f"{path}.serviceAccountName")
    if spec.get("nodeName"):
        yield from check_dns_subdomain(spec["nodeName"], f"{path}.nodeName")
    deadline = spec.get("activeDeadlineSeconds")
    if deadline is not None and not 1 <= deadline <= LONGEST_DEADLINE:
        detail = range_error(1, LONGEST_DEADLINE)
        yield invalid(f"{path}.activeDeadlineSeconds", deadline, detail)
    for key in ("hostname", "subdomain"):
        if spec.get(key):
            yield from check_dns_label(spec[key], f"{path}.{key}")
    if spec.get("tolerations"):
        yield from validate_tolerations(spec["tolerations"], f"{path}.tolerations")
    if spec.get("hostAliases"):
        yield from validate_host_aliases(spec["hostAliases"], f"{path}.hostAliases")


def _validate_classes(spec: Object, path: str) -> Errors:
    if spec.get("priorityClassName"):
        here = f"{path}.priorityClassName"
        yield from check_dns_subdomain(spec["priorityClassName"], here)
    if spec.get("runtimeClassName") is not None:
        yield from check_dns_subdomain(spec["runtimeClassName"], f"{path}.runtimeClassName")
    policy = spec.get("preemptionPolicy")
    if policy == "":
        yield required(f"{path}.preemptionPolicy")
    elif policy is not None and policy not in PREEMPTION_POLICIES:
        yield not_supported(f"{path}.preemptionPolicy", policy, PREEMPTION_POLICIES)
    if spec.get("overhead"):
        limits = {"limits": spec["overhead"]}
        yield from validate_resources(limits, frozenset(), f"{path}.overhead")


def _validate_os(spec: Object, containers: Sequence[tuple[str, Object]], path: str) -> Errors:
    name = spec["os"].get("name", "")
    if not name:
        yield required(f"{path}.os.name", "cannot be empty")
    elif name not in OPERATING_SYSTEMS:
        yield not_supported(f"{path}.os", name, OPERATING_SYSTEMS)
    elif name == "linux":
        yield from validate_linux_pod(spec, containers, path)
    else:
        yield from validate_windows_pod(spec, containers, path)
