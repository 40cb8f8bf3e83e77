"""Clients that send too much, too slowly, or nothing at all: nobody else notices."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localjobs.apiserver import bodies, server, watching
from tests.apiserver.samples import JOBS, config_map, job
from tests.apiserver.serving import Client, Served

MAPS = "/api/v1/namespaces/default/configmaps"
LIMIT = 3 * 1024 * 1024


@contextmanager
def connected(served: Served) -> Iterator[ssl.SSLSocket]:
    context = ssl.create_default_context(cafile=str(served.credentials.authority))
    plain = socket.create_connection(served.address, timeout=20)
    with context.wrap_socket(plain, server_hostname="localhost") as connection:
        yield connection


def head(served: Served, method: str, path: str, *headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines.append(f"Authorization: Bearer {served.credentials.token}")
    return "\r\n".join([*lines, *headers, "", ""]).encode()


def everything(connection: ssl.SSLSocket) -> bytes:
    """What comes until the server hangs up."""
    found = b""
    while data := connection.recv(65536):
        found += data
    return found


def of_size(size: int) -> bytes:
    body = json.dumps(config_map("big", data="")).encode()
    return json.dumps(config_map("big", data="x" * (size - len(body)))).encode()


def test_a_body_over_three_mebibytes_is_refused(client: Client) -> None:
    body = of_size(LIMIT + 1)
    assert len(body) == LIMIT + 1
    reply = client.send("POST", MAPS, body)
    assert (reply.code, reply.type) == (413, "application/json")
    assert reply.value["reason"] == "RequestEntityTooLarge"
    assert reply.value["message"] == "Request entity too large: limit is 3145728"
    # within the limit it is read, and refused for what it holds
    assert client.send("POST", MAPS, of_size(LIMIT)).code == 422


def test_a_body_of_untold_length_is_refused_when_it_is_too_long(served: Served) -> None:
    with connected(served) as connection:
        connection.sendall(head(served, "POST", MAPS, "Transfer-Encoding: chunked"))
        chunk = b"%x\r\n%b\r\n" % (LIMIT // 2, b" " * (LIMIT // 2))
        connection.sendall(chunk * 3)
        connection.sendall(b"0\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_announced_and_never_sent_is_given_up(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SECONDS", 0.2)
    with connected(served) as connection:
        connection.sendall(head(served, "POST", JOBS, "Content-Length: 100") + b"{")
        assert client.get("/version").code == 200  # nobody waits for it
        assert connection.recv(65536).startswith(b"HTTP/1.1 504 ")


@pytest.mark.parametrize("begun", [b"", b"GET /version HT", b"GET /version HTTP/1.1\r\nHost: l"])
def test_headers_that_do_not_come_are_given_up(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    with connected(served) as connection:
        connection.sendall(begun)
        assert client.get("/version").code == 200
        assert everything(connection) == b""


def test_headers_of_a_second_request_that_do_not_come_are_given_up(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    with connected(served) as connection:
        connection.sendall(head(served, "GET", "/version") + b"GET /vers")
        assert everything(connection).startswith(b"HTTP/1.1 200 ")


def test_a_connection_that_rests_between_requests_is_kept(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.1)
    assert client.get("/version").code == 200
    with connected(served) as silent:
        assert everything(silent) == b""  # by now the time for headers is over
    assert client.get("/version").code == 200


def test_what_is_no_http_is_refused(served: Served, client: Client) -> None:
    with connected(served) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert everything(connection).startswith(b"HTTP/1.1 400 ")
    with socket.create_connection(served.address, timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"200" not in plain.recv(65536)
    assert client.get("/version").code == 200


def test_hundreds_of_half_open_connections_keep_nobody_out(served: Served, client: Client) -> None:
    idle = [socket.create_connection(served.address, timeout=20) for _ in range(300)]
    try:
        assert client.get("/version").code == 200
        with served.client() as newcomer:
            assert newcomer.get("/version").code == 200
    finally:
        for one in idle:
            one.close()


def test_a_client_that_leaves_during_its_request_is_forgotten(
    served: Served, client: Client
) -> None:
    for _ in range(20):
        with connected(served) as connection:
            connection.sendall(head(served, "POST", JOBS, "Content-Length: 100") + b"{")
    assert client.get("/version").code == 200


def test_a_watch_that_is_not_read_holds_up_nobody(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its client is owed little, and is told to start again once it is too far behind."""
    monkeypatch.setattr("localjobs.store.watch.MOST_QUEUED", 50)
    assert watching.PIECE_BYTES < 1_000_000
    with connected(served) as deaf:
        deaf.sendall(head(served, "GET", f"{MAPS}?watch=true", "Connection: close"))
        assert deaf.recv(4096).startswith(b"HTTP/1.1 200 ")
        filler: dict[str, Any] = config_map("filler", data="x" * 900_000)
        assert client.send("POST", MAPS, filler).code == 201
        for number in range(70):
            filler["metadata"]["labels"] = {"n": str(number)}
            assert client.send("PUT", f"{MAPS}/filler", filler).code == 200
        told = everything(deaf)
    assert b'"type":"ERROR"' in told
    assert b'"reason":"Expired"' in told
    assert client.send("DELETE", f"{MAPS}/filler").code == 200


def test_two_requests_in_one_piece_are_both_answered(served: Served) -> None:
    two = head(served, "GET", f"{JOBS}/a") + head(served, "GET", "/version", "Connection: close")
    with connected(served) as connection:
        connection.sendall(two)
        answers = everything(connection)
    assert answers.count(b"HTTP/1.1 ") == 2
    assert answers.startswith(b"HTTP/1.1 404 ")


def test_a_request_that_expects_to_be_asked_for_its_body_is(served: Served) -> None:
    body = json.dumps(job("expected")).encode()
    headers = (
        f"Content-Length: {len(body)}", "Content-Type: application/json", "Expect: 100-continue",
    )  # fmt: skip
    with connected(served) as connection:
        connection.sendall(head(served, "POST", f"{JOBS}?dryRun=All", *headers))
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(4096).startswith(b"HTTP/1.1 201 ")
