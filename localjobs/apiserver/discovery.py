"""What is served, as clients ask for it: groups, versions, resources, verbs.

Plain documents for every client, and the aggregated `apidiscovery.k8s.io` form for those that
ask for it (KEP-3352). Both are read from one list.
"""

import base64
import hashlib
from collections.abc import Iterable

from msgspec import Struct

from localjobs.api import resources
from localjobs.api.objects import Object
from localjobs.api.resources import Resource

ALL_VERBS = (
    "create", "delete", "deletecollection", "get", "list", "patch", "update", "watch",
)  # fmt: skip
READ_VERBS = ("get", "list", "watch")
_STATUS_VERBS = ("get", "patch", "update")


class Subresource(Struct, frozen=True):
    """A path below an object: `pods/log`. Its body may be of another group's kind."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    group: str | None = None
    version: str | None = None


class Served(Struct, frozen=True):
    """One resource as it is served."""

    resource: Resource
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: tuple[Subresource, ...] = ()


def _status(resource: Resource) -> Subresource:
    return Subresource("status", resource.kind, _STATUS_VERBS)


_REVIEWS = {
    "authentication.k8s.io": ("SelfSubjectReview", "TokenReview"),
    "authorization.k8s.io": (
        "LocalSubjectAccessReview",
        "SelfSubjectAccessReview",
        "SelfSubjectRulesReview",
        "SubjectAccessReview",
    ),
}


def _reviews() -> Iterable[Served]:
    for group, kinds in _REVIEWS.items():
        for kind in kinds:
            yield Served(_review(group, kind), ("create",))


def _review(group: str, kind: str) -> Resource:
    type_name = f"io.k8s.api.{group.partition('.')[0]}.v1.{kind}"
    singular, namespaced = kind.lower(), kind.startswith("Local")
    return Resource(group, "v1", f"{singular}s", kind, singular, type_name, namespaced=namespaced)


SERVED: tuple[Served, ...] = (
    Served(resources.CONFIGMAPS),
    Served(resources.EVENTS),
    Served(resources.LIMITRANGES, READ_VERBS),
    Served(
        resources.NAMESPACES,
        tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
        (_status(resources.NAMESPACES),),
    ),
    Served(resources.NODES, (*READ_VERBS, "patch", "update"), (_status(resources.NODES),)),
    Served(
        resources.PODS,
        subresources=(
            Subresource("eviction", "Eviction", ("create",), "policy", "v1"),
            Subresource("log", "Pod", ("get",)),
            _status(resources.PODS),
        ),
    ),
    Served(resources.RESOURCEQUOTAS, READ_VERBS),
    Served(resources.SECRETS),
    Served(resources.SERVICEACCOUNTS),
    Served(resources.SERVICES, (*READ_VERBS, "delete", "deletecollection")),
    *_reviews(),
    Served(resources.CRONJOBS, subresources=(_status(resources.CRONJOBS),)),
    Served(resources.JOBS, subresources=(_status(resources.JOBS),)),
)
"""Sorted by group, then plural."""

GROUPS: tuple[tuple[str, str], ...] = tuple(
    dict.fromkeys((one.resource.group, one.resource.version) for one in SERVED)
)
"""Every (group, version), the core group ("") first."""


def _of(group: str, version: str) -> list[Served]:
    return [one for one in SERVED if (one.resource.group, one.resource.version) == (group, version)]


def api_versions(address: str) -> Object:
    """`/api`: the versions of the core group."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def api_group_list() -> Object:
    """`/apis`: every group but the core one."""
    groups = [_bare_group(group, version) for group, version in GROUPS if group]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def api_group(group: str) -> Object | None:
    """`/apis/GROUP`, or None if the group is not served."""
    version = dict(GROUPS).get(group) if group else None
    if version is None:
        return None
    return {"kind": "APIGroup", "apiVersion": "v1", **_bare_group(group, version)}


def _bare_group(group: str, version: str) -> Object:
    served = {"groupVersion": f"{group}/{version}", "version": version}
    return {"name": group, "versions": [served], "preferredVersion": served}


def api_resource_list(group: str, version: str) -> Object | None:
    """`/api/v1` and `/apis/GROUP/VERSION`, or None if it is not served."""
    served = _of(group, version)
    if not served:
        return None
    listed = [entry for one in served for entry in _entries(one)]
    document: Object = {"kind": "APIResourceList"}
    if group:  # upstream leaves it out for the core group
        document["apiVersion"] = "v1"
    return {
        **document,
        "groupVersion": served[0].resource.api_version,
        "resources": listed,
    }


def _entries(served: Served) -> Iterable[Object]:
    resource = served.resource
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(served.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "list" in served.verbs:
        entry["storageVersionHash"] = _storage_version_hash(resource)
    yield entry
    for sub in served.subresources:
        foreign = {"group": sub.group, "version": sub.version} if sub.group else {}
        yield {
            "name": f"{resource.plural}/{sub.name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            **foreign,
            "kind": sub.kind,
            "verbs": list(sub.verbs),
        }


def _storage_version_hash(resource: Resource) -> str:
    """apiserver/pkg/endpoints/discovery/storageversionhash.go."""
    text = f"{resource.group}/{resource.version}/{resource.kind}"
    return base64.b64encode(hashlib.sha256(text.encode()).digest()[:8]).decode()


def aggregated(*, core: bool, version: str) -> Object:
    """The aggregated document of `/api` (`core`) or `/apis`, as `v2` or `v2beta1`."""
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"apidiscovery.k8s.io/{version}",
        "metadata": {},
        "items": [
            _aggregated_group(group, group_version)
            for group, group_version in GROUPS
            if (group == "") is core
        ],
    }


def _aggregated_group(group: str, version: str) -> Object:
    resources_ = [_aggregated_resource(one) for one in _of(group, version)]
    return {
        "metadata": {"name": group, "creationTimestamp": None},
        "versions": [{"version": version, "resources": resources_, "freshness": "Current"}],
    }


def _aggregated_resource(served: Served) -> Object:
    resource = served.resource
    entry: Object = {
        "resource": resource.plural,
        "responseKind": _kind(resource.group, resource.version, resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(served.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if served.subresources:
        entry["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _kind(
                    sub.group or resource.group, sub.version or resource.version, sub.kind
                ),
                "verbs": list(sub.verbs),
            }
            for sub in served.subresources
        ]
    return entry


def _kind(group: str, version: str, kind: str) -> Object:
    return {"group": group, "version": version, "kind": kind}
