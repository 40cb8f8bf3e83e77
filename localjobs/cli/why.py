"""`localjobs why`: what ended a Job, or what it waits for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from localjobs.cli.options import client_for, directory_option, namespace_option

if TYPE_CHECKING:
    from localjobs.api.objects import Object
    from localjobs.controller.explanation import Explanation

_MOST_SUBJECTS = 10
"""Of so many pods that wait, events are asked for."""


@click.command(name="why")
@click.argument("job")
@directory_option
@namespace_option
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
def command(job: str, directory: Path | None, namespace: str, output: str) -> None:
    """Say what ended JOB, or what it waits for.

    That is: how each pod ended, the rule that decided about it and whether the failure counted;
    how many failures are left; when the next retry comes, and by which formula; which pods
    cannot start, and why; what happened last.
    """
    from localjobs.cli import why_text
    from localjobs.controller.explanation import explain

    client = client_for(directory, namespace)
    found = client.job(job)
    pods, _ = client.pods(found)
    now = client.connection.now()
    explained = explain(found, pods, now)
    events = client.events([found, *_stuck(pods, explained)])
    if output == "json":
        click.echo(_as_json(found, explained, events))
    else:
        for line in why_text.lines(found, explained, events, now):
            click.echo(line)


def _stuck(pods: list[Object], explained: Explanation) -> list[Object]:
    """The pods whose own events may tell what they wait for."""
    names = [pod.name for pod in explained.pods if pod.is_stuck][:_MOST_SUBJECTS]
    return [pod for pod in pods if pod["metadata"]["name"] in names]


def _as_json(job: Object, explained: Explanation, events: list[Object]) -> str:
    import json

    from localjobs.cli import why_json

    return json.dumps(why_json.rendered(job, explained, events), indent=2, ensure_ascii=False)
