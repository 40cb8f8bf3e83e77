"""`localjobs serve`: run what is in a directory, for as long as it is asked to."""

from __future__ import annotations

import asyncio
import gc
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from localjobs.cli.served import DEFAULT_DIRECTORY
from localjobs.cli.settings_flags import given_flags, settings_flags

if TYPE_CHECKING:
    from localjobs.daemon import Daemon

STDOUT = 1

# Objects of the store are many, live long and hold no cycles: look for those less often.
COLLECT_AFTER = (20_000, 20, 20)


AWAY_SECONDS = 0.2
"""How often a directory that went away is looked for."""


@click.command(name="serve")
@click.argument("directory", default=DEFAULT_DIRECTORY, type=click.Path(path_type=Path))
@settings_flags
def command(directory: Path, config: Path | None, **values: Any) -> None:
    """Run the Jobs in DIRECTORY (default jobs.d) and serve the Kubernetes API for them.

    Drop a manifest into the directory and its Jobs run; each manifest gets a status file beside
    it. Ctrl-C stops: pods end gracefully, and are made anew at the next start.
    """
    from localjobs import config as configuration
    from localjobs.errors import LocaljobsError

    try:
        if not directory.is_dir():
            hint = f"make it first: mkdir {directory}"
            raise click.UsageError(f"there is no directory {str(directory)!r}; {hint}")
        settings = configuration.load(configuration.find(directory, config), given_flags(values))
        _set_up_log(settings.log_level)
        asyncio.run(_serve(directory, settings))
    except (LocaljobsError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _set_up_log(level: str) -> None:
    from loguru import logger

    logger.remove()
    short = "<dim>{time:HH:mm:ss}</dim> <level>{level: <7}</level> {message}"
    logger.add(sys.stderr, level=level.upper(), format=short, backtrace=False, diagnose=False)


async def _serve(directory: Path, settings: Any) -> None:
    # Nothing that is imported is garbage: looking for some would take a tenth of the start.
    gc.disable()
    from localjobs.daemon import Daemon

    daemon = Daemon(directory, settings)
    # And it stays: the collector need not look at it again and again.
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
    while await _runs_anew(daemon) and await _is_back(directory, daemon):
        daemon = Daemon(directory, settings)


async def _runs_anew(daemon: Daemon) -> bool:
    """Run the daemon; whether another is to take its place."""
    running = asyncio.ensure_future(daemon.run())
    ready = asyncio.ensure_future(daemon.ready.wait())
    await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
    if ready.done():
        _announce(daemon.directory, daemon.kubeconfig)
    else:
        ready.cancel()
    await running
    return daemon.is_to_start_anew


async def _is_back(directory: Path, daemon: Daemon) -> bool:
    """Wait until the directory is there to begin anew in; False if asked to stop instead."""
    from loguru import logger

    # One that is removed file by file loses its state first: it may be about to go itself.
    await asyncio.sleep(AWAY_SECONDS)
    if not _is_there(directory):
        logger.warning("{} is not there; waiting for it", directory)
    while daemon.is_to_start_anew and not _is_there(directory):  # noqa: ASYNC110 - no event tells
        await asyncio.sleep(AWAY_SECONDS)
    return daemon.is_to_start_anew


def _is_there(directory: Path) -> bool:
    return directory.is_dir()


def _announce(directory: Path, kubeconfig: Path) -> None:
    """Say where it serves; whoever was to read it may be gone, which is no reason to stop."""
    try:
        click.echo(f"serving {directory}")
        click.echo(f"export KUBECONFIG={shlex.quote(str(kubeconfig))}")
    except OSError:
        with open(os.devnull, "w") as nobody:
            os.dup2(nobody.fileno(), STDOUT)
