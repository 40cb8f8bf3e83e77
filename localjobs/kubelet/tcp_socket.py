"""tcpSocket: whether somebody listens.

Upstream: pkg/probe/tcp/tcp.go.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

from localjobs.kubelet.answers import Answer, Call, Verdict
from localjobs.kubelet.ports import NoPort, address, port_of

_FAREWELL_SECONDS = 0.2


async def attempt(call: Call, default_host: str) -> Answer:
    """Connect, and hang up."""
    action = call.handler["tcpSocket"]
    host = action.get("host") or default_host
    try:
        port = port_of(action["port"], call.ports)
        async with asyncio.timeout(call.timeout):
            _, writer = await asyncio.open_connection(host, port)
    except NoPort as error:
        return Answer(Verdict.UNKNOWN, str(error))
    except TimeoutError:
        return Answer(Verdict.FAILURE, f"dial tcp {address(host, port)}: i/o timeout")
    except OSError as error:
        return Answer(Verdict.FAILURE, dial_error(host, port, error))
    except ValueError as error:  # a host that is no name
        return Answer(Verdict.FAILURE, f"dial tcp: lookup {host}: {error}")
    await hang_up(writer)
    return Answer(Verdict.SUCCESS)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and do not wait for a peer that will not hear of it."""
    writer.close()
    with contextlib.suppress(OSError):  # a timeout is one as well
        async with asyncio.timeout(_FAREWELL_SECONDS):
            await writer.wait_closed()


def dial_error(host: str, port: int, error: OSError) -> str:
    """Why there is no connection, as Go's net package says it."""
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {host}: no such host"
    why = os.strerror(error.errno).lower() if error.errno else str(error)
    return f"dial tcp {address(host, port)}: connect: {why}"
