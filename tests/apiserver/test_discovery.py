import json
from pathlib import Path
from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.api.schema import SCHEMA
from localjobs.apiserver import discovery

RECORDED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "conformance" / "kubectl.json").read_text()
)
GROUPS = [group for group, _ in discovery.GROUPS if group]


def resource_list(group: str, version: str) -> Object:
    found = discovery.api_resource_list(group, version)
    assert found is not None
    return found


def named(entries: list[Object], name: str) -> Object:
    return next(one for one in entries if one["name"] == name)


def test_the_group_of_jobs_is_what_a_cluster_says_it_is() -> None:
    recorded = next(step for step in RECORDED if step["name"] == "raw")
    assert resource_list("batch", "v1") == json.loads(recorded["stdout"])


def test_the_core_group_lists_its_resources_with_their_subresources() -> None:
    document = resource_list("", "v1")
    assert "apiVersion" not in document
    assert document["groupVersion"] == "v1"
    names = [one["name"] for one in document["resources"]]
    assert names == sorted(names)
    assert {"pods", "pods/log", "pods/status", "pods/eviction", "nodes/status"} <= set(names)
    pods = named(document["resources"], "pods")
    assert pods["shortNames"] == ["po"]
    assert pods["categories"] == ["all"]
    eviction = named(document["resources"], "pods/eviction")
    kind = (eviction["group"], eviction["version"], eviction["kind"])
    assert kind == ("policy", "v1", "Eviction")
    assert not named(document["resources"], "namespaces")["namespaced"]


def test_hashes_of_storage_versions_are_upstreams() -> None:
    resources = resource_list("", "v1")["resources"]
    # Of a cluster's /api/v1.
    assert named(resources, "pods")["storageVersionHash"] == "xPOwRZ+Yhw8="
    assert named(resources, "configmaps")["storageVersionHash"] == "qFsyl6wFWjQ="
    assert "storageVersionHash" not in named(resources, "pods/log")


def test_groups_are_listed_without_the_core_one() -> None:
    document = discovery.api_group_list()
    assert document["kind"] == "APIGroupList"
    assert [one["name"] for one in document["groups"]] == GROUPS
    for one in document["groups"]:
        assert one["preferredVersion"] in one["versions"]
        assert discovery.api_group(one["name"]) == {"kind": "APIGroup", "apiVersion": "v1", **one}


@pytest.mark.parametrize("group", ["", "apps", "metrics.k8s.io"])
def test_there_are_no_other_groups(group: str) -> None:
    assert discovery.api_group(group) is None
    assert discovery.api_resource_list(group, "v2") is None


def test_the_core_group_says_where_it_is() -> None:
    document = discovery.api_versions("127.0.0.1:8443")
    assert document["versions"] == ["v1"]
    (served,) = document["serverAddressByClientCIDRs"]
    assert served["serverAddress"] == "127.0.0.1:8443"


def flattened(version: Object) -> list[Object]:
    """A version of the aggregated form as the plain form lists it, but for short forms."""
    found: list[Object] = []
    for one in version["resources"]:
        found.append({"name": one["resource"], "kind": one["responseKind"]["kind"], **one})
        found += [
            {
                "name": f"{one['resource']}/{sub['subresource']}",
                "kind": sub["responseKind"]["kind"],
                **sub,
            }
            for sub in one.get("subresources", ())
        ]
    return found


@pytest.mark.parametrize("api_version", ["v2", "v2beta1"])
@pytest.mark.parametrize("core", [True, False])
def test_the_aggregated_form_says_the_same(core: bool, api_version: str) -> None:
    document = discovery.aggregated(core=core, version=api_version)
    assert document["apiVersion"] == f"apidiscovery.k8s.io/{api_version}"
    assert [one["metadata"]["name"] for one in document["items"]] == ([""] if core else GROUPS)
    for item in document["items"]:
        for version in item["versions"]:
            plain = resource_list(item["metadata"]["name"], version["version"])["resources"]
            aggregated = flattened(version)
            for key in ("name", "kind", "verbs"):
                assert [one[key] for one in aggregated] == [one[key] for one in plain]
            for one in version["resources"]:
                entry = named(plain, one["resource"])
                assert one["scope"] == ("Namespaced" if entry["namespaced"] else "Cluster")
                assert one["singularResource"] == entry["singularName"]
                assert one.get("shortNames") == entry.get("shortNames")
                assert one.get("categories") == entry.get("categories")


def test_what_is_served_has_a_schema() -> None:
    assert all(one.resource.type_name in SCHEMA for one in discovery.SERVED)
