"""PUT and PATCH where they do not simply succeed: what is told, in which order, with what code."""

import json
from typing import Any

import pytest

from tests.apiserver.samples import JOBS, config_map, job
from tests.apiserver.serving import Client

APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"
JSON_PATCH, STRATEGIC = "application/json-patch+json", "application/strategic-merge-patch+json"
JSON = "application/json"
MAPS = "/api/v1/namespaces/default/configmaps"
ONE = f"{JOBS}/writes"
MODIFIED = (
    'Operation cannot be fulfilled on jobs.batch "writes": the object has been modified;'
    " please apply your changes to the latest version and try again"
)
NO_SUCH_UID = (
    'Operation cannot be fulfilled on jobs.batch "absent": uid mismatch: the provided'
    " object specified uid u, and no existing object was found"
)
NAMELESS = "the name of the object (writes based on URL) was undeterminable: name must be provided"
SET_TWICE = 'yaml: unmarshal errors:\n  line 3: key "a" already set in map'
REJECTED = "the server rejected our request due to an error in our request"
OTHER_NAMESPACE = (
    "the namespace of the provided object does not match the namespace sent on the request"
)


@pytest.fixture(autouse=True)
def stored(client: Client) -> Any:
    """A Job to write to, made anew for every test."""
    client.send("DELETE", ONE, {"propagationPolicy": "Background"})
    reply = client.send("POST", JOBS, job("writes"))
    assert reply.code == 201, reply.text
    return reply.value


def applied(**meta: Any) -> Any:
    body = job("absent")
    return {**body, "metadata": {"name": "absent", **meta}}


@pytest.mark.parametrize(
    ("meta", "code", "message"),
    [
        (
            {"uid": "u", "namespace": "other", "name": "another"},
            409,
            NO_SUCH_UID,
        ),
        ({"namespace": "other", "name": "another"}, 400, OTHER_NAMESPACE),
        (
            {"name": "another"},
            400,
            "the name of the object (another) does not match the name on the URL (absent)",
        ),
    ],
)
def test_an_apply_that_creates_is_about_its_path(
    client: Client, meta: Any, code: int, message: str
) -> None:
    query = {"fieldManager": "me"}
    path = f"{JOBS}/absent"
    reply = client.send("PATCH", path, applied(**meta), content_type=APPLY, query=query)
    assert (reply.code, reply.value["message"]) == (code, message)


def test_an_apply_creates_whatever_version_it_names(client: Client) -> None:
    path, query = f"{MAPS}/versioned", {"fieldManager": "me"}
    body = config_map("versioned", a="1")
    body["metadata"]["resourceVersion"] = "7"
    reply = client.send("PATCH", path, body, content_type=APPLY, query=query)
    assert reply.code == 201
    assert reply.value["metadata"]["resourceVersion"] != "7"


@pytest.mark.parametrize("content_type", [MERGE, STRATEGIC, JSON_PATCH])
def test_what_is_not_there_is_told_before_a_patch_nobody_can_read(
    client: Client, content_type: str
) -> None:
    reply = client.send("PATCH", f"{JOBS}/absent", b"{bad", content_type=content_type)
    assert (reply.code, reply.value["message"]) == (404, 'jobs.batch "absent" not found')


def test_a_conflict_tells_what_decoding_warned_of_and_nothing_else(
    client: Client, stored: Any
) -> None:
    stored["metadata"]["resourceVersion"] = "1"
    stored["spec"].update(nope=1, suspend=True)
    container = stored["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    warned = ['299 - "unknown field \\"spec.nope\\""']
    put = client.send("PUT", ONE, stored)
    assert (put.code, put.value["message"], put.warnings) == (409, MODIFIED, warned)
    change = {"metadata": {"resourceVersion": "1"}, "spec": {"nope": 1}}
    for content_type in (MERGE, STRATEGIC):
        patched = client.send("PATCH", ONE, change, content_type=content_type)
        assert (patched.code, patched.value["message"]) == (409, MODIFIED)
        assert patched.warnings == warned


@pytest.mark.parametrize(
    ("version", "code", "message"),
    [
        ("0", 200, None),
        ("", 200, None),
        ("x", 500, 'strconv.ParseUint: parsing "x": invalid syntax'),
        ("-1", 500, 'strconv.ParseUint: parsing "-1": invalid syntax'),
        ("9" * 5000, 500, f'strconv.ParseUint: parsing "{"9" * 5000}": value out of range'),
        ("1", 409, MODIFIED),
    ],
)
def test_a_version_is_a_number(
    client: Client, stored: Any, version: str, code: int, message: str | None
) -> None:
    stored["metadata"]["resourceVersion"] = version
    for reply in (
        client.send("PUT", ONE, stored),
        client.send("PATCH", ONE, {"metadata": {"resourceVersion": version}}, content_type=MERGE),
    ):
        assert (reply.code, reply.value.get("message")) == (code, message)


@pytest.mark.parametrize("content_type", [JSON, MERGE, STRATEGIC, APPLY])
def test_another_namespace_is_refused(client: Client, stored: Any, content_type: str) -> None:
    body = {**stored, "metadata": {"name": "writes", "namespace": "other"}}
    method = "PUT" if content_type == JSON else "PATCH"
    query = {"fieldManager": "me"}
    reply = client.send(method, ONE, body, content_type=content_type, query=query)
    assert (reply.code, reply.value["message"]) == (400, OTHER_NAMESPACE)


@pytest.mark.parametrize(
    ("operations", "code", "message"),
    [
        ([None], 422, REJECTED),
        ([{"op": "replace", "path": "", "value": 3}], 422, REJECTED),
        ([{"op": "add", "path": "", "value": {}}], 422, REJECTED),
        ([{"op": "remove", "path": ""}], 422, REJECTED),
        ([{"op": "test", "path": "", "value": {}}], 422, REJECTED),
        (
            [{"op": "replace", "path": "", "value": {}}],
            400,
            NAMELESS,
        ),
    ],
)
def test_a_json_patch_of_the_whole(
    client: Client, operations: Any, code: int, message: str
) -> None:
    reply = client.send("PATCH", ONE, operations, content_type=JSON_PATCH)
    assert (reply.code, reply.value["message"]) == (code, message)


def test_a_json_patch_can_test_and_replace_the_whole(client: Client, stored: Any) -> None:
    operations = [
        {"op": "test", "path": "", "value": stored},
        {
            "op": "replace",
            "path": "",
            "value": {**stored, "spec": {**stored["spec"], "parallelism": 4}},
        },
    ]
    reply = client.send("PATCH", ONE, operations, content_type=JSON_PATCH)
    assert (reply.code, reply.value["spec"]["parallelism"]) == (200, 4)


def test_a_patch_to_a_fraction_is_refused_with_the_patched_object(client: Client) -> None:
    reply = client.send("PATCH", ONE, {"spec": {"parallelism": 1.5}}, content_type=MERGE)
    assert reply.code == 422
    assert json.dumps('"parallelism":1.5')[1:-1] in reply.value["message"]
    assert reply.value["message"].endswith(
        "cannot unmarshal number 1.5 into Go struct field JobSpec.spec.parallelism of type int32"
    )


def test_lists_of_different_things_are_shown_one_by_one(client: Client) -> None:
    change: Any = {"metadata": {"finalizers": ["a.example/b"]}}
    assert client.send("PATCH", ONE, change, content_type=STRATEGIC).code == 200
    change = {"metadata": {"finalizers": [{"a": "b"}]}}
    reply = client.send("PATCH", ONE, change, content_type=STRATEGIC)
    expected = "list element types are not identical: [[a.example/b] [map[a:b]]]"
    assert (reply.code, reply.value["message"]) == (500, expected)
    client.send("PATCH", ONE, {"metadata": {"finalizers": None}}, content_type=MERGE)


def test_a_name_that_is_being_given_up_is_still_taken(client: Client) -> None:
    client.send("DELETE", ONE, {"propagationPolicy": "Orphan"})
    reply = client.send("POST", JOBS, job("writes"))
    expected = 'object is being deleted: jobs.batch "writes" already exists'
    assert (reply.code, reply.value["message"]) == (409, expected)
    assert client.send("DELETE", ONE).code == 404


def test_an_apply_creates_nothing_that_cannot_be_created(client: Client) -> None:
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "another"}}
    query = {"fieldManager": "me"}
    path = "/api/v1/nodes/another"
    reply = client.send("PATCH", path, node, content_type=APPLY, query=query)
    assert (reply.code, reply.value["message"]) == (404, 'nodes "another" not found')


TWICE = b"""apiVersion: batch/v1
kind: Job
metadata: {name: writes, labels: {a: "1", a: "2"}}
"""


@pytest.mark.parametrize(
    ("validation", "code", "message", "warnings"),
    [
        ("Ignore", 200, None, []),
        ("Warn", 200, None, ['299 - "line 3: key \\"a\\" already set in map"']),
        (
            "Strict",
            400,
            "error strict decoding YAML: error converting YAML to JSON: " + SET_TWICE,
            [],
        ),
    ],
)
def test_an_applied_name_given_twice(
    client: Client, validation: str, code: int, message: str | None, warnings: list[str]
) -> None:
    query = {"fieldManager": "me", "fieldValidation": validation}
    reply = client.send("PATCH", ONE, TWICE, content_type=APPLY, query=query)
    assert (reply.code, reply.value.get("message"), reply.warnings) == (code, message, warnings)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"spec": {"backoffLimit": 1.5}}, "cannot convert float64 to int32"),
        (
            {"status": {"startTime": "x"}},
            'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"',
        ),
    ],
)
def test_what_is_applied_fits_its_field(client: Client, change: Any, reason: str) -> None:
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "writes"}, **change}
    query = {"fieldManager": "me", "force": "true"}
    reply = client.send("PATCH", ONE, body, content_type=APPLY, query=query)
    expected = (
        "failed to convert new object (/writes; batch/v1, Kind=Job) to proper version:"
        f" unable to convert unstructured object to batch/v1, Kind=Job: {reason}"
    )
    assert (reply.code, reply.value["message"]) == (500, expected)


# Deletions


def test_a_deleted_collection_is_answered_in_every_form(client: Client) -> None:
    query = {"labelSelector": "none=such"}
    for form in ("Table", "PartialObjectMetadataList"):
        accept = f"application/json;as={form};v=v1;g=meta.k8s.io"
        reply = client.send("DELETE", JOBS, query=query, accept=accept)
        assert (reply.code, reply.value["kind"]) == (200, form)
        assert "child pods are preserved" in reply.warnings[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"kind": "DeleteOptions", "apiVersion": "batch/v1"}, 404),
        ({"kind": "DeleteOptions", "apiVersion": "v1"}, 404),
        ({"kind": "DeleteOptions"}, 404),
        ({"kind": "Pod", "apiVersion": "v1"}, 500),
    ],
)
def test_a_deletion_s_body_is_delete_options(client: Client, body: Any, code: int) -> None:
    reply = client.send("DELETE", f"{JOBS}/absent", body)
    assert reply.code == code
    if code == 500:
        expected = 'no kind "Pod" is registered for version "v1" in scheme '
        assert reply.value["message"].startswith(expected)
