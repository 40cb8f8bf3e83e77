"""Ports that a pod's containers define twice, or half (pkg/api/pod/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from localjobs.api.field import quoted
from localjobs.api.objects import Object


class _Port(NamedTuple):
    path: str
    name: str
    host_port: int
    number: int
    protocol: str
    host_ip: str

    def __str__(self) -> str:
        """The port as Go prints the structure."""
        return (
            f"{{Name:{self.name} HostPort:{self.host_port} ContainerPort:{self.number} "
            f"Protocol:{self.protocol} HostIP:{self.host_ip}}}"
        )


def port_warnings(containers: Iterable[tuple[str, Object]]) -> Iterator[str]:
    """Warnings about the ports of containers that come with their paths."""
    ports = list(_ports(containers))
    yield from _definition_warnings(ports)
    yield from _name_warnings(ports)


def _definition_warnings(ports: Iterable[_Port]) -> Iterator[str]:
    known: dict[tuple[int, str], list[_Port]] = {}
    for port in ports:
        if port.host_ip and not port.host_port:
            yield f"{port.path}: hostIP set without hostPort: {port}"
        others = known.setdefault((port.number, port.protocol), [])
        for other in others:
            conflict = _conflict(port, other)
            if conflict:
                yield f"{port.path}: {conflict} port definition with {other.path}"
        others.append(port)


def _name_warnings(ports: Iterable[_Port]) -> Iterator[str]:
    """Within one container validation refuses the same name; across containers the first wins."""
    first: dict[str, str] = {}
    for port in ports:
        if port.name and port.name in first:
            other = first[port.name]
            yield (
                f"{port.path}: duplicate port name {quoted(port.name)} with {other}, "
                f"services and probes that select ports by name will use {other}"
            )
        first.setdefault(port.name, port.path)


def _ports(containers: Iterable[tuple[str, Object]]) -> Iterator[_Port]:
    for path, container in containers:
        for index, port in enumerate(container.get("ports") or ()):
            yield _Port(
                path=f"{path}.ports[{index}]",
                name=port.get("name", ""),
                host_port=port.get("hostPort", 0),
                number=port.get("containerPort", 0),
                protocol=port.get("protocol", ""),
                host_ip=port.get("hostIP", ""),
            )


def _conflict(port: _Port, other: _Port) -> str:
    """How two definitions of one container port go together; "" if well."""
    if (port.host_ip, port.host_port) == (other.host_ip, other.host_port):
        return "duplicate"
    if not port.host_port or not other.host_port:
        return "overlapping"
    is_half_bound = bool(port.host_ip) != bool(other.host_ip)
    if port.host_port == other.host_port and is_half_bound:
        return "dangerously ambiguous"
    return ""
