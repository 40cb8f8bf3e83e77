"""`localjobs suspend`: stop Jobs until they are resumed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from localjobs.cli.options import directory_option, namespace_option


@click.command(name="suspend")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@directory_option
@namespace_option
def command(jobs: Sequence[str], directory: Path | None, namespace: str) -> None:
    """Suspend JOBs: their pods are stopped, and none are made until they are resumed.

    What has succeeded stays counted; a pod that is stopped so counts as no failure.
    """
    from localjobs.cli.suspension import set_suspension

    set_suspension(directory, namespace, jobs, True)
