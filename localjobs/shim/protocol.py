"""What the shim and its client say to each other, and how it is framed.

A frame is four bytes of length (big endian) and a JSON array of messages; a message is an array
whose first element names it. Each side writes one frame per turn of its loop.

To the shim:
    ["start", id, command, environment, working_directory, log_path, mounts, user, group,
     memory_limit]                                        bytes, or null for no limit
    ["signal", id, number]   ["kill", id]   ["forget", id]   ["shutdown"]
    ["execute", id, name, command]   ["abort", id, name]  run a command in that container; kill it
From the shim:
    ["hello", version, boot_id, pid, supports_mounts]     first of all
    ["started", id, pid, at]
    ["failed", id, message, at]                           no process came to be
    ["exited", id, at, exit_code, signal, out_of_memory]  exit_code or signal is null
    ["lost", id, at]                                      its owner died, and it with its owner
    ["executed", id, name, exit_code, output]             a command has ended
    ["unexecuted", id, name, message]                     it could not be run
    ["replayed"]                                          all that was known before is told
    ["replaced"]                                          another client connected; this one is out

Times are seconds since the epoch. The journal holds such messages too.
"""

from __future__ import annotations

import json
from typing import Any, TypeAlias

VERSION = 2
SOCKET_NAME = "shim.sock"
LOG_NAME = "shim.log"

Message: TypeAlias = list[Any]

_LENGTH_BYTES = 4


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode(messages: list[Message]) -> bytes:
    """Messages as JSON, without a line break."""
    return _encode(messages).encode()


def pack(messages: list[Message]) -> bytes:
    """One frame."""
    body = encode(messages)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class FrameReader:
    """Cuts a stream of bytes into the bodies of frames; holds on to the unfinished one."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was received; return the bodies that are now complete."""
        buffer = self._buffer
        buffer += data
        bodies: list[bytes] = []
        start = 0
        while len(buffer) - start >= _LENGTH_BYTES:
            end = start + _LENGTH_BYTES + int.from_bytes(buffer[start : start + 4], "big")
            if len(buffer) < end:
                break
            bodies.append(bytes(buffer[start + _LENGTH_BYTES : end]))
            start = end
        del buffer[:start]
        return bodies
