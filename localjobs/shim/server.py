"""The shim's loop. One turn: wait, take messages in, reap, start, write the journal, answer."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import time
from dataclasses import dataclass

from localjobs.shim.connection import Connection, accept, dismiss
from localjobs.shim.protocol import VERSION, Message
from localjobs.shim.spawning import Request
from localjobs.shim.supervisor import Supervisor

ESCAPE_INTERVAL = 0.02
"""Seconds until the next try to kill descendants that multiply."""

BLOCKED_INTERVAL = 0.2
"""Seconds until the next try to write the journal, if starts wait for it."""

FAREWELL_SECONDS = 10.0
"""How long `shutdown` waits for killed processes to go: one in an uninterruptible sleep may not."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the shim says of itself in `hello`."""

    boot_id: str
    supports_mounts: bool
    grace_seconds: float
    """How long it stays with no client and no process."""


class Server:
    """Serves one client at a time until it is told to go, or nobody needs it."""

    def __init__(self, listener: socket.socket, supervisor: Supervisor, identity: Identity) -> None:
        listener.setblocking(False)
        self._listener = listener
        self._supervisor = supervisor
        self._identity = identity
        self._selector = supervisor.selector
        self._selector.register(listener, selectors.EVENT_READ, self._knock)
        self._client: Connection | None = None
        self._knocked = False
        self._terminated = False
        self._leave_at: float | None = None
        self._idle_since = time.monotonic()
        self._wakeup = _wake_on_signals()
        self._selector.register(self._wakeup, selectors.EVENT_READ, self._drain_wakeup)
        signal.signal(signal.SIGTERM, self._terminate)
        signal.signal(signal.SIGINT, self._terminate)

    def run(self) -> bool:
        """Serve. True if it ended in peace, False if it was terminated with processes running."""
        while not self._over():
            self._turn()
        return not self._terminated

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._timeout()):
            key.data()
        if self._client is not None and self._client.readable:
            self._listen_to(self._client)
        if self._knocked:
            self._connect()
        self._supervisor.weigh()
        self._supervisor.reap()
        self._supervisor.start_some()
        told = self._supervisor.flush()
        if self._client is not None:
            self._client.send(told)
            if self._client.closed:
                self._client = None

    def _listen_to(self, client: Connection) -> None:
        for message in client.receive():
            self._handle(message)

    def _handle(self, message: Message) -> None:
        supervisor = self._supervisor
        kind, *rest = message
        if kind == "start":
            supervisor.start(Request(*rest))
        elif kind == "signal":
            supervisor.signal(rest[0], rest[1])
        elif kind == "kill":
            supervisor.kill(rest[0])
        elif kind == "forget":
            supervisor.forget(rest[0])
        elif kind == "execute":
            supervisor.execute(*rest)
        elif kind == "abort":
            supervisor.abort(rest[1])
        elif kind == "shutdown":
            supervisor.kill_all()
            self._leave_at = time.monotonic() + FAREWELL_SECONDS

    def _knock(self) -> None:
        self._knocked = True

    def _connect(self) -> None:
        self._knocked = False
        sock = accept(self._listener)
        if sock is None:
            return
        if self._client is not None:
            # What the one before said last still counts.
            while not self._client.closed and self._client.has_more():
                self._listen_to(self._client)
            dismiss(self._client)
        self._client = Connection(sock, self._selector)
        # What is in the outbox is in the replay as well, once the journal is written.
        told = self._supervisor.replay()
        self._supervisor.flush()
        mine = self._identity
        hello: Message = ["hello", VERSION, mine.boot_id, os.getpid(), mine.supports_mounts]
        self._client.send([hello, *told, ["replayed"]])

    def _over(self) -> bool:
        if self._terminated:
            return True
        supervisor, now = self._supervisor, time.monotonic()
        if self._leave_at is not None:
            return supervisor.is_childless or now >= self._leave_at
        if self._client is not None or not supervisor.idle:
            self._idle_since = now
        return now >= self._idle_since + self._identity.grace_seconds

    def _timeout(self) -> float | None:
        if self._supervisor.urgent:
            return 0
        if self._supervisor.escaping:
            return ESCAPE_INTERVAL
        if self._supervisor.blocked:
            return BLOCKED_INTERVAL
        if self._leave_at is not None:
            return max(self._leave_at - time.monotonic(), 0)
        due = self._supervisor.next_weighing
        if due is not None:
            return max(due - time.monotonic(), 0)
        if self._client is None and self._supervisor.idle:
            due = self._idle_since + self._identity.grace_seconds
            return max(due - time.monotonic(), 0)
        return None

    def _drain_wakeup(self) -> None:
        os.read(self._wakeup, 4096)

    def _terminate(self, number: int, frame: object) -> None:
        self._terminated = True


def _wake_on_signals() -> int:
    """A pipe that becomes readable when a signal has come, SIGCHLD above all."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    # Any handler will do, as long as there is one: the byte in the pipe is what counts.
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    return reader
