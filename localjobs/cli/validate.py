"""`localjobs validate`: what the API server would say of manifests, with the place in the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from localjobs.cli.manifest_files import expanded, line, report_on, shown_name

if TYPE_CHECKING:
    from localjobs.manifests.check import Report, Verdict

_INVALID = 2
"""The exit code if anything would be refused."""


@click.command(name="validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print what is found.",
)
def command(files: Sequence[str], output: str) -> None:
    """Check manifests as the API server would, without running anything.

    FILE is a manifest in YAML, JSON or TOML, a directory of manifests, or - for standard input.
    Needs no daemon. Exits with 0 if everything would be accepted, else with 2.
    """
    reports = [(name, report_on(name)) for name in expanded(files)]
    if output == "json":
        click.echo(_as_json(reports))
    else:
        for line in _as_text(reports):
            click.echo(line)
    sys.exit(0 if all(report.is_valid for _, report in reports) else _INVALID)


def _as_text(reports: Sequence[tuple[str, Report]]) -> Iterator[str]:
    for name, report in reports:
        shown = shown_name(name)
        for problem in report.errors:
            yield line(shown, "error", problem)
        for verdict in report.verdicts:
            for problem in verdict.errors:
                yield line(shown, "error", problem)
            for problem in verdict.warnings:
                yield line(shown, "warning", problem)
            if not verdict.errors:
                yield f"{shown}:{verdict.line}: valid: {_named(verdict)}"
        if not report.errors and not report.verdicts:
            yield f"{shown}: valid: nothing in it"


def _named(verdict: Verdict) -> str:
    name = f"{verdict.namespace}/{verdict.name}" if verdict.namespace else verdict.name
    return f"{verdict.kind} {name}"


def _as_json(reports: Sequence[tuple[str, Report]]) -> str:
    import json

    rendered = {
        "valid": all(report.is_valid for _, report in reports),
        "files": [
            {
                "file": name,
                "valid": report.is_valid,
                "errors": [problem.to_object() for problem in report.errors],
                "objects": [_object(verdict) for verdict in report.verdicts],
            }
            for name, report in reports
        ],
    }
    return json.dumps(rendered, indent=2, ensure_ascii=False)


def _object(verdict: Verdict) -> dict[str, Any]:
    return {
        "kind": verdict.kind,
        "namespace": verdict.namespace,
        "name": verdict.name,
        "line": verdict.line,
        "valid": not verdict.errors,
        "errors": [problem.to_object() for problem in verdict.errors],
        "warnings": [problem.to_object() for problem in verdict.warnings],
    }
