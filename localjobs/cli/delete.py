"""`localjobs delete`: delete Jobs, and stop their pods."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from localjobs.cli.options import client_for, directory_option, namespace_option

if TYPE_CHECKING:
    from localjobs.api.objects import Object
    from localjobs.cli.job_client import JobClient


@click.command(name="delete")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@directory_option
@namespace_option
@click.option("--all", "everything", is_flag=True, help="Every Job of the namespace.")
@click.option(
    "--cascade",
    type=click.Choice(["background", "foreground", "orphan"]),
    default="background",
    show_default=True,
    help="Delete the pods after the Job, before it, or leave them.",
)
@click.option(
    "--wait/--no-wait", default=True, show_default=True, help="Return once the Jobs are gone."
)
def command(
    jobs: Sequence[str],
    directory: Path | None,
    namespace: str,
    everything: bool,
    cascade: str,
    wait: bool,
) -> None:
    """Delete JOBs: their pods are stopped, their logs go with them.

    The manifest that a Job came from stays, but runs again only once it is changed.
    """
    if bool(jobs) == everything:
        raise click.UsageError("name the Jobs to delete, or say --all")
    from localjobs.api import objects
    from localjobs.cli.changes import each_job

    client = client_for(directory, namespace)
    if everything:
        jobs = [objects.name(job) for job in client.jobs()[0]]
        if not jobs:
            click.echo(f"no jobs in namespace {namespace!r}", err=True)
    deleted: list[Object] = []

    def delete(client: JobClient, name: str) -> None:
        job = client.job(name)
        client.delete(job, cascade.capitalize())
        _say(job, wait)
        deleted.append(job)

    fine = each_job(client, jobs, delete)
    if wait:
        for job in deleted:
            client.wait_until_gone(job)
    if not fine:
        sys.exit(1)


def _say(job: Object, wait: bool) -> None:
    from localjobs.cli.job_client import shown

    click.echo(f"{shown(job)} {'deleted' if wait else 'marked for deletion'}")
