"""`localjobs validate`: what the API server would say of manifests, with the place in the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from localjobs.manifests.check import Report, Verdict
    from localjobs.manifests.problems import Problem

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
    reports = [(name, _check(name)) for name in _expanded(files)]
    if output == "json":
        click.echo(_as_json(reports))
    else:
        for line in _as_text(reports):
            click.echo(line)
    sys.exit(0 if all(report.is_valid for _, report in reports) else _INVALID)


def _expanded(files: Sequence[str]) -> Iterator[str]:
    from localjobs.manifests.sync import is_manifest

    for name in files:
        path = Path(name)
        if name != "-" and path.is_dir():
            yield from (str(one) for one in sorted(path.iterdir()) if is_manifest(one.name))
        else:
            yield name


def _check(name: str) -> Report:
    from localjobs.clock import SystemClock
    from localjobs.errors import ManifestError
    from localjobs.manifests.check import Report, check
    from localjobs.manifests.problems import of_file

    try:
        data = _read(name)
    except ManifestError as error:
        return Report(errors=(of_file(error),))
    return check(data, name, SystemClock().now())


def _read(name: str) -> bytes:
    from localjobs.errors import ManifestError
    from localjobs.manifests.listing import read_manifest
    from localjobs.manifests.parse import MOST_BYTES

    if name == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    content = read_manifest(Path(name))
    if content is None:
        raise ManifestError("no such file")
    return content.data


def _as_text(reports: Sequence[tuple[str, Report]]) -> Iterator[str]:
    for name, report in reports:
        shown = "<stdin>" if name == "-" else name
        for problem in report.errors:
            yield _line(shown, "error", problem)
        for verdict in report.verdicts:
            for problem in verdict.errors:
                yield _line(shown, "error", problem)
            for problem in verdict.warnings:
                yield _line(shown, "warning", problem)
            if not verdict.errors:
                yield f"{shown}:{verdict.line}: valid: {_named(verdict)}"
        if not report.errors and not report.verdicts:
            yield f"{shown}: valid: nothing in it"


def _line(name: str, severity: str, problem: Problem) -> str:
    place = ":".join(str(part) for part in (name, problem.line, problem.column) if part)
    return f"{place}: {severity}: {problem.message}"


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
