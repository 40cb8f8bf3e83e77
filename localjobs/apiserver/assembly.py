"""The API over a registry, put together: one call for the daemon."""

import socket
from collections.abc import Callable

from msgspec import Struct

from localjobs.apiserver import kubernetes_service
from localjobs.apiserver.app import ApiServer
from localjobs.apiserver.credentials import Credentials
from localjobs.apiserver.documents import Documents
from localjobs.apiserver.metrics import Metrics
from localjobs.apiserver.pod_log import PodLogs
from localjobs.apiserver.server import HttpsServer, address_of
from localjobs.apiserver.streams import Streams
from localjobs.apiserver.verbs import Verbs
from localjobs.clock import Clock
from localjobs.identities import Identities
from localjobs.store.registry import Registry
from localjobs.store.watch_hub import WatchHub


class Backing(Struct, frozen=True):
    """What the API serves, and where it gets what is no object.

    `health` says why the daemon is not well, or None.
    """

    registry: Registry
    logs: PodLogs
    clock: Clock
    identities: Identities
    health: Callable[[], str | None]


class Api:
    """The API on a socket: `await run()` serves until `stop()`, then `close()`."""

    def __init__(
        self, backing: Backing, listening: socket.socket, credentials: Credentials
    ) -> None:
        registry, clock = backing.registry, backing.clock
        store = registry.store
        host, port = address_of(listening)
        kubernetes_service.keep(store, clock, backing.identities, host, port)
        self.metrics = Metrics(store)
        hub = WatchHub(store, clock=clock)
        self._streams = Streams(registry, hub, backing.logs, self.metrics.requests, clock)
        documents = Documents(backing.health, self.metrics.exposition, clock.now, f"{host}:{port}")
        verbs = Verbs(registry, credentials.is_token)
        app = ApiServer(verbs, self._streams, documents, credentials, self.metrics, clock)
        self._server = HttpsServer(app, listening, credentials)

    @property
    def url(self) -> str:
        return self._server.url

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.run()

    def stop(self) -> None:
        """End what has no end, accept no more, and let the rest finish for two seconds."""
        self._streams.end()
        self._server.stop()
