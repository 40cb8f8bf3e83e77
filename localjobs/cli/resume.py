"""`localjobs resume`: go on with suspended Jobs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from localjobs.cli.options import directory_option, namespace_option


@click.command(name="resume")
@click.argument("jobs", nargs=-1, required=True, metavar="JOB...")
@directory_option
@namespace_option
def command(jobs: Sequence[str], directory: Path | None, namespace: str) -> None:
    """Resume suspended JOBs: they go on with what has not succeeded yet.

    Their activeDeadlineSeconds start anew.
    """
    from localjobs.cli.suspension import set_suspension

    set_suspension(directory, namespace, jobs, False)
