"""Disks and shares of cloud providers (core/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors, range_error
from localjobs.admission.validation.volumes.network import require
from localjobs.api.field import invalid, not_supported, required
from localjobs.api.objects import Object

CACHING_MODES = ("None", "ReadOnly", "ReadWrite")
DISK_KINDS = ("Dedicated", "Managed", "Shared")
_MANAGED_URI = (
    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/"
    "disks/{disk-id}"
)
_BLOB_URI = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"


def validate_gce_disk(source: Object, path: str) -> Errors:
    """A GCE persistent disk."""
    yield from require(source, path, "pdName")
    yield from _check_partition(source, path)


def validate_aws_disk(source: Object, path: str) -> Errors:
    """An AWS EBS volume."""
    yield from require(source, path, "volumeID")
    yield from _check_partition(source, path)


def _check_partition(source: Object, path: str) -> Errors:
    partition = source.get("partition", 0)
    if not 0 <= partition <= 255:
        yield invalid(f"{path}.partition", partition, range_error(1, 255))


def validate_cinder(source: Object, path: str) -> Errors:
    """An OpenStack Cinder volume."""
    yield from require(source, path, "volumeID")
    yield from check_secret_name(source, path)


def check_secret_name(source: Object, path: str) -> Errors:
    """A reference to a Secret, if there is one, has a name."""
    secret = source.get("secretRef")
    if secret is not None and not secret.get("name"):
        yield required(f"{path}.secretRef.name")


def validate_azure_file(source: Object, path: str) -> Errors:
    """An Azure file share."""
    return require(source, path, "secretName", "shareName")


def validate_azure_disk(source: Object, path: str) -> Errors:
    """An Azure data disk: managed, or a blob."""
    yield from require(source, path, "diskName", "diskURI")
    caching, kind, uri = source.get("cachingMode"), source.get("kind"), source.get("diskURI", "")
    if caching is not None and caching not in CACHING_MODES:
        yield not_supported(f"{path}.cachingMode", caching, CACHING_MODES)
    if kind is None:
        return
    if kind not in DISK_KINDS:
        yield not_supported(f"{path}.kind", kind, DISK_KINDS)
    if kind == "Managed":
        if not uri.startswith("/subscriptions/"):
            yield not_supported(f"{path}.diskURI", uri, (_MANAGED_URI,))
    elif not uri.startswith("https://"):
        yield not_supported(f"{path}.diskURI", uri, (_BLOB_URI,))


def validate_vsphere(source: Object, path: str) -> Errors:
    """A vSphere disk."""
    return require(source, path, "volumePath")


def validate_photon(source: Object, path: str) -> Errors:
    """A Photon persistent disk."""
    return require(source, path, "pdID")
