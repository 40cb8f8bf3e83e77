"""What a volume is when its manifest does not say (pkg/apis/core/v1/defaults.go)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from localjobs.admission.images import is_latest
from localjobs.api.objects import Object
from localjobs.api.schema import SCHEMA

_CORE = "io.k8s.api.core.v1."
_FILE_MODE = 0o644
_TOKEN_LIFETIME = 3600  # seconds


def default_volume(volume: Object) -> Object:
    """The volume with a source, and the source's defaults."""
    changes: Object = {}
    has_source = False
    for name, source in volume.items():
        if name == "name":
            continue
        has_source = True
        default = _SOURCES.get(name)
        if default is not None:
            changes[name] = default(source)
    if not has_source:
        changes["emptyDir"] = {}
    return {**volume, **changes}


def declared(type_name: str, value: Object) -> Object:
    """The value with the defaults that the schema itself declares for the type's fields."""
    fields = SCHEMA.type(_CORE + type_name).fields.values()
    defaults = {
        field.name: field.default
        for field in fields
        if field.default is not None and not field.required
    }
    return {**defaults, **value}


def default_field_references(holder: Object) -> Object:
    """The items of a downward API source, with the version of their field references."""
    if not holder.get("items"):
        return holder
    return {**holder, "items": [default_field_reference(item) for item in holder["items"]]}


def default_field_reference(holder: Object) -> Object:
    """What holds a `fieldRef`, with that reference's version."""
    if "fieldRef" not in holder:
        return holder
    return {**holder, "fieldRef": {"apiVersion": "v1", **holder["fieldRef"]}}


def _files(source: Object) -> Object:
    return {"defaultMode": _FILE_MODE, **source}


def _downward_api(source: Object) -> Object:
    return _files(default_field_references(source))


def _projected(source: Object) -> Object:
    if not source["sources"]:  # printed all the same, and an empty list is stored as none
        return _files({**source, "sources": None})
    return _files({**source, "sources": [_projection(one) for one in source["sources"]]})


def _projection(projection: Object) -> Object:
    changes: Object = {}
    if "downwardAPI" in projection:
        changes["downwardAPI"] = default_field_references(projection["downwardAPI"])
    if "serviceAccountToken" in projection:
        token = projection["serviceAccountToken"]
        changes["serviceAccountToken"] = {"expirationSeconds": _TOKEN_LIFETIME, **token}
    return {**projection, **changes}


def _ephemeral(source: Object) -> Object:
    template = source.get("volumeClaimTemplate")
    if template is None:
        return source
    spec = {"volumeMode": "Filesystem", **(template.get("spec") or {})}
    return {**source, "volumeClaimTemplate": {**template, "spec": spec}}


def _image(source: Object) -> Object:
    policy = "Always" if is_latest(source.get("reference", "")) else "IfNotPresent"
    return {"pullPolicy": policy, **source}


def _declared(type_name: str) -> Callable[[Object], Object]:
    return lambda source: declared(type_name, source)


_SOURCES: Mapping[str, Callable[[Any], Any]] = {
    "configMap": _files,
    "secret": _files,
    "downwardAPI": _downward_api,
    "projected": _projected,
    "ephemeral": _ephemeral,
    "image": _image,
    "hostPath": lambda source: {"type": "", **source},
    "azureDisk": _declared("AzureDiskVolumeSource"),
    "iscsi": _declared("ISCSIVolumeSource"),
    "rbd": _declared("RBDVolumeSource"),
    "scaleIO": _declared("ScaleIOVolumeSource"),
}
