from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.apiserver.serving import Client, serve

ASKED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
SENT = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    with serve(folder) as served, served.client() as client:
        yield client


def link(client: Client, place: str = "apis/batch/v1") -> str:
    url: str = client.get("/openapi/v3").value["paths"][place]["serverRelativeURL"]
    return url


def test_the_index_leads_to_documents_that_may_be_kept(client: Client) -> None:
    reply = client.get(link(client))
    assert reply.code == 200
    assert reply.type == "application/json"
    assert reply.value["openapi"] == "3.0.0"
    assert "immutable" in reply.headers["cache-control"]


def test_without_a_digest_a_document_is_asked_for_again(client: Client) -> None:
    reply = client.get("/openapi/v3/apis/batch/v1")
    assert reply.code == 200
    assert reply.headers["cache-control"] == "no-cache, private"


def test_an_old_digest_leads_to_the_document_of_today(client: Client) -> None:
    reply = client.get("/openapi/v3/apis/batch/v1?hash=OLD")
    assert reply.code == 301
    assert reply.headers["location"] == link(client)


@pytest.mark.parametrize("path", ["/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1"])
def test_who_has_a_document_is_not_sent_it_again(client: Client, path: str) -> None:
    tag = client.get(path).headers["etag"]
    client.headers["If-None-Match"] = tag
    try:
        reply = client.get(path)
    finally:
        del client.headers["If-None-Match"]
    assert (reply.code, reply.data) == (304, b"")
    assert reply.headers["etag"] == tag


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json, */*", "application/json"),
        (ASKED, SENT),
        (SENT, SENT),
        (f"text/html, {ASKED};q=0.5, application/json;q=0.4", SENT),
    ],
)
def test_the_whole_document_comes_in_the_form_asked_for(
    client: Client, accept: str | None, media_type: str
) -> None:
    reply = client.get("/openapi/v2", accept=accept)
    assert (reply.code, reply.type) == (200, media_type)
    assert reply.headers["vary"] == "Accept"
    assert reply.data.startswith(b"{" if media_type == "application/json" else b"\n\x032.0")


@pytest.mark.parametrize("path", ["/openapi/v2", "/openapi/v3/apis/batch/v1"])
def test_other_forms_are_refused(client: Client, path: str) -> None:
    reply = client.get(path, accept="text/html")
    assert (reply.code, reply.value["reason"]) == (406, "NotAcceptable")


@pytest.mark.parametrize("path", ["/openapi/v3/apis/apps/v1", "/openapi/v4", "/openapi/"])
def test_there_are_no_others(client: Client, path: str) -> None:
    assert client.get(path).code == 404
