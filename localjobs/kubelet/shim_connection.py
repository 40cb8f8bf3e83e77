"""One connection to a shim: finding or starting the shim, the handshake, frames to events."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from localjobs import shim
from localjobs.errors import RuntimeUnavailable
from localjobs.kubelet.runtime import (
    Executed,
    Exited,
    Lost,
    RuntimeEvent,
    Started,
    StartFailed,
)
from localjobs.shim.protocol import LOG_NAME, SOCKET_NAME, VERSION, FrameReader

Message: TypeAlias = list[Any]

LONGEST_SOCKET_PATH = 100
"""What fits in a socket's address everywhere (sun_path: 104 to 108 bytes)."""

_LISTEN_FD = 3

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[Message]).decode


class ShimConnection(asyncio.Protocol):
    """The daemon's end of the socket. `report` gets the events of each read in one batch."""

    def __init__(self, report: Callable[[Sequence[RuntimeEvent]], None]) -> None:
        loop = asyncio.get_running_loop()
        self.replayed: asyncio.Future[None] = loop.create_future()
        """Done once all that the shim knew before is reported."""
        self.lost: asyncio.Future[None] = loop.create_future()
        """Done once the connection is closed, by whomever."""
        self.replaced = False
        self.boot_id = ""
        self.shim_pid = 0
        self.supports_mounts = False
        self._report = report
        self._frames = FrameReader()
        self._transport: asyncio.Transport | None = None

    def send(self, messages: list[Message]) -> None:
        """Send one frame."""
        if self._transport is not None:
            body = _encode(messages)
            self._transport.write(len(body).to_bytes(4, "big") + body)

    def close(self) -> None:
        """Send what is left and close."""
        if self._transport is not None:
            self._transport.close()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Report the events in what was received."""
        messages = [message for body in self._frames.feed(data) for message in _decode(body)]
        events = [event for message in messages if (event := self._understand(message)) is not None]
        if events:
            self._report(events)
        # Not always the last one: what happened since may have come with the same read.
        replayed = any(message[0] == "replayed" for message in messages)
        if replayed and not self.replayed.done():
            self.replayed.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        """The shim is gone, or `close` was called."""
        self._transport = None
        if not self.replayed.done():
            self.replayed.set_exception(ConnectionResetError("closed before hello"))
        if not self.lost.done():
            self.lost.set_result(None)

    def _understand(self, message: Message) -> RuntimeEvent | None:
        kind, *rest = message
        make = _EVENTS.get(kind)
        if make is not None:
            return make(*rest)
        if kind == "hello":
            self._greet(rest)
        elif kind == "replaced":
            self.replaced = True
        return None

    def _greet(self, hello: Message) -> None:
        version, self.boot_id, self.shim_pid, self.supports_mounts = hello
        if version != VERSION and not self.replayed.done():
            text = (
                f"the running shim (process {self.shim_pid}) speaks version {version} of the "
                f"protocol, this localjobs version {VERSION}: stop it first"
            )
            self.replayed.set_exception(RuntimeUnavailable(text))


_EVENTS: dict[str, Callable[..., RuntimeEvent]] = {
    "started": Started,
    "failed": StartFailed,
    "exited": Exited,
    "lost": Lost,
    "executed": Executed,
    "unexecuted": lambda id_, name, message: Executed(id_, name, None, message),
}


def is_listening(directory: Path) -> bool:
    """Whether a shim of this directory listens, or is too busy to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        with _socket_address(directory) as address:
            return sock.connect_ex(address) not in (errno.ENOENT, errno.ECONNREFUSED)


async def dial(directory: Path) -> socket.socket | None:
    """Connect to the shim of this directory; None if none listens."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        with _socket_address(directory) as address:
            await asyncio.get_running_loop().sock_connect(sock, address)
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        return None
    except BaseException:
        sock.close()
        raise
    return sock


class ShimTerms(Struct, frozen=True):
    """What a shim is told when it is started."""

    grace_seconds: float = 10.0
    """How long it stays with no daemon and no process."""
    log_max_size: int = 10 * 1024 * 1024
    """The size in bytes at which a log is rotated."""
    log_max_files: int = 5
    """How many files are kept of a log."""


def launch(directory: Path, terms: ShimTerms) -> int:
    """Start a shim for this directory and return its process id.

    It is given a socket that listens already, so that nobody has to wait until it is up.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(directory / SOCKET_NAME)
        with _socket_address(directory) as address:
            listener.bind(address)
        os.chmod(directory / SOCKET_NAME, 0o600)
        listener.listen(8)
        return _spawn(directory, listener.fileno(), terms)


def _spawn(directory: Path, listener: int, terms: ShimTerms) -> int:
    program = Path(shim.__file__).with_name("__main__.py")
    options = ["--directory", str(directory), "--listen-fd", str(_LISTEN_FD)]
    options += ["--grace", repr(terms.grace_seconds)]
    options += ["--log-max-size", str(terms.log_max_size)]
    options += ["--log-max-files", str(terms.log_max_files)]
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(program), *options]
    log = os.open(directory / LOG_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    try:
        # A session of its own: Ctrl-C at the daemon's terminal is not for the shim.
        return os.posix_spawn(
            sys.executable,
            command,
            {},
            file_actions=(
                (os.POSIX_SPAWN_DUP2, null, 0),
                (os.POSIX_SPAWN_DUP2, log, 1),
                (os.POSIX_SPAWN_DUP2, log, 2),
                (os.POSIX_SPAWN_DUP2, listener, _LISTEN_FD),
            ),
            setsid=True,
            setsigmask=(),
            setsigdef=signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP},
        )
    finally:
        os.close(null)
        os.close(log)


def process_end(pid: int) -> asyncio.Future[None]:
    """Done once this process, a child or not, has ended; at once where that cannot be watched."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    try:
        descriptor = os.pidfd_open(pid)
    except (AttributeError, OSError):
        ended.set_result(None)
        return ended

    def end() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        ended.set_result(None)

    loop.add_reader(descriptor, end)
    return ended


def last_words(directory: Path) -> str:
    """What the shim last wrote to its own log: why it did not come up."""
    try:
        lines = (directory / LOG_NAME).read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        return "no log"
    if lines:
        return lines[-1]
    is_full = os.statvfs(directory).f_bavail == 0
    return "the disk is full" if is_full else "it said nothing"


@contextlib.contextmanager
def _socket_address(directory: Path) -> Iterator[str]:
    """A path to the socket that fits in an address, however long the directory's is."""
    path = str(directory / SOCKET_NAME)
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        yield path
        return
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
