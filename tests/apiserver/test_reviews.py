"""Who somebody is and what they may do, asked as clients ask it."""

from typing import Any

import pytest

from tests.apiserver.serving import Client, Reply, Served

IDENTITY = "/apis/authentication.k8s.io/v1"
ACCESS = "/apis/authorization.k8s.io/v1"
ATTRIBUTES = {"verb": "create", "group": "batch", "resource": "jobs", "namespace": "default"}


def ask(client: Client, path: str, kind: str, **body: Any) -> Reply:
    """Post a review; the plural of its kind ends the path."""
    group_version = path.split("/apis/")[1].split("/namespaces/")[0]
    review = {"apiVersion": group_version, "kind": kind, **body}
    return client.send("POST", f"{path}/{kind.lower()}s", review)


def test_the_token_is_its_holder_s(client: Client, served: Served) -> None:
    token = served.credentials.token
    reply = ask(client, IDENTITY, "TokenReview", spec={"token": token})
    assert reply.code == 201
    assert reply.value["spec"] == {"token": token}
    assert reply.value["status"] == {
        "authenticated": True,
        "user": {"username": "localjobs", "groups": ["system:masters", "system:authenticated"]},
        "audiences": ["https://kubernetes.default.svc.cluster.local"],
    }
    who = ask(client, IDENTITY, "SelfSubjectReview").value["status"]["userInfo"]
    assert who == reply.value["status"]["user"]


def test_another_token_is_nobody_s(client: Client) -> None:
    reply = ask(client, IDENTITY, "TokenReview", spec={"token": "wröng"})
    assert (reply.code, reply.value["status"]) == (
        201,
        {"user": {}, "error": "invalid bearer token"},
    )


def test_a_token_is_good_for_this_api_alone(client: Client, served: Served) -> None:
    token, here = served.credentials.token, "https://kubernetes.default.svc.cluster.local"
    spec = {"token": token, "audiences": ["vault", here]}
    status = ask(client, IDENTITY, "TokenReview", spec=spec).value["status"]
    assert (status["authenticated"], status["audiences"]) == (True, [here])
    spec = {"token": token, "audiences": ["vault"]}
    assert "authenticated" not in ask(client, IDENTITY, "TokenReview", spec=spec).value["status"]


@pytest.mark.parametrize(
    ("subject", "is_allowed"),
    [
        ({"user": "localjobs"}, True),
        ({"user": "me", "groups": ["system:masters"]}, True),
        ({"user": "me", "groups": ["system:authenticated"]}, False),
        ({"user": "system:serviceaccount:default:default"}, False),
    ],
)
def test_others_may_do_nothing(client: Client, subject: Any, is_allowed: bool) -> None:
    spec = {"resourceAttributes": ATTRIBUTES, **subject}
    reply = ask(client, ACCESS, "SubjectAccessReview", spec=spec)
    assert (reply.code, reply.value["spec"]) == (201, spec)
    assert reply.value["status"]["allowed"] is is_allowed
    place = f"{ACCESS}/namespaces/default"
    local = ask(client, place, "LocalSubjectAccessReview", spec=spec)
    assert local.code == 201
    assert local.value["metadata"]["namespace"] == "default"
    assert local.value["status"]["allowed"] is is_allowed


def test_a_question_about_nothing_is_invalid(client: Client) -> None:
    reply = ask(client, ACCESS, "SelfSubjectAccessReview", spec={})
    assert (reply.code, reply.value["reason"]) == (422, "Invalid")
    assert reply.value["message"] == (
        '.authorization.k8s.io "" is invalid: spec.resourceAttributes: Invalid value: null:'
        " exactly one of nonResourceAttributes or resourceAttributes must be specified"
    )
    (cause,) = reply.value["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldValueInvalid", "spec.resourceAttributes")


@pytest.mark.parametrize(
    ("path", "kind", "message"),
    [
        (IDENTITY, "TokenReview", "token is required for TokenReview in authentication"),
        (ACCESS, "SelfSubjectRulesReview", "no namespace on request"),
    ],
)
def test_what_a_review_needs_is_asked_for(
    client: Client, path: str, kind: str, message: str
) -> None:
    reply = ask(client, path, kind, spec={})
    assert (reply.code, reply.value["message"]) == (400, message)
