"""What a pod's volumes hold: directories, paths of the machine, and files made of objects.

Upstream: pkg/volume/{configmap,secret,downwardapi,projected,emptydir,hostpath}, MakePayload above
all.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.kubelet import downward
from localjobs.kubelet.downward import FieldPathError, NodeFacts
from localjobs.kubelet.environment import CannotStart, Sources, container_named

DEFAULT_MODE = 0o644


@dataclass
class CannotMount(Exception):
    """A volume that cannot be set up now; it is tried again."""

    volume: str
    why: str

    def __str__(self) -> str:
        return f'MountVolume.SetUp failed for volume "{self.volume}" : {self.why}'


class EmptyDirectory(Struct, frozen=True):
    """A directory of the pod's own, as long as the pod is."""


class HostPath(Struct, frozen=True):
    """A path of the machine; `type` says what has to be there, or is to be made."""

    path: str
    type: str


class File(Struct, frozen=True):
    """A file of a projection, at a path relative to the volume."""

    path: str
    content: bytes
    mode: int


class Projection(Struct, frozen=True):
    """Files made of objects, sorted by path; containers can only read them."""

    files: tuple[File, ...]


VolumePlan: TypeAlias = EmptyDirectory | HostPath | Projection


class _Context(Struct, frozen=True):
    pod: Object
    sources: Sources
    node: NodeFacts
    mode: int


def plan_volume(volume: Object, pod: Object, sources: Sources, node: NodeFacts) -> VolumePlan:
    """What the volume of a pod's spec is to hold. Raises `CannotMount`."""
    if "emptyDir" in volume:
        return EmptyDirectory()
    if "hostPath" in volume:
        path = volume["hostPath"]
        return HostPath(path["path"], path.get("type") or "")
    for kind, read in _READERS.items():
        source = volume.get(kind)
        if source is None:
            continue
        mode = source.get("defaultMode")
        context = _Context(pod, sources, node, DEFAULT_MODE if mode is None else mode)
        try:
            files = {file.path: file for file in read(source, context)}
        except _Missing as error:
            raise CannotMount(volume["name"], str(error)) from error
        return Projection(tuple(file for _, file in sorted(files.items())))
    raise CannotMount(volume["name"], "volumes of this type are not supported yet")


class _Missing(Exception):
    """What the files are made of is not there."""


def _config_map(source: Object, context: _Context) -> Iterable[File]:
    name = source["name"]
    found = context.sources.config_map(name)
    if found is None:
        return _absent(source, f'configmap "{name}" not found')
    data = {key: text.encode() for key, text in (found.get("data") or {}).items()}
    data |= {key: base64.b64decode(t) for key, t in (found.get("binaryData") or {}).items()}
    return _picked(source, data, context, "configmap references non-existent config key: {}")


def _secret(source: Object, context: _Context) -> Iterable[File]:
    name = source.get("secretName") or source.get("name") or ""
    found = context.sources.secret(name)
    if found is None:
        return _absent(source, f'secret "{name}" not found')
    data = {key: base64.b64decode(text) for key, text in (found.get("data") or {}).items()}
    return _picked(source, data, context, "references non-existent secret key: {}")


def _absent(source: Object, why: str) -> Iterable[File]:
    if source.get("optional"):
        return ()
    raise _Missing(why)


def _picked(
    source: Object, data: Mapping[str, bytes], context: _Context, complaint: str
) -> Iterable[File]:
    items = source.get("items")
    if not items:
        return [File(key, content, context.mode) for key, content in data.items()]
    files = []
    for item in items:
        if item["key"] in data:
            mode = _mode(item, context)
            files.append(File(item["path"], data[item["key"]], mode))
        elif not source.get("optional"):
            raise _Missing(complaint.format(item["key"]))
    return files


def _downward(source: Object, context: _Context) -> Iterable[File]:
    for item in source.get("items") or ():
        yield File(item["path"], _downward_text(item, context).encode(), _mode(item, context))


def _downward_text(item: Object, context: _Context) -> str:
    try:
        if reference := item.get("fieldRef"):
            return downward.field_value(reference["fieldPath"], context.pod, context.node)
        reference = item["resourceFieldRef"]
        container = container_named(reference.get("containerName"), None, context.pod)
        return downward.resource_value(reference, container, context.node)
    except (FieldPathError, CannotStart) as error:
        raise _Missing(str(error)) from error


def _projected(source: Object, context: _Context) -> Iterable[File]:
    for part in source.get("sources") or ():
        for kind, own in part.items():
            yield from _PARTS[kind](own, context)


def _mode(item: Object, context: _Context) -> int:
    mode = item.get("mode")
    return context.mode if mode is None else int(mode)


_Reader: TypeAlias = Callable[[Object, _Context], Iterable[File]]
_PARTS: dict[str, _Reader] = {
    "configMap": _config_map,
    "secret": _secret,
    "downwardAPI": _downward,
}
_READERS: dict[str, _Reader] = {**_PARTS, "projected": _projected}
