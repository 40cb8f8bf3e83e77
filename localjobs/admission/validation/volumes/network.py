"""Volumes on network file systems (core/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors
from localjobs.api.field import invalid, required
from localjobs.api.objects import Object

_PAIRS = "must be a host:port pair or multiple pairs separated by commas"


def require(source: Object, path: str, *members: str) -> Errors:
    """Members that must be set."""
    for member in members:
        if not source.get(member):
            yield required(f"{path}.{member}")


def validate_nfs(source: Object, path: str) -> Errors:
    """An NFS export."""
    yield from require(source, path, "server", "path")
    place = source.get("path", "")
    if not place.startswith("/"):
        yield invalid(f"{path}.path", place, "must be an absolute path")


def validate_glusterfs(source: Object, path: str) -> Errors:
    """A GlusterFS volume."""
    return require(source, path, "endpoints", "path")


def validate_rbd(source: Object, path: str) -> Errors:
    """A Ceph block device."""
    return require(source, path, "monitors", "image")


def validate_cephfs(source: Object, path: str) -> Errors:
    """A Ceph file system."""
    return require(source, path, "monitors")


def validate_quobyte(source: Object, path: str) -> Errors:
    """A Quobyte volume."""
    registry, tenant = source.get("registry", ""), source.get("tenant", "")
    if not registry:
        yield required(f"{path}.registry", _PAIRS)
    elif len(tenant.encode()) >= 65:
        detail = "must be a UUID and may not exceed a length of 64 characters"
        yield required(f"{path}.tenant", detail)
    else:
        for pair in registry.split(","):
            if not _is_host_and_port(pair):
                yield invalid(f"{path}.registry", registry, _PAIRS)
    yield from require(source, path, "volume")


def _is_host_and_port(text: str) -> bool:
    """Whether Go's net.SplitHostPort takes it: one colon outside brackets, then the port."""
    host, colon, port = text.rpartition(":")
    if not colon or "[" in port or "]" in port:
        return False
    if host.startswith("["):
        return host.endswith("]") and not set("[]") & set(host[1:-1])
    return not set(":[]") & set(host)
