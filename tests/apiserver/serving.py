"""The API on a loopback socket, in a thread of its own, and a client for it."""

import asyncio
import http.client
import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from localjobs.api.objects import Object
from localjobs.apiserver.assembly import Api, Backing
from localjobs.apiserver.credentials import Credentials, ensure
from localjobs.apiserver.pod_log import LogOptions
from localjobs.apiserver.server import address_of, bind
from localjobs.clock import SystemClock
from localjobs.controller.garbage_collector import GarbageCollector
from localjobs.controller.loop import JobController
from localjobs.errors import BadRequest
from localjobs.identities import RandomIdentities
from localjobs.store.event_recorder import EventRecorder
from localjobs.store.namespaces import Namespaces
from localjobs.store.registry import Registry
from localjobs.store.store import Store

ADDRESS = "127.0.0.1"


class FixedLogs:
    """Every pod has this log, in these pieces."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.asked: list[LogOptions] = []
        self.ended = threading.Event()

    def open(self, pod: Object, options: LogOptions) -> AsyncIterator[bytes]:
        self.asked.append(options)
        if options.container == "none":
            raise BadRequest("container none is not valid")
        return self._read(options.follow)

    async def _read(self, follow: bool) -> AsyncIterator[bytes]:
        try:
            for piece in self.pieces:
                yield piece
            if follow:
                await asyncio.Event().wait()
        finally:
            self.ended.set()


class Served:
    """A running API: store, controllers and server, without a kubelet."""

    def __init__(self, folder: Path, clock: SystemClock | None = None) -> None:
        self.folder = folder
        self.clock = clock or SystemClock()
        self.logs = FixedLogs(b"one\n", b"two\n")
        self.problem: str | None = None
        self.credentials: Credentials
        self.address: tuple[str, int]
        self.api: Api
        self.store: Store
        self.loop: asyncio.AbstractEventLoop
        self._ready = threading.Event()
        self._done: asyncio.Event

    def run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._done = asyncio.Event()
        self.api = await self._open()
        running = asyncio.ensure_future(self.api.run())
        self._ready.set()
        await self._done.wait()
        self.api.stop()
        await running
        await self._close()

    async def _open(self) -> Api:
        identities = RandomIdentities(1)
        self.store = Store.open(None, clock=self.clock)
        registry = Registry(self.store, self.clock, identities)
        Namespaces(self.store, self.clock, identities).start()
        recorder = EventRecorder(self.store, self.clock, identities)
        self._controllers = (
            JobController(self.store, registry, self.clock, identities, recorder),
            GarbageCollector(self.store, registry, self.clock),
        )
        for controller in self._controllers:
            controller.start()
        self.credentials = ensure(self.folder, ADDRESS, self.clock.now())
        listening = bind(ADDRESS, (0,))
        self.address = address_of(listening)
        backing = Backing(registry, self.logs, self.clock, identities, lambda: self.problem)
        return Api(backing, listening, self.credentials)

    async def _close(self) -> None:
        for controller in self._controllers:
            controller.stop()
        self.store.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._done.set)

    def wait_until_ready(self) -> None:
        assert self._ready.wait(20), "the server does not come up"

    def call(self, action: Callable[[], Any]) -> Any:
        """Do something on the server's loop, and wait for it."""

        async def perform() -> Any:
            found = action()
            await self.store.durable()
            return found

        return asyncio.run_coroutine_threadsafe(perform(), self.loop).result(20)

    def client(self, **options: Any) -> "Client":
        return Client(self.address, self.credentials, **options)


def serve(folder: Path, clock: SystemClock | None = None) -> AbstractContextManager[Served]:
    """An API over a store of its own."""
    return serving(Served(folder, clock))


@contextmanager
def serving(served: Served) -> Iterator[Served]:
    """Run it in a thread."""
    thread = threading.Thread(target=served.run)
    thread.start()
    try:
        served.wait_until_ready()
        yield served
    finally:
        served.stop()
        thread.join(20)
    assert not thread.is_alive(), "the server does not stop"


@dataclass
class Reply:
    """An answer as it came."""

    code: int
    headers: http.client.HTTPMessage
    data: bytes = field(repr=False)

    @property
    def type(self) -> str:
        return str(self.headers["content-type"])

    @property
    def warnings(self) -> list[str]:
        return [
            one.encode("latin-1").decode() for one in self.headers.get_all("warning", failobj=[])
        ]

    @property
    def value(self) -> Any:
        return json.loads(self.data) if self.type.startswith("application/json") else self.text

    @property
    def text(self) -> str:
        return self.data.decode()


class Client:
    """One connection; `token` is what it shows, the right one if not given."""

    def __init__(
        self,
        address: tuple[str, int],
        credentials: Credentials,
        *,
        token: str | None = None,
        agent: str = "tests/1",
    ) -> None:
        context = ssl.create_default_context(cafile=str(credentials.authority))
        self.connection = http.client.HTTPSConnection(*address, context=context, timeout=30)
        token = credentials.token if token is None else token
        self.headers = {"User-Agent": agent}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str | None = None,
    ) -> Reply:
        """Send a request (bytes as they are, anything else as JSON) and read all of its answer."""
        response = self.open(
            method, path, body, query=query, content_type=content_type, accept=accept
        )
        return Reply(response.status, response.headers, response.read())

    def open(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        content_type: str = "application/json",
        accept: str | None = None,
    ) -> http.client.HTTPResponse:
        """Send a request, and leave its answer to be read."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = dict(self.headers)
        if data is not None:
            headers["Content-Type"] = content_type
        if accept is not None:
            headers["Accept"] = accept
        if query:
            path = f"{path}?{urlencode(query, doseq=True)}"
        self.connection.request(method, path, data, headers)
        return self.connection.getresponse()

    def get(self, path: str, **options: Any) -> Reply:
        return self.send("GET", path, **options)

    def close(self) -> None:
        self.connection.close()


def free_socket(address: tuple[str, int]) -> socket.socket:
    """A plain connection, for clients that do not speak as they should."""
    return socket.create_connection(address, timeout=30)
