"""`localjobs logs`: what a Job's pods wrote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from localjobs.cli.interrupts import quiet_interrupts
from localjobs.cli.options import client_for, directory_option, namespace_option


def _attempt(_: click.Context, __: click.Parameter, value: str) -> str:
    if value in ("all", "last") or value.isdecimal():
        return value
    raise click.BadParameter(f"{value!r} is not all, last or a number from 0 on")


@click.command(name="logs")
@click.argument("job")
@directory_option
@namespace_option
@click.option("--index", metavar="SET", help="Only these completion indexes, such as 3,7-9.")
@click.option("--failed", is_flag=True, help="Only what containers that failed wrote.")
@click.option(
    "--attempt",
    metavar="[all|N|last]",
    default="all",
    show_default=True,
    callback=_attempt,
    help="Only the last attempt, or the attempt of that number, which count from 0.",
)
@click.option("-c", "--container", metavar="NAME", help="Only this container.")
@click.option(
    "-f", "--follow", is_flag=True, help="Go on with what comes, until the Job is finished."
)
@click.option(
    "--tail", type=click.IntRange(min=0), metavar="N", help="Only the last N lines of each log."
)
@click.option("--timestamps", is_flag=True, help="Put its time before each line.")
@click.option(
    "--prefix/--no-prefix",
    default=None,
    help="Put the pod's name before each line; by default if there are several logs.",
)
def command(
    job: str,
    directory: Path | None,
    namespace: str,
    follow: bool,
    **asked: Any,
) -> None:
    """Show what the pods of JOB wrote, standard output and standard error together.

    An attempt is one run of a container. Attempts count from 0: over the pods of an index in an
    Indexed Job; else over the restarts of a container, or, where pods do not restart theirs, over
    the pods in the order they were made. What pods wrote that are gone is shown too; it goes with
    the Job.
    """
    from localjobs.cli.log_choice import choice_for
    from localjobs.cli.log_view import LogView
    from localjobs.kubelet.logs import LogOptions

    if follow and asked["failed"]:
        raise click.UsageError("--failed is known only of what is over: it does not go with -f")
    client = client_for(directory, namespace)
    found = client.job(job)
    choice = choice_for(
        found, asked["index"], asked["failed"], asked["attempt"], asked["container"]
    )
    options = LogOptions(tail_lines=asked["tail"], timestamps=asked["timestamps"])
    view = LogView(client, found, choice, options, asked["prefix"])
    if not follow:
        sys.exit(view.show())
    import asyncio

    from localjobs.cli.log_following import follow as follow_logs

    with quiet_interrupts():
        asyncio.run(follow_logs(view))
