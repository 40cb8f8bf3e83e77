"""Status updates of a pod (core/validation, ValidatePodStatusUpdate)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence

from localjobs.admission.validation.dns import check_address, parse_address
from localjobs.admission.validation.formats import (
    Errors,
    check_dns_subdomain,
    check_identity,
    check_qualified_name,
)
from localjobs.admission.validation.internal_form import ADDRESS, internal_form
from localjobs.admission.validation.metadata import (
    check_immutable,
    validate_object_metadata_update,
    validate_registry_update,
)
from localjobs.admission.validation.pod_annotations import check_annotation_updates
from localjobs.api.field import FieldError, duplicate, forbidden, invalid
from localjobs.api.objects import Object

_SYSTEM_CONDITIONS = frozenset({"PodScheduled", "Ready", "Initialized"})
_NEGATIVE_GENERATION = "must be a non-negative integer"
_STATUSES = {
    "containerStatuses": "containers",
    "initContainerStatuses": "initContainers",
    "ephemeralContainerStatuses": "ephemeralContainers",
}
"""The lists of container statuses, and the lists of containers they speak of."""


def validate_pod_status_update(new: Object, old: Object) -> list[FieldError]:
    """All that is wrong with an update through the status subresource."""
    errors = list(validate_registry_update(new, old))
    errors += validate_object_metadata_update(new, old)
    errors += check_annotation_updates(new, old)
    errors += _validate_status(new, old)
    return errors


def _validate_status(new: Object, old: Object) -> Errors:
    status, before = new.get("status") or {}, old.get("status") or {}
    spec, spec_before = new.get("spec") or {}, old.get("spec") or {}
    yield from _validate_conditions(status.get("conditions") or (), "status.conditions")
    if spec.get("nodeName", "") != spec_before.get("nodeName", ""):
        yield forbidden("status.nodeName", "may not be changed directly")
    nominated = status.get("nominatedNodeName", "")
    if nominated and nominated != before.get("nominatedNodeName", ""):
        yield from check_dns_subdomain(nominated, "status.nominatedNodeName")
        if spec_before.get("nodeName"):
            detail = "may not be set on pods that are already bound to a node"
            yield forbidden("status.nominatedNodeName", detail)
    if status.get("observedGeneration", 0) < 0:
        value = status["observedGeneration"]
        yield invalid("status.observedGeneration", value, _NEGATIVE_GENERATION)
    quality, quality_before = status.get("qosClass", ""), before.get("qosClass", "")
    yield from check_immutable(quality, quality_before, "status.qosClass")
    for key, containers in _STATUSES.items():
        yield from _check_transitions(status, before, spec_before, (key, containers))
    yield from _validate_claims(status, spec)
    yield from _validate_addresses(status, "podIPs")
    if status.get("hostIPs"):
        yield from _check_first_address(status)
        yield from _validate_addresses(status, "hostIPs")
    yield from _validate_users(status, (spec.get("os") or {}).get("name", "linux"))


def _validate_conditions(conditions: Iterable[Object], path: str) -> Errors:
    for index, condition in enumerate(conditions):
        generation, kind = condition.get("observedGeneration", 0), condition.get("type", "")
        if generation < 0:
            here = f"{path}[{index}].observedGeneration"
            yield invalid(here, generation, _NEGATIVE_GENERATION)
        if kind not in _SYSTEM_CONDITIONS:
            yield from check_qualified_name(kind, f"{path}[{index}].Type")


def _check_transitions(
    status: Object, before: Object, spec: Object, keys: tuple[str, str]
) -> Errors:
    """A container that has ended does not run again unless a policy restarts it."""
    statuses, containers = keys
    if containers != "ephemeralContainers" and _all_may_restart(spec):
        return
    current = {one.get("name", ""): one for one in reversed(status.get(statuses) or ())}
    for index, former in enumerate(before.get(statuses) or ()):
        ended, name = (former.get("state") or {}).get("terminated"), former.get("name", "")
        if ended is None or name not in current:
            continue
        if (current[name].get("state") or {}).get("terminated") is not None:
            continue
        if not _may_restart(spec, containers, name, ended.get("exitCode", 0)):
            here = f"status.{statuses}[{index}].state"
            yield forbidden(here, "may not be transitioned to non-terminated state")


def _all_may_restart(spec: Object) -> bool:
    """Whether a rule of some container restarts all of them."""
    return any(
        rule.get("action") == "RestartAllContainers"
        for key in ("initContainers", "containers")
        for container in spec.get(key) or ()
        for rule in container.get("restartPolicyRules") or ()
    )


def _may_restart(spec: Object, key: str, name: str, exit_code: int) -> bool:
    """Whether the container restarts after this exit (kubelet's ContainerShouldRestart)."""
    if key == "ephemeralContainers":
        return False
    for container in spec.get(key) or ():
        if container.get("name") == name:
            return _restarts(container, spec.get("restartPolicy", "Always"), exit_code)
    return False


def _restarts(container: Object, pod_policy: str, exit_code: int) -> bool:
    own = container.get("restartPolicy")
    if own is not None:
        for rule in container.get("restartPolicyRules") or ():
            codes = rule.get("exitCodes") or {}
            is_in = exit_code in (codes.get("values") or ())
            if is_in == (codes.get("operator") == "In"):
                return True
    policy = own or pod_policy
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def _validate_claims(status: Object, spec: Object) -> Errors:
    known = {claim.get("name", "") for claim in spec.get("resourceClaims") or ()}
    taken: set[str] = set()
    for index, claim in enumerate(status.get("resourceClaimStatuses") or ()):
        here, name = f"status.resourceClaimStatuses[{index}]", claim.get("name", "")
        if name not in known:
            detail = "must match the name of an entry in `spec.resourceClaims`"
            yield invalid(f"{here}.name", name, detail)
        if name in taken:
            yield duplicate(f"{here}.name", name)
        taken.add(name)
        if claim.get("resourceClaimName") is not None:
            yield from check_dns_subdomain(claim["resourceClaimName"], f"{here}.resourceClaimName")


def _check_first_address(status: Object) -> Errors:
    first = status["hostIPs"][0].get("ip", "")
    if first != status.get("hostIP", ""):
        yield invalid("status.hostIPs[0].ip", first, "must be equal to `hostIP`")


def _validate_addresses(status: Object, key: str) -> Errors:
    """At most one address of each family."""
    entries: Sequence[Object] = status.get(key) or ()
    texts = [entry.get("ip", "") for entry in entries]
    for index, text in enumerate(texts):
        yield from check_address(text, f"status.{key}[{index}]")
    families = {type(parse_address(text)) for text in texts}
    is_dual = families == {ipaddress.IPv4Address, ipaddress.IPv6Address}
    if len(texts) > 2 or (len(texts) == 2 and not is_dual):
        forms = [internal_form(entry, ADDRESS) for entry in entries]
        detail = "may specify no more than one IP for each IP family"
        yield invalid(f"status.{key}", forms, detail)


def _validate_users(status: Object, system: str) -> Errors:
    for key in _STATUSES:
        for index, container in enumerate(status.get(key) or ()):
            user = (container.get("user") or {}).get("linux")
            here = f"status.{key}[{index}].user.linux"
            if user is None:
                continue
            if system == "windows":
                yield forbidden(here, "cannot be set for a windows pod")
                continue
            for member in ("uid", "gid"):
                yield from check_identity(user.get(member, 0), f"{here}.{member}")
            for position, group in enumerate(user.get("supplementalGroups") or ()):
                yield from check_identity(group, f"{here}.supplementalGroups[{position}]")
