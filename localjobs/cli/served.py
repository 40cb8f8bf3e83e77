"""The daemon that a verb talks to, found by the directory that it serves."""

from __future__ import annotations

import base64
import binascii
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import click

from localjobs.state_folder import KUBECONFIG, state_of

DEFAULT_DIRECTORY = "jobs.d"
CONNECT_SECONDS = 10.0


class NotServed(click.ClickException):
    """No daemon serves the directory."""


@dataclass(frozen=True, slots=True)
class Served:
    """A served directory and the way to its daemon: URL, authority (PEM) and token."""

    directory: Path
    server: str
    authority: str = field(repr=False)
    token: str = field(repr=False)

    @property
    def state(self) -> Path:
        return state_of(self.directory)

    @property
    def kubeconfig(self) -> Path:
        return self.state / KUBECONFIG

    @property
    def address(self) -> tuple[str, int]:
        url = urlsplit(self.server)
        return url.hostname or "", url.port or 443


def find(directory: Path | None) -> Served:
    """The daemon of that directory; without one, of jobs.d or else of the current directory.

    Raises `NotServed` if none answers, `UsageError` if there is no such directory.
    """
    if directory is not None:
        if not directory.is_dir():
            raise click.UsageError(f"there is no directory {str(directory)!r}")
        found = _first_that_listens((directory,))
        if found is None:
            raise not_served(directory)
        return found
    found = _first_that_listens((Path(DEFAULT_DIRECTORY), Path()))
    if found is None:
        raise NotServed(
            f"no daemon serves {DEFAULT_DIRECTORY} or the current directory;"
            " start one: localjobs serve [DIR], or name the directory it serves: -d DIR"
        )
    return found


def not_served(directory: Path) -> NotServed:
    """The error for a directory whose daemon is not there."""
    return NotServed(f"no daemon serves {directory}; start one: localjobs serve {directory}")


def _first_that_listens(directories: Iterable[Path]) -> Served | None:
    for directory in directories:
        served = _read(directory)
        if served is not None and _listens(served.address):
            return served
    return None


def _read(directory: Path) -> Served | None:
    """What the directory's kubeconfig says; None if no daemon ever served it."""
    import yaml

    path = state_of(directory) / KUBECONFIG
    try:
        text = path.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise NotServed(f"{path} cannot be read: {error.strerror}") from error
    try:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        config = yaml.load(text, Loader=loader)
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        return Served(directory, cluster["server"], authority, user["token"])
    except (yaml.YAMLError, LookupError, TypeError, ValueError, binascii.Error) as error:
        raise NotServed(f"{path} is no kubeconfig of a daemon: {error}") from error


def _listens(address: tuple[str, int]) -> bool:
    """Whether anybody accepts connections there: a kubeconfig outlives its daemon."""
    try:
        socket.create_connection(address, CONNECT_SECONDS).close()
    except OSError:
        return False
    return True
