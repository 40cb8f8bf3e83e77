"""What the writer of a valid pod or template should know (pkg/api/pod/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from localjobs.admission.validation.affinity import PREFERRED, REQUIRED
from localjobs.admission.validation.containers import containers_of
from localjobs.admission.validation.dns import parse_address
from localjobs.admission.validation.path_overlaps import overlap_warnings
from localjobs.admission.validation.port_warnings import port_warnings
from localjobs.admission.validation.security_profiles import (
    APPARMOR_CONTAINER,
    SECCOMP_CONTAINER,
    SECCOMP_POD,
)
from localjobs.api import names, objects, quantity
from localjobs.api.field import quoted
from localjobs.api.objects import Object

_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": (
        'deprecated since v1.17; use "topology.kubernetes.io/region" instead'
    ),
    "failure-domain.beta.kubernetes.io/zone": (
        'deprecated since v1.17; use "topology.kubernetes.io/zone" instead'
    ),
    "beta.kubernetes.io/instance-type": (
        'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'
    ),
    "app.kubernetes.io/created-by": "deprecated since v1.9",
    "scheduler.alpha.kubernetes.io/preferAvoidPods": (
        "deprecated since v1.22; use Taints and Tolerations instead"
    ),
    "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
}
"""Deprecated labels of nodes."""

_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
    "security.alpha.kubernetes.io/unsafe-sysctls": (
        'non-functional in v1.11+; use the "sysctls" field instead'
    ),
}
_VOLUMES = {
    "photonPersistentDisk": ("photonPersistentDisk", "v1.11, non-functional in v1.16+"),
    "gitRepo": ("gitRepo", "v1.11, and disabled by default in v1.33+"),
    "scaleIO": ("scaleIO", "v1.16, non-functional in v1.22+"),
    "flocker": ("flocker", "v1.22, non-functional in v1.25+"),
    "storageos": ("storageOS", "v1.22, non-functional in v1.25+"),
    "quobyte": ("quobyte", "v1.22, non-functional in v1.25+"),
    "glusterfs": ("glusterfs", "v1.25, non-functional in v1.26+"),
    "ephemeral": ("", ""),
    "cephfs": ("cephfs", "v1.28, non-functional in v1.31+"),
    "rbd": ("rbd", "v1.28, non-functional in v1.31+"),
}
"""Deprecated volumes, as warnings spell them, since when; claims warn of fractional bytes."""

_BYTES = ("memory", "ephemeral-storage")
"""Resources of containers that come in whole bytes."""

_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'
_APPARMOR = 'deprecated since v1.30; use the "appArmorProfile" field instead'
_NO_SELECTOR = "a null labelSelector results in matching no pod"


def warnings_for_pod(pod: Object) -> list[str]:
    """Warnings about a new or changed pod."""
    return list(_warnings(pod, ""))


def warnings_for_template(template: Object, path: str) -> list[str]:
    """Warnings about a workload's template."""
    return list(_warnings(template, f"{path}."))


def _warnings(pod: Object, prefix: str) -> Iterator[str]:
    spec, found = pod.get("spec") or {}, objects.annotations(pod)
    path = f"{prefix}spec"
    containers = containers_of(spec, path)
    yield from _node_label_warnings(spec, path)
    for key, message in _ANNOTATIONS.items():
        if key in found:
            yield f"{prefix}metadata.annotations[{key}]: {message}"
    if spec.get("volumes"):
        yield from _volume_warnings(spec["volumes"], f"{path}.volumes")
        yield from overlap_warnings(spec["volumes"])
    yield from _repetition_warnings(spec, path)
    overhead = spec.get("overhead")
    for resource in _BYTES:
        yield from _fraction_warnings(overhead, resource, f"{path}.overhead")
    if found:
        yield from _profile_warnings(pod, containers, prefix)
    for place, container in containers:
        resources = container.get("resources") or {}
        for resource in _BYTES if resources else ():
            for side in ("limits", "requests"):
                here = f"{place}.resources.{side}"
                yield from _fraction_warnings(resources.get(side), resource, here)
        yield from _env_warnings(container.get("env") or (), f"{place}.env")
    yield from port_warnings(containers)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        refusal = "must be >= 0; negative values are invalid and will be treated as 1"
        yield f"{path}.terminationGracePeriodSeconds: {refusal}"
    yield from _affinity_warnings(spec.get("affinity") or {}, f"{path}.affinity")
    yield from _address_warnings(spec, path)


def _node_label_warnings(spec: Object, path: str) -> Iterator[str]:
    for key in sorted(spec.get("nodeSelector") or ()):
        if key in _LABELS:
            yield f"{path}.nodeSelector[{key}]: {_LABELS[key]}"
    node = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    here = f"{path}.affinity.nodeAffinity"
    for index, term in enumerate((node.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from _term_warnings(term, f"{here}.{REQUIRED}.nodeSelectorTerms[{index}]")
    for index, wish in enumerate(node.get(PREFERRED) or ()):
        place = f"{here}.{PREFERRED}[{index}].preference"
        yield from _term_warnings(wish.get("preference") or {}, place, check_values=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        place, key = f"{path}.topologySpreadConstraints[{index}]", constraint.get("topologyKey", "")
        if key in _LABELS:
            yield f"{place}.topologyKey: {key} is {_LABELS[key]}"
        if constraint.get("labelSelector") is None:
            yield f"{place}.labelSelector: {_NO_SELECTOR}"


def _term_warnings(term: Object, path: str, *, check_values: bool = False) -> Iterator[str]:
    for index, expression in enumerate(term.get("matchExpressions") or ()):
        here, key = f"{path}.matchExpressions[{index}]", expression.get("key", "")
        if key in _LABELS:
            yield f"{here}.key: {key} is {_LABELS[key]}"
        for position, value in enumerate(expression.get("values") or () if check_values else ()):
            for problem in names.label_value_errors(value):
                yield f"{here}.values[{position}]: {value} is invalid, {problem}"


def _volume_warnings(volumes: Iterable[Object], path: str) -> Iterator[str]:
    for index, volume in enumerate(volumes):
        for key, (shown, since) in _VOLUMES.items():
            source = volume.get(key)
            if source is None:
                continue
            if shown:
                yield f"{path}[{index}].{shown}: deprecated in {since}"
                continue
            template = source.get("volumeClaimTemplate") or {}
            here = f"{path}[{index}].ephemeral.volumeClaimTemplate.spec.resources.requests"
            requests = ((template.get("spec") or {}).get("resources") or {}).get("requests")
            yield from _fraction_warnings(requests, "storage", here)


def _repetition_warnings(spec: Object, path: str) -> Iterator[str]:
    for key, member, noun in (("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")):
        taken: set[str] = set()
        for index, item in enumerate(spec.get(key) or ()):
            value = item.get(member, "")
            if value in taken:
                yield f"{path}.{key}[{index}].{member}: duplicate {noun} {quoted(value)}"
            taken.add(value)
    for index, secret in enumerate(spec.get("imagePullSecrets") or ()):
        if not secret.get("name"):
            yield f'{path}.imagePullSecrets[{index}].name: invalid empty name ""'


def _fraction_warnings(amounts: Object | None, resource: str, path: str) -> Iterator[str]:
    """A warning if the amount of a resource that is counted in bytes has a fraction."""
    if amounts and resource in amounts:
        amount = quantity.parse(str(amounts[resource]))
        if amount.milli_value % 1000:
            refusal = f"fractional byte value {quoted(str(amount))} is invalid"
            yield f"{path}[{resource}]: {refusal}, must be an integer"


def _profile_warnings(
    pod: Object, containers: Iterable[tuple[str, Object]], prefix: str
) -> Iterator[str]:
    found, spec = objects.annotations(pod), pod.get("spec") or {}
    context, here = spec.get("securityContext") or {}, f"{prefix}metadata.annotations"
    if SECCOMP_POD in found and context.get("seccompProfile") is None:
        yield f"{here}[{SECCOMP_POD}]: {_SECCOMP}"
    for _, container in containers:
        own, name = container.get("securityContext") or {}, container.get("name", "")
        key = SECCOMP_CONTAINER + name
        if key in found and own.get("seccompProfile") is None:
            yield f"{here}[{key}]: {_SECCOMP}"
        key = APPARMOR_CONTAINER + name
        has_profile = (own.get("appArmorProfile") or context.get("appArmorProfile")) is not None
        if prefix and key in found and not has_profile:
            yield f"{here}[{key}]: {_APPARMOR}"


def _env_warnings(variables: Iterable[Object], path: str) -> Iterator[str]:
    """A variable that is set again may build on its former value; else it hides it."""
    taken: set[str] = set()
    for index, variable in enumerate(variables):
        name, value = variable.get("name", ""), variable.get("value", "")
        reference = f"$({name})"
        is_derived = reference in value and value != reference
        if name in taken and (variable.get("valueFrom") is not None or not is_derived):
            hidden = f"hides previous definition of {quoted(name)}"
            yield f"{path}[{index}]: {hidden}, which may be dropped when using apply"
        taken.add(name)


def _affinity_warnings(affinity: Object, path: str) -> Iterator[str]:
    for key in ("podAffinity", "podAntiAffinity"):
        terms = affinity.get(key) or {}
        for index, term in enumerate(terms.get(REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{key}.{REQUIRED}[{index}].labelSelector: {_NO_SELECTOR}"
        for index, wish in enumerate(terms.get(PREFERRED) or ()):
            if (wish.get("podAffinityTerm") or {}).get("labelSelector") is None:
                here = f"{path}.{key}.{PREFERRED}[{index}].podAffinityTerm.labelSelector"
                yield f"{here}: {_NO_SELECTOR}"


def _address_warnings(spec: Object, path: str) -> Iterator[str]:
    """IPv6 addresses that are not written in the canonical form (RFC 5952)."""
    servers = (spec.get("dnsConfig") or {}).get("nameservers") or ()
    places = [(f"{path}.dnsConfig.nameservers[{i}]", text) for i, text in enumerate(servers)]
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        places.append((f"{path}.hostAliases[{index}].ip", alias.get("ip", "")))
    for here, text in places:
        address = parse_address(text)
        if address is not None and address.version == 6 and str(address) != text:
            canonical = f"in RFC 5952 canonical format ({quoted(str(address))})"
            yield f"{here}: IPv6 address {quoted(text)} should be {canonical}"
