"""`spec.volumes`: names and the choice of one source each (core/validation, ValidateVolumes)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from msgspec import Struct

from localjobs.admission.validation.formats import Errors, check_dns_label
from localjobs.admission.validation.volumes import block, claim, cloud, cluster, files, network
from localjobs.admission.validation.volumes.projected import validate_projected
from localjobs.api import names
from localjobs.api.field import FieldError, duplicate, forbidden, invalid, required
from localjobs.api.objects import Object

SourceCheck: TypeAlias = Callable[[Object, str], Errors]


class _Source(Struct, frozen=True):
    """One type of volume. Upstream spells two paths of some types differently."""

    check: SourceCheck
    shown: str = ""
    """The name under which errors of the source are reported, if not its own."""
    refused: str = ""
    """The name under which a second source is refused, if not its own."""


_SOURCES: dict[str, _Source] = {
    "emptyDir": _Source(files.validate_empty_dir),
    "hostPath": _Source(files.validate_host_path),
    "gitRepo": _Source(files.validate_git_repo),
    "gcePersistentDisk": _Source(cloud.validate_gce_disk, shown="persistentDisk"),
    "awsElasticBlockStore": _Source(cloud.validate_aws_disk),
    "secret": _Source(files.validate_secret),
    "nfs": _Source(network.validate_nfs),
    "iscsi": _Source(block.validate_iscsi),
    "glusterfs": _Source(network.validate_glusterfs),
    "flocker": _Source(cluster.validate_flocker),
    "persistentVolumeClaim": _Source(claim.validate_claim),
    "rbd": _Source(network.validate_rbd),
    "cinder": _Source(cloud.validate_cinder),
    "cephfs": _Source(network.validate_cephfs, refused="cephFS"),
    "quobyte": _Source(network.validate_quobyte),
    "downwardAPI": _Source(files.validate_downward_api, refused="downwarAPI"),
    "fc": _Source(block.validate_fibre_channel),
    "flexVolume": _Source(cluster.validate_flex),
    "configMap": _Source(files.validate_config_map),
    "azureFile": _Source(cloud.validate_azure_file),
    "vsphereVolume": _Source(cloud.validate_vsphere),
    "photonPersistentDisk": _Source(cloud.validate_photon),
    "portworxVolume": _Source(cluster.validate_portworx),
    "azureDisk": _Source(cloud.validate_azure_disk),
    "storageos": _Source(cluster.validate_storageos),
    "projected": _Source(validate_projected),
    "scaleIO": _Source(cluster.validate_scale_io),
    "csi": _Source(cluster.validate_csi),
    "ephemeral": _Source(claim.validate_ephemeral),
    "image": _Source(files.validate_image),
}
"""Every type of volume, in the order in which upstream looks for them."""

_SECOND = "may not specify more than 1 volume type"
_LONG_PORTAL = (
    "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters "
    "if iscsi.initiatorName is specified."
)
_CREATED_CLAIM = "must not reference a PVC that gets created for an ephemeral volume"


def validate_volumes(
    volumes: Iterable[Object], pod_name: str | None, path: str
) -> tuple[dict[str, Object], list[FieldError]]:
    """The well-formed volumes by name, and the errors of the others.

    `pod_name` is None in a template: claims of ephemeral volumes are named after the pod.
    """
    listed = list(volumes)
    created = {
        f"{pod_name}-{one.get('name', '')}"
        for one in listed
        if pod_name and one.get("ephemeral") is not None
    }
    found: dict[str, Object] = {}
    errors: list[FieldError] = []
    for index, volume in enumerate(listed):
        here = f"{path}[{index}]"
        own = list(_validate_volume(volume, found, pod_name, here))
        errors += own
        if not own:
            found[volume["name"]] = volume
        name = (volume.get("persistentVolumeClaim") or {}).get("claimName", "")
        if name in created:
            errors.append(invalid(f"{here}.persistentVolumeClaim.claimName", name, _CREATED_CLAIM))
    return found, errors


def _validate_volume(
    volume: Object, found: dict[str, Object], pod_name: str | None, path: str
) -> Errors:
    name = volume.get("name", "")
    yield from _validate_source(volume, pod_name, path)
    if not name:
        yield required(f"{path}.name")
    else:
        yield from check_dns_label(name, f"{path}.name")
    if name in found:
        yield duplicate(f"{path}.name", name)


def _validate_source(volume: Object, pod_name: str | None, path: str) -> Errors:
    count = 0
    for key in sorted(volume.keys() & _SOURCES.keys(), key=_ORDER.__getitem__):
        source, content = _SOURCES[key], volume[key]
        if content is None:
            continue
        if count:
            yield forbidden(f"{path}.{source.refused or key}", _SECOND)
        else:
            if key == "image" and pod_name is not None:
                yield from files.check_image_reference(content, f"{path}.image")
            yield from source.check(content, f"{path}.{source.shown or key}")
            if key == "ephemeral":
                yield from _check_claim_name(volume.get("name", ""), pod_name, path)
        count += 1
        if key == "iscsi":
            yield from _check_portal(volume, path)
    if not count:
        yield required(path, "must specify a volume type")


_ORDER = {key: index for index, key in enumerate(_SOURCES)}


def _check_portal(volume: Object, path: str) -> Errors:
    source, name = volume["iscsi"], volume.get("name", "")
    length = len(f"{name}:{source.get('targetPortal', '')}".encode())
    if source.get("initiatorName") is not None and length > 64:
        yield invalid(f"{path}.name", name, _LONG_PORTAL)


def _check_claim_name(name: str, pod_name: str | None, path: str) -> Errors:
    if not pod_name or not name:
        return
    claim_name = f"{pod_name}-{name}"
    for problem in names.dns1123_subdomain_errors(claim_name):
        yield invalid(f"{path}.name", name, f'PVC name "{claim_name}": {problem}')
