"""Changing several Jobs, one after the other: a mistake in one keeps none of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click

from localjobs.cli.job_client import JobClient
from localjobs.cli.served import NotServed


def each_job(
    client: JobClient, names: Iterable[str], change: Callable[[JobClient, str], None]
) -> bool:
    """Call `change` with each name, saying what went wrong; whether all went well.

    Raises `NotServed` if the daemon goes away.
    """
    fine = True
    for name in dict.fromkeys(names):
        try:
            change(client, name)
        except NotServed:
            raise
        except click.ClickException as error:
            error.show()
            fine = False
    return fine
