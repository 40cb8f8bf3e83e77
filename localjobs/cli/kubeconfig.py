"""`localjobs kubeconfig`: where other clients find the way to a daemon."""

from __future__ import annotations

from pathlib import Path

import click

from localjobs.cli.options import directory_option


@click.command(name="kubeconfig")
@directory_option
def command(directory: Path | None) -> None:
    """Print the path of the kubeconfig of the daemon that serves a directory.

    For kubectl: export KUBECONFIG=$(localjobs kubeconfig)
    """
    from localjobs.cli.served import find

    click.echo(find(directory).kubeconfig)
