from __future__ import annotations

import base64
from typing import Any

import pytest

from localjobs.admission.data_strategies import LARGEST
from localjobs.api.resources import CONFIGMAPS, SECRETS, Resource
from localjobs.errors import Invalid
from tests.admission.samples import changed, created, updated


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def messages(resource: Resource, **members: Any) -> list[str]:
    with pytest.raises(Invalid) as caught:
        created(resource, {"metadata": {"name": "x"}, **members})
    assert caught.value.details is not None
    return [f"{cause.field}: {cause.message}" for cause in caught.value.details.causes]


def test_keys_are_file_names_and_stand_once() -> None:
    (first, second) = messages(CONFIGMAPS, data={"a b": ""}, binaryData={"..": ""})[:2]
    assert first.startswith('data[a b]: Invalid value: "a b": a valid config key must consist of')
    assert second == "binaryData[..]: Invalid value: \"..\": must not be '..'"
    assert messages(CONFIGMAPS, data={"a": ""}, binaryData={"a": ""}) == [
        'data[a]: Invalid value: "a": duplicate of key present in binaryData'
    ]


def test_there_is_a_limit_to_the_data() -> None:
    assert created(SECRETS, {"metadata": {"name": "s"}, "stringData": {"a": "x" * LARGEST}})
    too_long = f"Too long: may not be more than {LARGEST} bytes"
    assert messages(SECRETS, stringData={"a": "x" * (LARGEST + 1)}) == [f"data: {too_long}"]
    assert messages(CONFIGMAPS, data={"a": "é" * (LARGEST // 2), "b": "x"}) == [f": {too_long}"]


@pytest.mark.parametrize(
    ("kind", "data", "errors"),
    [
        (
            "kubernetes.io/tls",
            {"tls.key": ""},
            ["data[tls.crt]: Required value"],
        ),
        ("kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]),
        ("kubernetes.io/dockercfg", {}, ["data[.dockercfg]: Required value"]),
        (
            "kubernetes.io/basic-auth",
            {},
            ["data[username]: Required value", "data[password]: Required value"],
        ),
        (
            "kubernetes.io/service-account-token",
            {},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
    ],
)  # fmt: skip
def test_a_secret_s_type_asks_for_keys(kind: str, data: Any, errors: list[str]) -> None:
    assert messages(SECRETS, type=kind, data=data) == errors


def test_a_docker_secret_holds_json() -> None:
    body = {"metadata": {"name": "s"}, "type": "kubernetes.io/dockerconfigjson"}
    assert created(SECRETS, {**body, "data": {".dockerconfigjson": b64("{}")}})
    (error,) = messages(SECRETS, type=body["type"], data={".dockerconfigjson": b64("{")})
    assert error == (
        'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>":'
        " unexpected end of JSON input"
    )


@pytest.mark.parametrize("resource", [CONFIGMAPS, SECRETS], ids=lambda one: one.kind)
def test_what_is_immutable_stays(resource: Resource) -> None:
    old = created(resource, {"metadata": {"name": "x"}, "data": {"a": "YQ=="}, "immutable": True})
    for broken in (
        changed(old, "data", to={"a": "Yg=="}),
        changed(old, "immutable", to=False),
        changed(old, "immutable", to=None),
    ):
        with pytest.raises(Invalid, match="field is immutable when `immutable` is set"):
            updated(resource, old, broken)
    labelled = changed(old, "metadata", "labels", to={"a": "b"})
    assert updated(resource, old, labelled)["metadata"]["labels"] == {"a": "b"}


def test_a_secret_s_type_stays() -> None:
    old = created(SECRETS, {"metadata": {"name": "s"}, "type": "acme.io/a"})
    with pytest.raises(Invalid, match="type: Invalid value"):
        updated(SECRETS, old, changed(old, "type", to="acme.io/b"))
