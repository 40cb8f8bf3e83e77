from typing import Any

import pytest

from localjobs.admission.validation.access_review import validate_access_review
from localjobs.api.objects import Object

ON_A_RESOURCE = {"verb": "create", "group": "batch", "resource": "jobs", "namespace": "here"}
ON_A_PATH = {"verb": "get", "path": "/metrics"}


def problems(kind: str, review: Object) -> list[str]:
    return [str(error) for error in validate_access_review(kind, review)]


@pytest.mark.parametrize(
    ("kind", "spec"),
    [
        ("SelfSubjectAccessReview", {"resourceAttributes": ON_A_RESOURCE}),
        ("SelfSubjectAccessReview", {"nonResourceAttributes": ON_A_PATH}),
        ("SubjectAccessReview", {"resourceAttributes": ON_A_RESOURCE, "user": "me"}),
        ("SubjectAccessReview", {"nonResourceAttributes": ON_A_PATH, "groups": ["we"]}),
    ],
)
def test_a_whole_question_is_valid(kind: str, spec: Object) -> None:
    assert problems(kind, {"spec": spec}) == []
    assert problems(kind, {"spec": spec, "metadata": {"managedFields": [{"manager": "m"}]}}) == []


@pytest.mark.parametrize(
    ("spec", "where", "detail"),
    [
        (
            {},
            "spec.resourceAttributes: Invalid value: null",
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ),
        (
            {"resourceAttributes": {}, "nonResourceAttributes": ON_A_PATH},
            'spec.nonResourceAttributes: Invalid value: {"verb":"get","path":"/metrics"}',
            "cannot be specified in combination with resourceAttributes",
        ),
    ],
)
def test_a_question_is_about_one_thing(spec: Object, where: str, detail: str) -> None:
    assert problems("SelfSubjectAccessReview", {"spec": spec}) == [f"{where}: {detail}"]


def test_a_question_about_others_names_them() -> None:
    review: dict[str, Any] = {"spec": {"resourceAttributes": ON_A_RESOURCE}}
    message = 'spec.user: Invalid value: "": at least one of user or group must be specified'
    assert problems("SubjectAccessReview", review) == [message]
    assert problems("SelfSubjectAccessReview", review) == []


def test_a_question_is_no_object() -> None:
    review: dict[str, Any] = {
        "spec": {"resourceAttributes": ON_A_RESOURCE, "user": "me"},
        "metadata": {"name": "x", "namespace": "here"},
    }
    value = '{"name":"x","namespace":"here"}'
    assert problems("SubjectAccessReview", review) == [
        f"metadata: Invalid value: {value}: must be empty"
    ]
    assert problems("LocalSubjectAccessReview", review) == [
        f"metadata: Invalid value: {value}: must be empty except for namespace"
    ]


def test_a_local_question_is_about_its_namespace() -> None:
    kind, metadata = "LocalSubjectAccessReview", {"namespace": "there"}
    elsewhere = {"resourceAttributes": ON_A_RESOURCE, "user": "me"}
    assert problems(kind, {"metadata": metadata, "spec": elsewhere}) == [
        'spec.resourceAttributes.namespace: Invalid value: "here": must match metadata.namespace'
    ]
    nowhere = {"nonResourceAttributes": ON_A_PATH, "user": "me"}
    (problem,) = problems(kind, {"metadata": metadata, "spec": nowhere})
    assert problem.endswith('"path":"/metrics"}: disallowed on this kind of request')
