import re
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV2SpecValidator, OpenAPIV30SpecValidator

from localjobs.api.schema import SCHEMA
from localjobs.apiserver import discovery
from localjobs.apiserver.openapi import documents
from localjobs.apiserver.openapi.documents import Encoded

PLACES = sorted(f"apis/{group}/{v}" if group else f"api/{v}" for group, v in discovery.GROUPS)
JOBS = "/apis/batch/v1/namespaces/{namespace}/jobs"
JOB_SPEC = "io.k8s.api.batch.v1.JobSpec"


def decoded(encoded: Encoded | None) -> dict[str, Any]:
    assert encoded is not None
    found: dict[str, Any] = msgspec.json.decode(encoded.body)
    return found


BATCH = decoded(documents.group_version("apis/batch/v1"))
WHOLE = decoded(documents.whole_json())


@pytest.mark.parametrize("place", PLACES)
def test_documents_of_groups_are_valid(place: str) -> None:
    document = decoded(documents.group_version(place))
    assert list(OpenAPIV30SpecValidator(document).iter_errors()) == []


def test_the_whole_document_is_valid() -> None:
    assert list(OpenAPIV2SpecValidator(WHOLE).iter_errors()) == []


def test_the_index_names_every_document_by_its_digest() -> None:
    paths = decoded(documents.index())["paths"]
    assert sorted(paths) == PLACES
    for place, entry in paths.items():
        encoded = documents.group_version(place)
        assert encoded is not None
        expected = f"/openapi/v3/{place}?hash={encoded.digest}"
        assert entry == {"serverRelativeURL": expected}
        assert re.fullmatch("[0-9A-F]{64}", encoded.digest)


def test_nothing_is_documented_that_is_not_served() -> None:
    assert documents.group_version("apis/apps/v1") is None


def test_a_document_holds_every_schema_that_it_refers_to() -> None:
    for document in (decoded(documents.group_version(place)) for place in PLACES):
        schemas = document["components"]["schemas"]
        text = msgspec.json.encode(document).decode()
        assert set(re.findall(r"#/components/schemas/([\w.]+)", text)) <= set(schemas)


def test_the_whole_document_covers_the_schema_table() -> None:
    assert set(SCHEMA.names()) <= set(WHOLE["definitions"])


def test_jobs_can_be_patched_with_field_validation() -> None:
    # Without it kubectl validates by itself, and older ones not at all.
    patch = BATCH["paths"][f"{JOBS}/{{name}}"]["patch"]
    kind = {"group": "batch", "version": "v1", "kind": "Job"}
    assert patch["x-kubernetes-group-version-kind"] == kind
    assert "fieldValidation" in {one["name"] for one in patch["parameters"]}


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/apis/batch/v1/jobs", {"get"}),
        (JOBS, {"get", "post", "delete"}),
        (f"{JOBS}/{{name}}", {"get", "put", "patch", "delete"}),
        (f"{JOBS}/{{name}}/status", {"get", "put", "patch"}),
    ],
)
def test_paths_have_the_verbs_that_are_served(path: str, methods: set[str]) -> None:
    assert BATCH["paths"][path].keys() - {"parameters"} == methods


def test_operations_have_names_of_their_own() -> None:
    names = [
        operation["operationId"]
        for item in WHOLE["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    ]
    assert len(names) == len(set(names))
    assert {
        "createBatchV1NamespacedJob", "deleteBatchV1CollectionNamespacedJob",
        "listBatchV1JobForAllNamespaces", "listCoreV1Node", "readBatchV1NamespacedJobStatus",
        "readCoreV1NamespacedPodLog", "createCoreV1NamespacedPodEviction", "replaceCoreV1Namespace",
    } <= set(names)  # fmt: skip


def test_schemas_say_how_lists_are_merged() -> None:
    schemas = BATCH["components"]["schemas"]
    volumes = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["volumes"]
    assert volumes["x-kubernetes-patch-strategy"] == "merge,retainKeys"
    assert volumes["x-kubernetes-patch-merge-key"] == "name"
    assert volumes["x-kubernetes-list-type"] == "map"
    assert volumes["x-kubernetes-list-map-keys"] == ["name"]


def test_schemas_are_described_and_refer_to_each_other() -> None:
    spec = BATCH["components"]["schemas"][JOB_SPEC]
    assert spec["required"] == ["template"]
    assert spec["description"]
    assert spec["properties"]["template"]["description"]
    target = {"$ref": "#/components/schemas/io.k8s.api.core.v1.PodTemplateSpec"}
    assert spec["properties"]["template"]["allOf"] == [target]
    assert WHOLE["definitions"][JOB_SPEC]["properties"]["template"]["$ref"].startswith("#/def")


def test_amounts_can_be_numbers_or_texts_where_that_can_be_said() -> None:
    quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    types = [one["type"] for one in BATCH["components"]["schemas"][quantity]["oneOf"]]
    assert types == ["string", "number"]
    assert WHOLE["definitions"][quantity]["type"] == "string"
