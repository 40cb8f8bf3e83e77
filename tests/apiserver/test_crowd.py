"""Thousands of watches: each is told everything, in order, once."""

import asyncio
import json
import ssl
import zlib
from pathlib import Path
from typing import Any

import pytest

from localjobs.apiserver.credentials import Credentials
from tests.apiserver.server_process import serve_apart
from tests.apiserver.serving import Client

JOBS = "/apis/batch/v1/namespaces/default/jobs"
LAST = "last"


class Watcher(asyncio.Protocol):
    """Follows a watch. Everybody is sent the same bytes, so that a checksum tells them apart."""

    def __init__(self, request: bytes, *, keeps: bool) -> None:
        self._request = request
        self._buffer = b""
        self._keeps = keeps
        self.kept: list[bytes] = []
        self.checksum = 0
        self.size = 0
        loop = asyncio.get_running_loop()
        self.watches: asyncio.Future[None] = loop.create_future()
        self.saw_last: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.watches.done():
            head, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            assert head.startswith(b"HTTP/1.1 200"), head
            self._buffer = rest
            self.watches.set_result(None)
        self._take_chunks()

    def _take_chunks(self) -> None:
        while (end := self._buffer.find(b"\r\n")) >= 0:
            size = int(self._buffer[:end], 16)
            if len(self._buffer) < end + size + 4:
                return
            self._take(self._buffer[end + 2 : end + 2 + size])
            self._buffer = self._buffer[end + size + 4 :]

    def _take(self, data: bytes) -> None:
        self.checksum = zlib.crc32(data, self.checksum)
        self.size += len(data)
        if self._keeps:
            self.kept.append(data)
        if f'"name":"{LAST}"'.encode() in data:
            self.saw_last.set_result(None)


def job(name: str) -> Any:
    container = {"name": "main", "image": "busybox"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {"managedBy": "example.com/none", "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


async def watch(address: tuple[str, int], credentials: Credentials, count: int) -> list[Watcher]:
    context = ssl.create_default_context(cafile=str(credentials.authority))
    request = (
        f"GET {JOBS}?watch=true HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {credentials.token}\r\n\r\n"
    ).encode()
    gate = asyncio.Semaphore(64)
    loop = asyncio.get_running_loop()

    async def one(number: int) -> Watcher:
        async with gate:
            _, watcher = await loop.create_connection(
                lambda: Watcher(request, keeps=number == 0),
                *address,
                ssl=context,
                server_hostname="localhost",
                ssl_handshake_timeout=120,
            )
            await watcher.watches
        return watcher

    return list(await asyncio.gather(*(one(number) for number in range(count))))


def create(address: tuple[str, int], credentials: Credentials, count: int) -> None:
    with Client(address, credentials) as client:
        for number in range(count - 1):
            assert client.send("POST", JOBS, job(f"j-{number}")).code == 201
        assert client.send("POST", JOBS, job(LAST)).code == 201


async def follow(folder: Path, watchers: int, jobs: int) -> None:
    with serve_apart(folder) as (address, credentials):
        crowd = await watch(address, credentials, watchers)
        await asyncio.to_thread(create, address, credentials, jobs)
        async with asyncio.timeout(300):
            await asyncio.gather(*(one.saw_last for one in crowd))
    told = [json.loads(line) for line in b"".join(crowd[0].kept).splitlines()]
    names = [event["object"]["metadata"]["name"] for event in told]
    assert names == [*(f"j-{number}" for number in range(jobs - 1)), LAST]
    assert {event["type"] for event in told} == {"ADDED"}
    assert {(one.size, one.checksum) for one in crowd} == {(crowd[0].size, crowd[0].checksum)}


async def test_every_watch_sees_every_job_once_and_in_order(tmp_path: Path) -> None:
    await follow(tmp_path, watchers=200, jobs=200)


@pytest.mark.soak
async def test_three_thousand_watches_see_a_thousand_jobs(tmp_path: Path) -> None:
    await follow(tmp_path, watchers=3000, jobs=1000)
