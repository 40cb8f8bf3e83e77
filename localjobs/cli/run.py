"""`localjobs run`: Jobs from files to their end, without a daemon."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from localjobs.cli.manifest_files import expanded, line, read, report_on, shown_name
from localjobs.cli.settings_flags import given_flags, settings_flags

REFUSED = 2
"""The exit status if a manifest is refused."""


@click.command(name="run")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@settings_flags
def command(files: Sequence[str], config: Path | None, **values: Any) -> None:
    """Run the Jobs in FILEs to their end, and show their logs.

    FILE is a manifest in YAML, JSON or TOML, a directory of manifests, or - for standard input.
    ConfigMaps, Secrets and Namespaces in them are there for the Jobs. Logs go to standard output,
    all else to standard error. Exits with 0 if every Job is Complete, 1 if one Failed, 2 if a
    manifest is refused, 130 if interrupted; no process is left behind.
    """
    from localjobs import config as configuration
    from localjobs.errors import LocaljobsError

    try:
        settings = configuration.load(configuration.find(Path(), config), given_flags(values))
        documents = _checked_documents(files)
        if documents is None:
            sys.exit(REFUSED)
        sys.exit(asyncio.run(_run(documents, settings)))
    except LocaljobsError as error:
        raise click.ClickException(str(error)) from error


def _checked_documents(files: Sequence[str]) -> list[Any] | None:
    """The documents of all files; None, and why on standard error, if one is refused."""
    from localjobs.cli.endless import endless
    from localjobs.errors import ManifestError
    from localjobs.manifests.parse import parse
    from localjobs.manifests.problems import of_file

    documents: list[Any] = []
    refused = False
    for name in expanded(files):
        shown = shown_name(name)
        try:
            data = read(name)
        except ManifestError as error:
            click.echo(line(shown, "error", of_file(error)), err=True)
            refused = True
            continue
        report = report_on(name, data)
        for severity, problem in _problems(report):
            click.echo(line(shown, severity, problem), err=True)
        refused |= not report.is_valid
        if report.is_valid:
            found = parse(data, name)
            for problem in endless(found):
                click.echo(line(shown, "error", problem), err=True)
                refused = True
            documents.extend(found)
    return None if refused else documents


def _problems(report: Any) -> list[tuple[str, Any]]:
    found = [("error", problem) for problem in report.errors]
    for verdict in report.verdicts:
        found += [("error", problem) for problem in verdict.errors]
        found += [
            ("warning", problem)
            for problem in verdict.warnings
            if "served directory" not in problem.message
        ]
    return found


async def _run(documents: Sequence[Any], settings: Any) -> int:
    import tempfile

    from loguru import logger

    from localjobs.cli.job_run import JobRun

    logger.remove()
    logger.add(sys.stderr, level="ERROR", format="{level}: {message}", diagnose=False)
    with tempfile.TemporaryDirectory(prefix="localjobs-run-") as folder:
        return await JobRun(Path(folder), settings, documents).run()
