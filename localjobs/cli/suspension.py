"""Suspending Jobs and resuming them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from localjobs.apiserver.tables.job import status_of
from localjobs.cli.changes import each_job
from localjobs.cli.job_client import JobClient, shown
from localjobs.cli.options import client_for

_WORDS = {True: "suspended", False: "resumed"}
_IDLE_WORDS = {True: "already suspended", False: "not suspended"}


def set_suspension(
    directory: Path | None, namespace: str, names: Sequence[str], suspend: bool
) -> None:
    """Suspend or resume the Jobs of these names. Exits with 1 if one cannot be."""
    client = client_for(directory, namespace)
    if not each_job(client, names, partial(_set, suspend=suspend)):
        sys.exit(1)


def _set(client: JobClient, name: str, *, suspend: bool) -> None:
    job = client.job(name)
    status = status_of(job)
    if status in ("Complete", "Failed", "Terminating"):
        raise click.ClickException(f"{shown(job)} is {status}: it does not run any more")
    if bool(job["spec"].get("suspend")) == suspend:
        click.echo(f"{shown(job)} {_IDLE_WORDS[suspend]}")
        return
    client.suspend(job, suspend)
    click.echo(f"{shown(job)} {_WORDS[suspend]}")
