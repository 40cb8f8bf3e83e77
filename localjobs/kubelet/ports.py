"""Where a handler connects to: a port by number or name, a host."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.api.objects import Object


class NoPort(Exception):
    """The handler names no port that there is; the text says so as Go would."""


def port_of(port: int | str, ports: Iterable[Object]) -> int:
    """The number of a port that a handler names (pkg/probe/util.go). Raises `NoPort`."""
    number = _number(port, ports)
    if not 0 < number < 65536:
        raise NoPort(f"invalid port number: {number}")
    return number


def _number(port: int | str, ports: Iterable[Object]) -> int:
    if isinstance(port, int):
        return port
    for declared in ports:
        if declared.get("name") == port:
            return int(declared["containerPort"])
    if not port.isdigit():
        raise NoPort(f'strconv.Atoi: parsing "{port}": invalid syntax')
    return int(port)


def address(host: str, port: int) -> str:
    """Both as one, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
