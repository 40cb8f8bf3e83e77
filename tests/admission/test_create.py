from __future__ import annotations

import pytest

from localjobs.admission.create import admit_create
from localjobs.admission.options import WriteOptions
from localjobs.api.resources import ALL, CONFIGMAPS, JOBS, NAMESPACES, Resource
from localjobs.errors import BadRequest, Invalid, UnknownError
from tests.admission.samples import NOW_TEXT, OPTIONS, STAMP, created, job


def test_the_server_owns_some_metadata() -> None:
    body = job()
    body["metadata"] |= {
        "uid": "mine",
        "creationTimestamp": "2000-01-01T00:00:00Z",
        "deletionTimestamp": "2000-01-01T00:00:00Z",
        "deletionGracePeriodSeconds": 5,
        "generation": 7,
        "resourceVersion": "0",
        "selfLink": "/x",
    }
    body["status"] = {"succeeded": 5}
    admitted = admit_create(JOBS, "default", body, OPTIONS, STAMP).object
    meta = {name: value for name, value in admitted["metadata"].items() if name != "labels"}
    assert meta == {
        "name": "j",
        "namespace": "default",
        "uid": STAMP.uid,
        "creationTimestamp": NOW_TEXT,
        "generation": 1,
    }
    assert admitted["status"] == {}


def test_what_was_stored_is_not_created_again() -> None:
    body = job()
    body["metadata"]["resourceVersion"] = "5"
    with pytest.raises(UnknownError, match="resourceVersion should not be set"):
        created(JOBS, body)
    dry = WriteOptions(dry_run=True)
    admitted = admit_create(JOBS, "default", body, dry, STAMP).object
    assert admitted["metadata"]["resourceVersion"] == "5"


def test_a_name_is_generated_within_63_bytes() -> None:
    body = {"metadata": {"generateName": "a" * 70}}
    name = created(CONFIGMAPS, body)["metadata"]["name"]
    assert name == "a" * 58 + STAMP.suffix
    both = {"metadata": {"generateName": "a-", "name": "b"}}
    assert created(CONFIGMAPS, both)["metadata"]["name"] == "b"


def test_the_namespace_is_the_request_s() -> None:
    assert created(CONFIGMAPS, {"metadata": {"name": "c"}}, "n")["metadata"]["namespace"] == "n"
    namespace = created(NAMESPACES, {"metadata": {"name": "n", "namespace": "x"}})
    assert "namespace" not in namespace["metadata"]
    with pytest.raises(BadRequest, match="does not match the namespace sent on the request"):
        created(CONFIGMAPS, {"metadata": {"name": "c", "namespace": "other"}}, "n")


@pytest.mark.parametrize("resource", ALL, ids=lambda one: one.kind)
def test_every_kind_needs_a_name(resource: Resource) -> None:
    with pytest.raises(Invalid, match="name or generateName is required"):
        created(resource, {})


def test_repeated_owners_are_dropped_with_a_warning() -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"}
    body = {"metadata": {"name": "c", "ownerReferences": [owner, owner, {**owner, "uid": "v"}]}}
    admitted = admit_create(CONFIGMAPS, "default", body, OPTIONS, STAMP)
    assert admitted.object["metadata"]["ownerReferences"] == [owner, {**owner, "uid": "v"}]
    (warning,) = admitted.warnings
    assert warning.endswith("duplicate UID(s) observed: u")


def test_admission_does_not_touch_what_it_is_given() -> None:
    body = job()
    before = repr(body)
    created(JOBS, body)
    assert repr(body) == before


def test_what_is_refused_is_warned_about_too() -> None:
    body = job()
    body["spec"] |= {"parallelism": -1, "nope": 1}
    with pytest.raises(Invalid) as refused:
        admit_create(JOBS, "default", body, OPTIONS, STAMP)
    assert refused.value.warnings == ('unknown field "spec.nope"',)
