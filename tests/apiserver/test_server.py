import asyncio
import socket
import ssl
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from localjobs.api import resources
from localjobs.apiserver import kubernetes_service
from localjobs.apiserver.credentials import ensure
from localjobs.apiserver.server import HttpsServer, address_of, bind, url_of
from localjobs.clock import SystemClock, VirtualClock
from localjobs.errors import ConfigError
from localjobs.identities import RandomIdentities
from localjobs.store.store import Store


def test_the_first_free_port_is_taken() -> None:
    with closing(bind("127.0.0.1", (0,))) as first:
        _, port = address_of(first)
        with closing(bind("127.0.0.1", (port, 0))) as second:
            assert address_of(second)[1] not in (0, port)
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1, port {port}"):
            bind("127.0.0.1", (port,))


@pytest.mark.parametrize("address", ["192.0.2.1", "no.such.host.invalid"])
def test_an_address_of_somebody_else_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=address):
        bind(address, (0,))


def test_who_listens_everywhere_is_reached_on_loopback() -> None:
    with closing(bind("0.0.0.0", (0,))) as listening:
        assert url_of(listening) == f"https://127.0.0.1:{address_of(listening)[1]}"
    with closing(bind("::1", (0,))) as listening:
        assert url_of(listening) == f"https://[::1]:{address_of(listening)[1]}"


def test_answers_are_not_held_back_for_acknowledgements() -> None:
    """Else an answer of two pieces takes as long as the client delays its acknowledgement."""
    with closing(bind("127.0.0.1", (0,))) as listening:
        client = socket.create_connection(address_of(listening))
        listening.setblocking(True)
        accepted, _ = listening.accept()
        with client, accepted:
            for level, option in (
                (socket.IPPROTO_TCP, socket.TCP_NODELAY),
                (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            ):
                assert accepted.getsockopt(level, option) != 0


async def test_a_server_that_stops_lets_an_answer_finish(tmp_path: Path) -> None:
    answering = asyncio.Event()
    go = asyncio.Event()

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        answering.set()
        await go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    credentials = ensure(tmp_path, "127.0.0.1", SystemClock().now())
    listening = bind("127.0.0.1", (0,))
    server = HttpsServer(slow, listening, credentials)
    running = asyncio.ensure_future(server.run())
    context = ssl.create_default_context(cafile=str(credentials.authority))
    reader, writer = await asyncio.open_connection(*address_of(listening), ssl=context)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await answering.wait()
    server.stop()
    go.set()
    assert b"done" in await reader.read()
    writer.close()
    await running


def test_the_service_of_the_api_says_where_it_is_now() -> None:
    store, clock = Store.open(None), VirtualClock()
    identities = RandomIdentities(1)
    for port in (6443, 6443, 7000):
        kubernetes_service.furnish(store, clock, identities, "127.0.0.1", port)
    found = store.get(resources.SERVICES, "default", "kubernetes")
    assert found is not None
    assert found["spec"]["ports"][0]["port"] == 7000
    assert store.resource_version == 2, "what did not change was not written"
    store.close()
