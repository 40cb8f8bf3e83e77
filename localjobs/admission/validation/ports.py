"""Ports: a container's list, and the port of a probe or handler (core/validation)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localjobs.admission.validation.formats import Errors, malformed
from localjobs.api import names
from localjobs.api.field import duplicate, invalid, not_supported, required
from localjobs.api.objects import Object

PROTOCOLS = ("SCTP", "TCP", "UDP")


def validate_ports(ports: Iterable[Object], path: str) -> Errors:
    """The ports of one container; names are unique in it."""
    taken: set[str] = set()
    for index, port in enumerate(ports):
        here = f"{path}[{index}]"
        yield from _validate_name(port.get("name", ""), taken, f"{here}.name")
        number, host = port.get("containerPort", 0), port.get("hostPort", 0)
        if number == 0:
            yield required(f"{here}.containerPort")
        else:
            problems = names.port_number_errors(number)
            yield from malformed(f"{here}.containerPort", number, problems)
        if host:
            yield from malformed(f"{here}.hostPort", host, names.port_number_errors(host))
        protocol = port.get("protocol", "")
        if not protocol:
            yield required(f"{here}.protocol")
        elif protocol not in PROTOCOLS:
            yield not_supported(f"{here}.protocol", protocol, PROTOCOLS)


def _validate_name(name: str, taken: set[str], path: str) -> Errors:
    if not name:
        return
    problems = names.port_name_errors(name)
    if problems:
        yield from malformed(path, name, problems)
    elif name in taken:
        yield duplicate(path, name)
    else:
        taken.add(name)


def check_port(port: Any, path: str) -> Errors:
    """A port by number or by name; none is number 0."""
    if isinstance(port, str):
        yield from malformed(path, port, names.port_name_errors(port))
    else:
        number = port or 0
        yield from malformed(path, number, names.port_number_errors(number))


def check_host_ports(containers: Iterable[Object], path: str) -> Errors:
    """No two containers take the same port of the host."""
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for position, port in enumerate(container.get("ports") or ()):
            number = port.get("hostPort", 0)
            if not number:
                continue
            key = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{number}"
            if key in taken:
                yield duplicate(f"{path}[{index}].ports[{position}].hostPort", key)
            taken.add(key)


def check_host_network_ports(spec: Object, path: str, *, is_pod: bool) -> Errors:
    """On the host's network a host port is the container's port.

    A template may leave it out; in a pod it has been filled in.
    """
    if not spec.get("hostNetwork"):
        return
    for index, container in enumerate(spec.get("containers") or ()):
        for position, port in enumerate(container.get("ports") or ()):
            host, number = port.get("hostPort", 0), port.get("containerPort", 0)
            if (is_pod or host) and host != number:
                yield invalid(
                    f"{path}.containers[{index}].ports[{position}].hostPort",
                    host,
                    "must match `containerPort` when `hostNetwork` is true",
                )
