"""httpGet and tcpSocket against real servers of this machine."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from localjobs.apiserver import credentials
from localjobs.kubelet import http_get, tcp_socket
from localjobs.kubelet.answers import Answer, Call, Verdict
from localjobs.kubelet.ports import NoPort, address, port_of

HOST = "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
Reply = bytes | None


class Server:
    """Answers each request with the next reply, and keeps what was asked."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.asked: list[bytes] = []
        self.port = 0
        self.connections: list[asyncio.Future[None]] = []

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.ensure_future(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):  # who connects may just go
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            reply = self.replies.pop(0)
            if reply is None:
                await reader.read()
            else:
                writer.write(reply.replace(b"PORT", str(self.port).encode()))
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def serving(*replies: Reply, context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    made = Server(*replies)
    server = await asyncio.start_server(made.accept, HOST, 0, ssl=context)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        await asyncio.gather(*made.connections)


async def get(port: int | str, seconds: float | None = 5.0, **action: Any) -> Answer:
    call = Call({"httpGet": {"port": port, **action}}, "c", (), seconds)
    return await http_get.attempt(call, HOST)


async def free_port() -> int:
    async with serving() as server:
        return server.port


async def test_an_answer_from_200_is_a_success() -> None:
    async with serving(OK) as server:
        assert await get(server.port, path="/up?x=1") == Answer(Verdict.SUCCESS, "hi")
    request = server.asked[0].decode()
    assert request.startswith("GET /up?x=1 HTTP/1.1\r\n")
    assert f"Host: {HOST}:{server.port}\r\n" in request
    assert "User-Agent: kube-probe/1.36\r\n" in request
    assert "Connection: close\r\n" in request


async def test_headers_are_sent_and_replace_the_usual_ones() -> None:
    headers = [("Host", "example.org"), ("User-Agent", "me"), ("Accept", ""), ("X", "1")]
    async with serving(OK) as server:
        named = [{"name": name, "value": value} for name, value in headers]
        await get(server.port, httpHeaders=named)
    request = server.asked[0].decode()
    assert "Host: example.org\r\n" in request
    assert "User-Agent: me\r\n" in request
    assert "X: 1\r\n" in request
    assert "Accept" not in request


async def test_an_answer_from_400_is_a_failure_that_does_not_tell_the_body() -> None:
    async with serving(OK.replace(b"200 OK", b"503 No")) as server:
        answer = await get(server.port)
    assert answer == Answer(Verdict.FAILURE, "HTTP probe failed with statuscode: 503")


async def test_a_redirect_is_followed_on_the_same_host() -> None:
    there = b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n"
    async with serving(there, OK) as server:
        assert (await get(server.port)).verdict is Verdict.SUCCESS
    assert server.asked[1].startswith(b"GET /there ")


async def test_a_redirect_elsewhere_is_a_warning() -> None:
    away = b"HTTP/1.1 302 Found\r\nLocation: http://example.org/\r\nContent-Length: 4\r\n\r\naway"
    async with serving(away) as server:
        answer = await get(server.port)
    assert answer == Answer(Verdict.WARNING, "Probe terminated redirects, Response body: away")


async def test_redirects_come_to_an_end() -> None:
    again = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:PORT/\r\nContent-Length: 0\r\n\r\n"
    async with serving(*[again] * 10) as server:
        answer = await get(server.port)
    assert answer.verdict is Verdict.FAILURE
    assert answer.output.endswith(": stopped after 10 redirects")


async def test_who_does_not_listen_refuses() -> None:
    port = await free_port()
    url = f"http://{HOST}:{port}/"
    refused = f"dial tcp {HOST}:{port}: connect: connection refused"
    assert await get(port) == Answer(Verdict.FAILURE, f'Get "{url}": {refused}')


async def test_who_does_not_answer_in_time_has_failed() -> None:
    async with serving(None) as server:
        answer = await get(server.port, seconds=0.05)
    why = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    assert answer == Answer(Verdict.FAILURE, f'Get "http://{HOST}:{server.port}/": {why}')


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "EOF"),
        (b"HTTP/1.1 200 OK\r\n", "unexpected EOF"),
        (
            b"220 mail\r\n",
            'net/http: HTTP/1.x transport connection broken: malformed HTTP response "220 mail"',
        ),
    ],
)
async def test_what_is_no_answer_is_a_failure(reply: bytes, why: str) -> None:
    async with serving(reply) as server:
        answer = await get(server.port)
    assert answer == Answer(Verdict.FAILURE, f'Get "http://{HOST}:{server.port}/": {why}')


async def test_a_host_that_is_no_name_is_a_failure() -> None:
    for kind, attempt in (("httpGet", http_get.attempt), ("tcpSocket", tcp_socket.attempt)):
        call = Call({kind: {"port": 80, "host": "a" * 64 + ".example"}}, "c", (), 5.0)
        assert (await attempt(call, HOST)).verdict is Verdict.FAILURE


async def test_a_path_is_sent_as_a_url_can_be() -> None:
    async with serving(OK) as server:
        await get(server.port, path="a b?c=%20&d")
    assert server.asked[0].startswith(b"GET /a%20b?c=%20&d HTTP/1.1\r\n")


async def test_certificates_are_not_verified(tmp_path: Path) -> None:
    async with serving(OK, context=_certified(tmp_path)) as server:
        answer = await get(server.port, scheme="HTTPS")
    assert answer.verdict is Verdict.SUCCESS


async def test_https_where_there_is_none_is_a_failure() -> None:
    async with serving(b"HTTP/1.1 400 Bad\r\n\r\n") as server:
        answer = await get(server.port, scheme="HTTPS")
    assert answer.verdict is Verdict.FAILURE


async def test_any_answer_will_do_for_a_hook() -> None:
    async with serving(OK.replace(b"200 OK", b"500 No")) as server:
        assert await get(server.port, seconds=None) == Answer(Verdict.SUCCESS)


async def test_a_tcp_probe_asks_whether_somebody_listens() -> None:
    async def connect(port: int | str) -> Answer:
        return await tcp_socket.attempt(Call({"tcpSocket": {"port": port}}, "c", (), 5.0), HOST)

    async with serving(OK) as server:
        assert await connect(server.port) == Answer(Verdict.SUCCESS)
        while not server.connections:  # noqa: ASYNC110 - nothing tells that it is accepted
            await asyncio.sleep(0)
    refused = f"dial tcp {HOST}:{server.port}: connect: connection refused"
    assert await connect(server.port) == Answer(Verdict.FAILURE, refused)
    assert (await connect("nowhere")).verdict is Verdict.UNKNOWN


Attempt = Callable[[Call, str], Awaitable[Answer]]


@pytest.mark.parametrize(
    ("kind", "attempt"), [("httpGet", http_get.attempt), ("tcpSocket", tcp_socket.attempt)]
)
async def test_a_port_that_is_not_there_decides_nothing(kind: str, attempt: Attempt) -> None:
    answer = await attempt(Call({kind: {"port": "web"}}, "c", (), 5.0), HOST)
    assert answer == Answer(Verdict.UNKNOWN, 'strconv.Atoi: parsing "web": invalid syntax')


def test_ports_go_by_number_or_name() -> None:
    ports = [{"name": "web", "containerPort": 8080}]
    assert [port_of(port, ports) for port in (80, "web", "81")] == [80, 8080, 81]
    with pytest.raises(NoPort, match="invalid port number: 70000"):
        port_of(70000, ports)
    assert (address("h", 1), address("::1", 1)) == ("h:1", "[::1]:1")


def _certified(folder: Path) -> ssl.SSLContext:
    made = credentials.ensure(folder, HOST, time.time())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    return context
