"""References from a pod to a field of itself or to a key of a ConfigMap or Secret."""

from __future__ import annotations

import re
from collections.abc import Iterable

from localjobs.admission.validation.formats import (
    Errors,
    check_dns_label,
    check_dns_subdomain,
    check_qualified_name,
    malformed,
)
from localjobs.admission.validation.paths import check_no_backsteps
from localjobs.api import names, quantity
from localjobs.api.field import invalid, not_supported, required
from localjobs.api.objects import Object

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
"""Fields of the pod that an environment variable can take."""

VOLUME_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
"""Fields of the pod that a downward API volume can hold."""

_CONVERTIBLE = frozenset(
    (
        *ENV_FIELDS,
        *VOLUME_FIELDS,
        "spec.restartPolicy",
        "spec.schedulerName",
        "status.phase",
        "spec.host",
    )
)
_SUBSCRIPT = re.compile(r"(.+?)\['(.*)'\]", re.DOTALL).fullmatch

RESOURCES = (
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
)
_HUGE_PAGES = ("limits.hugepages-", "requests.hugepages-")
_CPU_DIVISORS = frozenset({"1m", "1"})
_SIZE_UNITS = ("", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_SIZE_DIVISORS = frozenset(f"1{unit}" for unit in _SIZE_UNITS)


def split_subscript(field_path: str) -> tuple[str, str | None]:
    """`metadata.labels['a']` as its path and subscript; None without one (fieldpath.go)."""
    found = _SUBSCRIPT(field_path)
    return (found[1], found[2]) if found else (field_path, None)


def validate_field_ref(reference: Object, fields: Iterable[str], path: str) -> Errors:
    """A fieldRef to one of these fields, to a label or to an annotation."""
    version, field_path = reference.get("apiVersion", ""), reference.get("fieldPath", "")
    if not version or not field_path:
        yield required(f"{path}.{'fieldPath' if version else 'apiVersion'}")
        return
    problem = _conversion_error(version, field_path)
    if problem:
        yield invalid(f"{path}.fieldPath", field_path, f"error converting fieldPath: {problem}")
        return
    base, subscript = split_subscript(field_path)
    if subscript is not None:
        is_annotation = base == "metadata.annotations"
        yield from check_qualified_name(subscript.lower() if is_annotation else subscript, path)
        return
    base = "spec.nodeName" if base == "spec.host" else base
    if base not in fields:
        yield not_supported(f"{path}.fieldPath", base, fields)


def _conversion_error(version: str, field_path: str) -> str:
    if version != "v1":
        return f"unsupported pod version: {version}"
    base, subscript = split_subscript(field_path)
    if subscript is not None:
        if base in {"metadata.annotations", "metadata.labels"}:
            return ""
        return f"field label does not support subscript: {field_path}"
    return "" if base in _CONVERTIBLE else f"field label not supported: {field_path}"


def validate_resource_field_ref(reference: Object, path: str, *, in_volume: bool) -> Errors:
    """A resourceFieldRef; in a volume it must name the container."""
    resource = reference.get("resource", "")
    if in_volume and not reference.get("containerName"):
        yield required(f"{path}.containerName")
    elif not resource:
        yield required(f"{path}.resource")
    elif resource not in RESOURCES and not resource.startswith(_HUGE_PAGES):
        yield not_supported(f"{path}.resource", resource, RESOURCES)
    divisor = reference.get("divisor")
    if divisor is not None:
        yield from _check_divisor(resource, quantity.parse(str(divisor)), f"{path}.divisor")


def _check_divisor(resource: str, divisor: quantity.Quantity, path: str) -> Errors:
    if not divisor:
        return
    kind = resource.partition(".")[2] if resource in RESOURCES else ""
    if kind == "cpu":
        if str(divisor) not in _CPU_DIVISORS:
            detail = "only divisor's values 1m and 1 are supported with the cpu resource"
            yield invalid(path, resource, detail)
        return
    noun = {"memory": "memory", "ephemeral-storage": "local ephemeral storage"}.get(kind, "")
    if resource.startswith(_HUGE_PAGES):
        noun = "hugepages"
    if noun and str(divisor) not in _SIZE_DIVISORS:
        listed = ", ".join(f"1{unit}" for unit in _SIZE_UNITS)
        detail = f"only divisor's values {listed} are supported with the {noun} resource"
        yield invalid(path, resource, detail)


def validate_key_ref(reference: Object, path: str) -> Errors:
    """A key of a ConfigMap or Secret."""
    yield from check_dns_subdomain(reference.get("name", ""), f"{path}.name")
    key = reference.get("key", "")
    if not key:
        yield required(f"{path}.key")
    else:
        yield from malformed(f"{path}.key", key, names.config_map_key_errors(key))


def validate_file_key_ref(reference: Object, path: str) -> Errors:
    """A variable in a file of a volume."""
    key, volume, file = (reference.get(one, "") for one in ("key", "volumeName", "path"))
    if not key:
        yield required(f"{path}.key")
    else:
        yield from malformed(f"{path}.key", key, names.relaxed_env_var_name_errors(key))
    if not volume:
        yield required(f"{path}.volumeName")
    else:
        yield from check_dns_label(volume, f"{path}.volumeName")
    if not file:
        yield required(f"{path}.path")
    else:
        yield from check_no_backsteps(file, f"{path}.path")
