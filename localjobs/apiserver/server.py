"""Serves the API over HTTPS: uvicorn on a socket of ours."""

import asyncio
import resource
import socket
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from localjobs.apiserver.credentials import Credentials
from localjobs.errors import ConfigError

HEADER_SECONDS = 30.0
"""How long a connection may take to send the headers of a request, once it is open or begun."""
BACKLOG = 4096
MOST_FILES = 65_536
MOST_UNSENT = 64 * 1024
"""How much may wait for a client that reads slowly before its watch or log waits too."""
_PATIENCE = {
    "TCP_KEEPIDLE": 30,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 3,
    "TCP_USER_TIMEOUT": 60_000,
}


class _Gathering:
    """A transport that sends what is written in one turn of the loop in one piece.

    The head of an answer and its body then cost one TLS record and one system call.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> None:
        """Send the data before the turn is over."""
        if not self._pieces:
            self._loop.call_soon(self._flush)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MOST_UNSENT:
            self._flush()

    def _flush(self) -> None:
        if self._pieces:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._size = 0
            self._transport.write(data)

    def close(self) -> None:
        """Send what is left, then close."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Protocol(HttpToolsProtocol):
    """Closes connections whose requests do not come to the end of their headers."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_write_buffer_limits(MOST_UNSENT)
        self.transport = _Gathering(transport, self.loop)  # type: ignore[assignment]  # it acts as one
        self._waits_for_headers = True
        self._hurry: asyncio.TimerHandle | None = None
        self._watch_headers()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_headers()

    def on_message_begin(self) -> None:
        self._waits_for_headers = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._waits_for_headers = False
        super().on_headers_complete()

    def _watch_headers(self) -> None:
        # Most requests come in one piece, and need no timer.
        if not self._waits_for_headers:
            self._hurry_no_more()
        elif self._hurry is None:
            self._hurry = self.loop.call_later(HEADER_SECONDS, self.transport.close)

    def _hurry_no_more(self) -> None:
        if self._hurry is not None:
            self._hurry.cancel()
            self._hurry = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._hurry_no_more()
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


def _allow_many_files() -> None:
    """Let thousands of clients be connected: each takes a file descriptor."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class HttpsServer:
    """An application on a socket."""

    def __init__(self, app: ASGIApp, listening: socket.socket, credentials: Credentials) -> None:
        self._listening = listening
        config = uvicorn.Config(
            app,
            http=_Protocol,
            loop="asyncio",
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
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
        _allow_many_files()
        await self._server.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Accept no more, and let what is under way finish for two seconds."""
        self._server.should_exit = True
