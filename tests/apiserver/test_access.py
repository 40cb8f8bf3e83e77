"""Who may ask for what."""

import ssl

import pytest

from tests.apiserver.samples import JOBS, job
from tests.apiserver.serving import Client, Served

UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}
CLOSED = (
    "/", "/api", "/api/v1", "/apis", "/apis/batch/v1", JOBS, f"{JOBS}/x", f"{JOBS}?watch=true",
    "/api/v1/namespaces/default/pods/p/log", "/openapi/v2", "/openapi/v3", "/version", "/metrics",
    "/nope", "/healthzz", "/healthz/../metrics", "//healthz",
)  # fmt: skip


@pytest.mark.parametrize("token", ["", "wrong", "a b"])
@pytest.mark.parametrize("path", CLOSED)
def test_nobody_gets_in_without_the_token(served: Served, path: str, token: str) -> None:
    with served.client(token=token) as client:
        reply = client.get(path)
    assert (reply.code, reply.type, reply.value) == (401, "application/json", UNAUTHORIZED)
    assert "bearer" in reply.headers["www-authenticate"].lower()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_no_method_gets_in_without_the_token(served: Served, method: str) -> None:
    with served.client(token="") as client:
        assert client.send(method, JOBS, job("x")).code == 401
    with served.client() as client:
        assert client.get(f"{JOBS}/x").code == 404


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer"])
def test_the_token_is_a_bearer_token(served: Served, scheme: str) -> None:
    with served.client() as client:
        client.headers["Authorization"] = f"{scheme} {served.credentials.token}"
        assert client.get("/version").code == (200 if scheme == "bearer" else 401)


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/livez/ping", "/readyz/"])
def test_health_is_no_secret(served: Served, path: str) -> None:
    with served.client(token="") as client:
        reply = client.get(path)
    assert (reply.code, reply.type, reply.text) == (200, "text/plain; charset=utf-8", "ok")


def test_who_is_not_well_says_so_and_lives(served: Served, client: Client) -> None:
    served.problem = "the disk is full"
    try:
        found = {path: client.get(path) for path in ("/healthz", "/readyz", "/livez")}
    finally:
        served.problem = None
    assert [reply.code for reply in found.values()] == [500, 500, 200]
    assert "the disk is full" in found["/readyz"].text


def test_the_certificate_is_checked_against_the_authority_of_the_directory(served: Served) -> None:
    with served.client() as client:
        client.connection._context = ssl.create_default_context()  # type: ignore[attr-defined]  # the client library hides it
        with pytest.raises(ssl.SSLCertVerificationError):
            client.get("/version")
