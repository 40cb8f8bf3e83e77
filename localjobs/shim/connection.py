"""The client's end of the shim: one connection at a time, frames in, frames out, never blocking."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
import struct

from localjobs.shim.own_log import note
from localjobs.shim.protocol import FrameReader, Message, pack

_RECEIVE = 256 << 10


class Connection:
    """One connected client."""

    def __init__(self, sock: socket.socket, selector: selectors.BaseSelector) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._selector = selector
        self._frames = FrameReader()
        self._unsent = bytearray()
        self._events = selectors.EVENT_READ
        self.readable = False
        self.closed = False
        selector.register(sock, self._events, self._ready)

    def receive(self) -> list[Message]:
        """The messages that have come. At the end of the stream it closes itself."""
        self.readable = False
        try:
            data = self._socket.recv(_RECEIVE)
        except (BlockingIOError, InterruptedError):
            return []
        except OSError:
            data = b""
        if not data:
            self.close()
            return []
        return [message for body in self._frames.feed(data) for message in json.loads(body)]

    def has_more(self) -> bool:
        """Whether something has come that was not received yet, the end of the stream included."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True
        return True

    def send(self, messages: list[Message]) -> None:
        """Send now what the socket takes, the rest when it can."""
        if messages and not self.closed:
            self._unsent += pack(messages)
        self._send()

    def close(self) -> None:
        """The client is gone, or another has come."""
        if not self.closed:
            self.closed = True
            self._selector.unregister(self._socket)
            self._socket.close()

    def _send(self) -> None:
        if self.closed:
            return
        if self._unsent:
            try:
                sent = self._socket.send(self._unsent)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                self.close()
                return
            del self._unsent[:sent]
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        if wanted != self._events:
            self._events = wanted
            self._selector.modify(self._socket, wanted, self._ready)

    def _ready(self) -> None:
        self.readable = True


def accept(listener: socket.socket) -> socket.socket | None:
    """A client of the same user, or None. The directory's mode keeps others away as well."""
    try:
        sock, _ = listener.accept()
    except (BlockingIOError, InterruptedError, ConnectionError):
        return None
    if peer_user(sock) in (os.getuid(), 0):
        return sock
    note("refused a client of another user")
    sock.close()
    return None


def peer_user(sock: socket.socket) -> int:
    """The user id of the process at the other end; our own where the system does not say."""
    if not hasattr(socket, "SO_PEERCRED"):
        return os.getuid()
    credentials = struct.Struct("3i")
    answer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    return int(credentials.unpack(answer)[1])


def dismiss(connection: Connection) -> None:
    """Tell a client that another took its place."""
    with contextlib.suppress(OSError):
        connection.send([["replaced"]])
    connection.close()
