"""Options that every verb which talks to a daemon has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from localjobs.cli.job_client import JobClient

_Command = TypeVar("_Command", bound=Callable[..., Any])


def directory_option(command: _Command) -> _Command:
    """Add `-d/--dir`; it arrives as the keyword argument `directory`."""
    return click.option(
        "-d",
        "--dir",
        "directory",
        type=click.Path(path_type=Path),
        metavar="DIR",
        envvar="LOCALJOBS_DIR",
        show_envvar=True,
        help="The directory that the daemon serves; else jobs.d, else the current one.",
    )(command)


def namespace_option(command: _Command) -> _Command:
    """Add `-n/--namespace`; it arrives as the keyword argument `namespace`."""
    return click.option(
        "-n",
        "--namespace",
        default="default",
        show_default=True,
        help="The Job's namespace.",
    )(command)


def client_for(directory: Path | None, namespace: str = "default") -> JobClient:
    """A client of the daemon that serves this directory, for as long as the verb runs.

    Raises `NotServed`, `UsageError`.
    """
    from localjobs.cli.connection import Connection
    from localjobs.cli.job_client import JobClient
    from localjobs.cli.served import find

    connection = Connection(find(directory))
    return JobClient(click.get_current_context().with_resource(connection), namespace)
