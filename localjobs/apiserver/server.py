"""Serves the API over HTTPS: uvicorn on a socket of ours."""

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localjobs.apiserver.app import ApiServer
from localjobs.apiserver.credentials import Credentials
from localjobs.errors import ConfigError

HEADER_SECONDS = 30.0
"""How long a connection may take to send the headers of its first request."""
BACKLOG = 4096
_PATIENCE = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


class _Protocol(HttpToolsProtocol):
    """Closes connections that never ask for anything."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._hurry = self.loop.call_later(HEADER_SECONDS, transport.close)

    def on_headers_complete(self) -> None:
        self._hurry.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._hurry.cancel()
        super().connection_lost(exc)


class _Uvicorn(uvicorn.Server):
    """Leaves the process's signals alone: the daemon has its own ideas of them."""

    def install_signal_handlers(self) -> None:
        return

    def capture_signals(self) -> Any:
        import contextlib

        return contextlib.nullcontext()


def bind(address: str, ports: tuple[int, ...]) -> socket.socket:
    """A listening socket on the first of these ports that is free.

    Raises `ConfigError` if none is, or the address is not this machine's.
    """
    try:
        family, *_ = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigError(f"bind: {address!r} is no address of this machine: {error}") from error
    problem: OSError | None = None
    for port in ports:
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            _set_options(listening)
            listening.bind((address, port))
            listening.listen(BACKLOG)
        except OSError as error:
            listening.close()
            problem = error
        else:
            listening.setblocking(False)
            return listening
    raise ConfigError(f"cannot listen on {address}, port {ports[0]}: {problem}")


def _set_options(listening: socket.socket) -> None:
    """Options that the accepted sockets inherit.

    An answer's last piece does not wait for the acknowledgement of its first, and a peer that has
    gone without a word, or takes nothing, is given up in time.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _PATIENCE.items():
        if (option := getattr(socket, name, None)) is not None:  # some systems lack some
            listening.setsockopt(socket.IPPROTO_TCP, option, value)


def address_of(listening: socket.socket) -> tuple[str, int]:
    """Host and port, for a client on this machine where it listens everywhere."""
    host, port, *_ = listening.getsockname()
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def url_of(listening: socket.socket) -> str:
    """`https://127.0.0.1:6443`."""
    host, port = address_of(listening)
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"


class HttpsServer:
    """The API server on a socket."""

    def __init__(self, app: ApiServer, listening: socket.socket, credentials: Credentials) -> None:
        self._listening = listening
        config = uvicorn.Config(
            app,
            http=_Protocol,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            backlog=BACKLOG,
            timeout_keep_alive=120,
            timeout_graceful_shutdown=2,
            ssl_certfile=str(credentials.certificate),
            ssl_keyfile=str(credentials.key),
        )
        self._server = _Uvicorn(config)
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return url_of(self._listening)

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Accept no more, and let what is under way finish for two seconds."""
        self._server.should_exit = True
