"""Reading image names: whether one means the tag `latest` (distribution/reference)."""

from __future__ import annotations

import re

_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_DOMAIN_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = re.compile(
    rf"(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?", re.ASCII
)
_REFERENCE = re.compile(
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[0-9A-Za-z_][0-9A-Za-z_.-]{0,127}))?"
    r"(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?"
)
_IDENTIFIER = re.compile("[a-f0-9]{64}")
_LONGEST_NAME = 255


def is_latest(image: str) -> bool:
    """Whether the image is named with the tag `latest`, or without tag and digest.

    A name that is none is not latest; validation says what is wrong with it.
    """
    domain, path = _split(image)
    found = _REFERENCE.fullmatch(path)
    if found is None or _IDENTIFIER.fullmatch(image):
        return False
    if domain and (not _DOMAIN.fullmatch(domain) or len(domain + found["path"]) >= _LONGEST_NAME):
        return False
    return found["tag"] == "latest" or (found["tag"] is None and found["digest"] is None)


def _split(image: str) -> tuple[str, str]:
    """The registry's host, "" for the default one, and the rest."""
    head, slash, rest = image.partition("/")
    is_host = "." in head or ":" in head or head == "localhost" or head.lower() != head
    return (head, rest) if slash and is_host else ("", image)
