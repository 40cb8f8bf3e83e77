"""How fast the API answers over HTTPS, beside a static answer of the same server.

Run with `python -m benchmarks.api`. The server is a process of its own, with its store on disk
and the Job controller at work (the Jobs name another controller, so that none runs); the client
keeps 16 connections busy from this one.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

CONNECTIONS = 16
SECONDS = 3.0
LISTED = 1000
JOBS = "/apis/batch/v1/namespaces/default/jobs"

Requests = Iterator[bytes]


# The servers


def serve(folder: str, is_static: bool, port: Connection) -> None:
    """Serve the API, or a static answer, until the parent closes the pipe."""
    asyncio.run(_serve(Path(folder), is_static, port))


async def _serve(folder: Path, is_static: bool, ready: Connection) -> None:
    from localjobs.apiserver.assembly import Api, Backing
    from localjobs.apiserver.credentials import ensure
    from localjobs.apiserver.server import HttpsServer, address_of, bind
    from localjobs.clock import SystemClock
    from localjobs.controller.loop import JobController
    from localjobs.identities import RandomIdentities
    from localjobs.kubelet.pod_logs import PodLogFiles
    from localjobs.store.event_recorder import EventRecorder
    from localjobs.store.namespaces import Namespaces
    from localjobs.store.registry import Registry
    from localjobs.store.store import Store

    clock, identities = SystemClock(), RandomIdentities()
    credentials = ensure(folder, "127.0.0.1", clock.now())
    listening = bind("127.0.0.1", (0,))
    server: Any
    if is_static:
        server = HttpsServer(_static, listening, credentials)
    else:
        store = Store.open(str(folder / "localjobs.db"), clock=clock)
        registry = Registry(store, clock, identities)
        Namespaces(store, clock, identities).start()
        recorder = EventRecorder(store, clock, identities)
        JobController(store, registry, clock, identities, recorder).start()
        logs = PodLogFiles(str(folder), store, clock)
        backing = Backing(registry, logs, clock, identities, lambda: store.degraded)
        server = Api(backing, listening, credentials)
    serving = asyncio.ensure_future(server.run())
    ready.send((address_of(listening)[1], str(credentials.authority), credentials.token))
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(ready.fileno(), done.set)
    await done.wait()
    server.stop()
    await serving


async def _static(scope: Any, receive: Any, send: Any) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"1500")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"x" * 1500})


@dataclass
class Server:
    """A server process, and how to reach it."""

    port: int
    authority: str
    token: str
    process: Any
    pipe: Connection

    @classmethod
    def start(cls, folder: str, *, is_static: bool) -> Server:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(folder, is_static, theirs))
        process.start()
        theirs.close()
        port, authority, token = ours.recv()
        return cls(port, authority, token, process, ours)

    def stop(self) -> None:
        self.pipe.close()
        self.process.join(10)

    def request(self, method: str, path: str, body: Any = None, content_type: str = "") -> bytes:
        """The bytes of a request."""
        data = b"" if body is None else json.dumps(body).encode()
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {self.token}",
            "Accept: application/json",
            "User-Agent: bench/1",
        ]
        if body is not None:
            lines += [f"Content-Type: {content_type or 'application/json'}"]
            lines += [f"Content-Length: {len(data)}"]
        return "\r\n".join([*lines, "", ""]).encode() + data


# The client


class _Answers(asyncio.Protocol):
    """One connection: reads answers that say how long they are."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._missing = -1
        self._answered: asyncio.Future[int] | None = None
        self._code = 0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def send(self, request: bytes) -> Awaitable[int]:
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def close(self) -> None:
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._data += data
        if self._missing < 0:
            head = self._data.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._data.index(b"content-length: ", 0, head) + 16
            self._code = int(self._data[9:12])
            self._missing = int(self._data[at : self._data.index(b"\r", at)]) + head + 4
        if len(self._data) >= self._missing and self._answered is not None:
            self._data.clear()
            self._missing = -1
            self._answered.set_result(self._code)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(exc or ConnectionError("the server hung up"))


@dataclass
class Measured:
    """One row of the table."""

    name: str
    rate: float
    median_ms: float
    slow_ms: float


async def measure(
    server: Server, name: str, requests: Callable[[int], Requests], expected: int = 200
) -> Measured:
    """Keep the connections busy for a while with what `requests` makes for each."""
    context = ssl.create_default_context(cafile=server.authority)
    loop = asyncio.get_running_loop()
    times: list[float] = []
    began = time.perf_counter()

    async def one(number: int) -> None:
        _, answers = await loop.create_connection(
            _Answers, "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
        )
        for request in requests(number):
            sent = time.perf_counter()
            if sent - began > SECONDS:
                break
            code = await answers.send(request)
            assert code == expected, f"{name}: answered {code}"
            times.append(time.perf_counter() - sent)
        answers.close()

    await asyncio.gather(*(one(number) for number in range(CONNECTIONS)))
    elapsed = time.perf_counter() - began
    times.sort()
    slow = times[int(len(times) * 0.99)]
    return Measured(name, len(times) / elapsed, statistics.median(times) * 1e3, slow * 1e3)


def job(name: str) -> Any:
    """A small Job that another controller manages."""
    container = {"name": "main", "image": "busybox", "command": ["true"]}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    spec = {"managedBy": "example.com/none", "template": template}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def forever(request: bytes) -> Callable[[int], Requests]:
    """The same request from everybody."""

    def requests(number: int) -> Requests:
        while True:
            yield request

    return requests


def _creations(server: Server) -> Callable[[int], Requests]:
    def requests(number: int) -> Requests:
        for count in range(1_000_000):
            yield server.request("POST", JOBS, job(f"c-{number}-{count}"))

    return requests


def _patches(server: Server) -> Callable[[int], Requests]:
    def requests(number: int) -> Requests:
        for count in range(1_000_000):
            patch = {"metadata": {"labels": {"count": str(count)}}}
            path = f"{JOBS}/listed-{number}"
            yield server.request("PATCH", path, patch, "application/merge-patch+json")

    return requests


async def _measure_api(server: Server) -> list[Measured]:
    async def fill(number: int) -> None:
        wanted = range(number, LISTED, CONNECTIONS)
        context = ssl.create_default_context(cafile=server.authority)
        _, answers = await asyncio.get_running_loop().create_connection(
            _Answers, "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
        )
        for index in wanted:
            await answers.send(server.request("POST", JOBS, job(f"listed-{index}")))
        answers.close()

    await asyncio.gather(*(fill(number) for number in range(CONNECTIONS)))
    found = [
        await measure(server, "get", forever(server.request("GET", f"{JOBS}/listed-1"))),
        await measure(server, "patch", _patches(server)),
    ]
    listing = await _list_alone(server)
    found.append(listing)
    found.append(await measure(server, "create", _creations(server), 201))
    return found


async def _list_alone(server: Server) -> Measured:
    """Lists are asked for one at a time: what counts is how long one takes."""
    request = server.request("GET", JOBS)

    def requests(number: int) -> Requests:
        for _ in range(60 if number == 0 else 0):
            yield request

    return await measure(server, f"list of {LISTED}", requests)


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        static = Server.start(folder, is_static=True)
        base = asyncio.run(measure(static, "static", forever(static.request("GET", "/"))))
        static.stop()
    with tempfile.TemporaryDirectory() as folder:
        server = Server.start(folder, is_static=False)
        found = asyncio.run(_measure_api(server))
        server.stop()
    print(f"{CONNECTIONS} connections, HTTPS, Python {sys.version.split()[0]}")
    print(f"{'':>14} {'per second':>12} {'/ static':>9} {'median ms':>10} {'99 % ms':>9}")
    for one in (base, *found):
        ratio = one.rate / base.rate
        print(
            f"{one.name:>14} {one.rate:12.0f} {ratio:9.2f} {one.median_ms:10.2f} {one.slow_ms:9.2f}"
        )


if __name__ == "__main__":
    main()
