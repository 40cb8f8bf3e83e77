"""The environment of a container: what its spec declares, on top of a small base.

Upstream: makeEnvironmentVariables in pkg/kubelet/kubelet_pods.go. Later entries win: the base,
the image's, HOSTNAME, envFrom in order, env in order.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.kubelet import downward
from localjobs.kubelet.downward import FieldPathError, NodeFacts
from localjobs.kubelet.expansion import expand

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")
LONGEST_HOSTNAME = 63


class Sources(Protocol):
    """Where the values come from that are not in the pod: objects of the pod's namespace."""

    def config_map(self, name: str) -> Object | None:
        """The ConfigMap of that name, if there is one."""

    def secret(self, name: str) -> Object | None:
        """The Secret of that name, if there is one."""


@dataclass
class CannotStart(Exception):
    """A container cannot be started for want of something it refers to."""

    message: str
    reason: str = "CreateContainerConfigError"

    def __str__(self) -> str:
        return self.message


def base_environment(inherited: Mapping[str, str], passed: Iterable[str] = ()) -> dict[str, str]:
    """What every container gets of the daemon's environment: a few names, and those `passed`.

    `PREFIX*` passes all names that begin so. PATH and HOME are always there.
    """
    names = {*INHERITED, *passed}
    prefixes = tuple(name.removesuffix("*") for name in names if name.endswith("*"))
    kept = {
        name: value
        for name, value in inherited.items()
        if name in names or (prefixes and name.startswith(prefixes))
    }
    return {"PATH": DEFAULT_PATH, "HOME": "/", **kept}


def hostname(pod: Object) -> str:
    """The pod's host name: `spec.hostname`, or its name, cut to what a host name may be."""
    name: str = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return name[:LONGEST_HOSTNAME].rstrip("-.")


def declared_environment(
    container: Object, pod: Object, sources: Sources, node: NodeFacts
) -> dict[str, str]:
    """What the container's envFrom and env say. Raises `CannotStart`."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom") or ():
        prefix = source.get("prefix") or ""
        for key, value in _all_of(source, sources).items():
            variables[prefix + key] = value
    for entry in container.get("env") or ():
        if entry.get("value"):
            variables[entry["name"]] = expand(entry["value"], variables)
            continue
        value_from = entry.get("valueFrom")
        found = _resolved(value_from, container, pod, (sources, node)) if value_from else ""
        if found is not None:
            variables[entry["name"]] = found
    return variables


def _resolved(
    value_from: Object, container: Object, pod: Object, context: tuple[Sources, NodeFacts]
) -> str | None:
    """The value, or None if it is optional and not there."""
    sources, node = context
    if reference := value_from.get("fieldRef"):
        try:
            return downward.field_value(reference["fieldPath"], pod, node)
        except FieldPathError as error:
            raise CannotStart(str(error)) from error
    if reference := value_from.get("resourceFieldRef"):
        named = container_named(reference.get("containerName"), container, pod)
        return downward.resource_value(reference, named, node)
    namespace = pod["metadata"].get("namespace", "")
    if reference := value_from.get("configMapKeyRef"):
        config_map = sources.config_map(reference["name"])
        return _entry(_ref(reference, "ConfigMap", namespace), config_map, _config_map_data)
    if reference := value_from.get("secretKeyRef"):
        secret = sources.secret(reference["name"])
        return _entry(_ref(reference, "Secret", namespace), secret, _secret_data)
    raise CannotStart(f"valueFrom {' and '.join(sorted(value_from))} is not supported here")


def container_named(name: str | None, own: Object | None, pod: Object) -> Object:
    """The pod's container of that name, or the `own` one if none is named."""
    if own is not None and (not name or name == own["name"]):
        return own
    spec = pod["spec"]
    for other in (*(spec.get("initContainers") or ()), *spec["containers"]):
        if other["name"] == name:
            found: Object = other
            return found
    raise CannotStart(f"container {name} not found")


class _Reference(Struct, frozen=True):
    kind: str
    namespace: str
    name: str
    key: str
    optional: bool


def _ref(reference: Object, kind: str, namespace: str) -> _Reference:
    return _Reference(
        kind, namespace, reference["name"], reference["key"], bool(reference.get("optional"))
    )


def _entry(reference: _Reference, holder: Object | None, data: _Reader) -> str | None:
    values = data(holder) if holder is not None else {}
    if reference.key in values:
        return values[reference.key]
    if reference.optional:
        return None
    if holder is None:
        raise CannotStart(_not_found(reference.kind, reference.name))
    where = f"{reference.kind} {reference.namespace}/{reference.name}"
    raise CannotStart(f"couldn't find key {reference.key} in {where}")


def _all_of(source: Object, sources: Sources) -> dict[str, str]:
    if reference := source.get("configMapRef"):
        holder = sources.config_map(reference["name"])
        kind = "ConfigMap"
    elif reference := source.get("secretRef"):
        holder = sources.secret(reference["name"])
        kind = "Secret"
    else:
        return {}
    if holder is not None:
        return _config_map_data(holder) if kind == "ConfigMap" else _secret_data(holder)
    if reference.get("optional"):
        return {}
    raise CannotStart(_not_found(kind, reference["name"]))


def _not_found(kind: str, name: str) -> str:
    return f'{kind.lower()} "{name}" not found'


class _Reader(Protocol):
    def __call__(self, holder: Object, /) -> dict[str, str]: ...


def _config_map_data(config_map: Object) -> dict[str, str]:
    return dict(config_map.get("data") or {})


def _secret_data(secret: Object) -> dict[str, str]:
    # Environments hold bytes; what is no UTF-8 goes through as the bytes that it is.
    return {
        key: base64.b64decode(value).decode("utf-8", "surrogateescape")
        for key, value in (secret.get("data") or {}).items()
    }
