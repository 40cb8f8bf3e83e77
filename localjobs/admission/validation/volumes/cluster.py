"""Volumes of storage systems that are plugged into a cluster (core/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors, check_dns_label, malformed
from localjobs.admission.validation.volumes.cloud import check_secret_name
from localjobs.admission.validation.volumes.network import require
from localjobs.api import names
from localjobs.api.field import invalid, required, too_long
from localjobs.api.objects import Object

_LONGEST_DRIVER = 63
_RESERVED = (".kubernetes.io", ".k8s.io")


def validate_flocker(source: Object, path: str) -> Errors:
    """A Flocker dataset."""
    name, uuid = source.get("datasetName", ""), source.get("datasetUUID", "")
    if not name and not uuid:
        yield required(path, "one of datasetName and datasetUUID is required")
    if name and uuid:
        detail = "datasetName and datasetUUID can not be specified simultaneously"
        yield invalid(path, "resource", detail)
    if "/" in name:
        yield invalid(f"{path}.datasetName", name, "must not contain '/'")


def validate_flex(source: Object, path: str) -> Errors:
    """A volume of an external driver, whose options keep out of Kubernetes' namespaces."""
    yield from require(source, path, "driver")
    for key in sorted(source.get("options") or ()):
        if f".{key.split('/', 1)[0].lower()}".endswith(_RESERVED):
            detail = "kubernetes.io and k8s.io namespaces are reserved"
            yield invalid(f"{path}.options[{key}]", key, detail)


def validate_portworx(source: Object, path: str) -> Errors:
    """A Portworx volume."""
    return require(source, path, "volumeID")


def validate_scale_io(source: Object, path: str) -> Errors:
    """A ScaleIO volume."""
    return require(source, path, "gateway", "system", "volumeName")


def validate_storageos(source: Object, path: str) -> Errors:
    """A StorageOS volume."""
    name, namespace = source.get("volumeName", ""), source.get("volumeNamespace", "")
    if not name:
        yield required(f"{path}.volumeName")
    else:
        yield from check_dns_label(name, f"{path}.volumeName")
    if namespace:
        yield from check_dns_label(namespace, f"{path}.volumeNamespace")
    yield from check_secret_name(source, path)


def validate_csi(source: Object, path: str) -> Errors:
    """An inline CSI volume."""
    driver, secret = source.get("driver", ""), source.get("nodePublishSecretRef")
    if not driver:
        yield required(f"{path}.driver")
    if len(driver.encode()) > _LONGEST_DRIVER:
        yield too_long(f"{path}.driver", _LONGEST_DRIVER)
    problems = names.dns1123_subdomain_errors(driver.lower())
    yield from malformed(f"{path}.driver", driver, problems)
    if secret is None:
        return
    name = secret.get("name", "")
    if not name:
        yield required(f"{path}.nodePublishSecretRef.name")
    else:
        yield from malformed(f"{path}.name", name, names.dns1123_subdomain_errors(name))
