"""DNS settings of a pod, host names and addresses (core/validation)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from localjobs.admission.validation.formats import (
    Errors,
    check_dns_subdomain,
    malformed,
)
from localjobs.api import names
from localjobs.api.field import forbidden, invalid, not_supported, required, too_long
from localjobs.api.objects import Object

POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_MOST_SERVERS = 3
_MOST_SEARCHES = 32
_LONGEST_SEARCHES = 2048
_LONGEST_HOST_NAME = 64
_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_subdomain = re.compile(_SUBDOMAIN).fullmatch
_BAD_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"


def validate_dns(spec: Object, path: str) -> Errors:
    """`spec.dnsConfig` under `spec.dnsPolicy`; the policy itself is `validate_dns_policy`'s."""
    config = spec.get("dnsConfig")
    if spec.get("dnsPolicy") == "None":
        if config is None:
            yield required(path, "must provide `dnsConfig` when `dnsPolicy` is None")
            return
        if not config.get("nameservers"):
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{path}.nameservers", detail)
            return
    if config is not None:
        yield from _validate_servers(config.get("nameservers") or [], f"{path}.nameservers")
        yield from _validate_searches(config.get("searches") or [], f"{path}.searches")
        for index, option in enumerate(config.get("options") or ()):
            if not option.get("name"):
                yield required(f"{path}.options[{index}]", "must not be empty")


def validate_dns_policy(policy: str, path: str) -> Errors:
    """`spec.dnsPolicy`."""
    if not policy:
        yield required(path)
    elif policy not in POLICIES:
        yield not_supported(path, policy, POLICIES)


def _validate_servers(servers: list[str], path: str) -> Errors:
    if len(servers) > _MOST_SERVERS:
        yield invalid(path, servers, f"must not have more than {_MOST_SERVERS} nameservers")
    for index, server in enumerate(servers):
        yield from check_address(server, f"{path}[{index}]")


def _validate_searches(searches: list[str], path: str) -> Errors:
    if len(searches) > _MOST_SEARCHES:
        yield invalid(path, searches, f"must not have more than {_MOST_SEARCHES} search paths")
    if len(" ".join(searches).encode()) > _LONGEST_SEARCHES:
        detail = (
            f"must not have more than {_LONGEST_SEARCHES} characters (including spaces) "
            "in the search list"
        )
        yield invalid(path, searches, detail)
    for index, search in enumerate(searches):
        if search != ".":
            domain = search.removesuffix(".")
            yield from malformed(f"{path}[{index}]", domain, _search_errors(domain))


def _search_errors(text: str) -> list[str]:
    errors = [names.length_error(253)] if len(text.encode()) > 253 else []
    if not _subdomain(text):
        errors.append(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
            "'_', '-' or '.', and must start and end with an alphanumeric character "
            f"(e.g. 'example.com', regex used for validation is '{_SUBDOMAIN}')"
        )
    return errors


def check_address(text: str, path: str) -> Errors:
    """An IPv4 or IPv6 address in a standard notation."""
    address = parse_address(text)
    if address is None:
        yield invalid(path, text, _BAD_IP)
    elif _without_leading_zeros(text) != text:
        yield invalid(path, text, "must not have leading 0s")
    elif isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        yield invalid(path, text, "must not be an IPv4-mapped IPv6 address")


def parse_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, read as leniently as upstream does (leading zeros); None if it is none."""
    try:
        address = ipaddress.ip_address(_without_leading_zeros(text))
    except ValueError:
        return None
    is_scoped = isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None
    return None if is_scoped else address


def _without_leading_zeros(text: str) -> str:
    """The text with the octets of an IPv4 address, which an IPv6 address may end in, as numbers."""
    head, colon, tail = text.rpartition(":")
    octets = tail.split(".")
    if len(octets) == 4 and all(re.fullmatch("[0-9]+", octet) for octet in octets):
        tail = ".".join(octet.lstrip("0") or "0" for octet in octets)
    return f"{head}{colon}{tail}"


def validate_host_aliases(aliases: Iterable[Object], path: str) -> Errors:
    """`spec.hostAliases`."""
    for index, alias in enumerate(aliases):
        yield from check_address(alias.get("ip", ""), f"{path}[{index}].ip")
        for position, name in enumerate(alias.get("hostnames") or ()):
            yield from check_dns_subdomain(name, f"{path}[{index}].hostnames[{position}]")


def validate_hostname_override(spec: Object, path: str) -> Errors:
    """`spec.hostnameOverride` (KEP-4762), beside what else would name the pod."""
    name = spec.get("hostnameOverride")
    if name is None:
        return
    if spec.get("setHostnameAsFQDN"):
        yield forbidden(path, "may not be specified when setHostnameAsFQDN is true")
    if spec.get("hostNetwork"):
        yield forbidden(path, "may not be specified when hostNetwork is true")
    if len(name.encode()) > _LONGEST_HOST_NAME:
        yield too_long(path, _LONGEST_HOST_NAME)
    yield from check_dns_subdomain(name, path)
