"""`localjobs ps`: the Jobs of a running daemon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from localjobs.cli.interrupts import quiet_interrupts
from localjobs.cli.options import client_for, directory_option, namespace_option

if TYPE_CHECKING:
    from localjobs.api.objects import Object
    from localjobs.cli.job_client import JobClient


@click.command(name="ps")
@click.argument("jobs", nargs=-1, metavar="[JOB]...")
@directory_option
@namespace_option
@click.option("-A", "--all-namespaces", is_flag=True, help="The Jobs of every namespace.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "wide", "json", "yaml", "name"]),
    default="table",
    show_default=True,
    help="How to print them.",
)
@click.option("-w", "--watch", is_flag=True, help="Go on printing what changes, until Ctrl-C.")
def command(
    jobs: Sequence[str],
    directory: Path | None,
    namespace: str,
    all_namespaces: bool,
    output: str,
    watch: bool,
) -> None:
    """List the Jobs of the daemon that serves a directory.

    FAILED counts the pods whose failure counted; NEXT RETRY says when a back-off ends. With JOBs,
    only those are listed.
    """
    from localjobs.cli.job_client import bare_name

    client = client_for(directory, namespace)
    wanted = {bare_name(name) for name in jobs}
    for name in () if all_namespaces else wanted:
        client.job(name)  # one that is not there is a mistake
    with quiet_interrupts():
        _Listing(client, all_namespaces, output, wanted).run(watch)


class _Listing:
    """One listing, and the changes after it."""

    def __init__(self, client: JobClient, everywhere: bool, output: str, wanted: set[str]) -> None:
        self._client, self._everywhere, self._wanted = client, everywhere, wanted
        is_single = len(wanted) == 1 and not everywhere
        self._writer = (
            _TableWriter(client, wide=output == "wide", everywhere=everywhere)
            if output in ("table", "wide")
            else _writer(output, is_single)
        )

    def run(self, watch: bool) -> None:
        """Print the Jobs; with `watch`, then every change."""
        from localjobs.cli.connection import Refusal

        listed, version = self._client.jobs(everywhere=self._everywhere)
        shown = [job for job in listed if self._is_wanted(job)]
        if not shown and not watch:
            self._say_there_is_nothing()
        self._writer.all(shown)
        while watch:
            try:
                for kind, job in self._client.watch_jobs(version, everywhere=self._everywhere):
                    if self._is_wanted(job):
                        self._writer.change(kind, job)
            except Refusal as error:
                if not error.is_expired:
                    raise
            # What happened meanwhile is forgotten: all there is counts as changed.
            listed, version = self._client.jobs(everywhere=self._everywhere)
            for job in listed:
                if self._is_wanted(job):
                    self._writer.change("MODIFIED", job)

    def _is_wanted(self, job: Object) -> bool:
        return not self._wanted or job["metadata"]["name"] in self._wanted

    def _say_there_is_nothing(self) -> None:
        where = "" if self._everywhere else f" in namespace {self._client.namespace!r}"
        hint = "" if self._everywhere else "; -A looks into all namespaces"
        click.echo(f"no jobs{where}{hint}", err=True)


class _Writer(Protocol):
    """Prints Jobs in one of the forms."""

    def all(self, jobs: Sequence[Object]) -> None:
        """What there is."""

    def change(self, kind: str, job: Object) -> None:
        """A Job that was ADDED, MODIFIED or DELETED."""


def _writer(output: str, is_single: bool) -> _Writer:
    if output == "name":
        return _NameWriter()
    return _JsonWriter(is_single) if output == "json" else _YamlWriter(is_single)


class _TableWriter:
    def __init__(self, client: JobClient, *, wide: bool, everywhere: bool) -> None:
        from localjobs.cli.job_rows import Columns

        self._client, self._wide, self._everywhere = client, wide, everywhere
        self._columns = Columns()
        self._has_header = False

    def all(self, jobs: Sequence[Object]) -> None:
        if jobs:
            self._write([self._row(job) for job in jobs])

    def change(self, kind: str, job: Object) -> None:
        row = self._row(job)
        if kind == "DELETED":
            at = int(self._everywhere) + 1
            row = (*row[:at], "Deleted", *row[at + 1 :])
        self._write([row])

    def _row(self, job: Object) -> tuple[str, ...]:
        from localjobs.cli.job_rows import row

        retry = next_retry(self._client, job)
        now = self._client.connection.now()
        return row(job, retry, now, wide=self._wide, everywhere=self._everywhere)

    def _write(self, rows: list[tuple[str, ...]]) -> None:
        from localjobs.cli.job_rows import header

        if not self._has_header:
            self._has_header = True
            rows = [header(wide=self._wide, everywhere=self._everywhere), *rows]
        for line in self._columns.lines(rows):
            click.echo(line)


def next_retry(client: JobClient, job: Object) -> float | None:
    """When the Job's next pod is made, or container restarted, if a back-off is in the way.

    Pods are asked for only if there may be one.
    """
    from localjobs.apiserver.tables.job import status_of

    if status_of(job) != "Running":
        return None
    spec, status = job["spec"], job.get("status") or {}
    restarts = spec["template"]["spec"].get("restartPolicy") == "OnFailure"
    if restarts and status.get("active", 0) > status.get("ready", 0):
        return _next_restart(client, job)
    # With a limit per index, a failure is counted only once the index is tried again.
    per_index = spec.get("backoffLimitPerIndex") is not None
    return _next_pod(client, job) if per_index or status.get("failed") else None


def _next_restart(client: JobClient, job: Object) -> float | None:
    from localjobs.controller.explanation import explain

    pods, _ = client.pods(job)
    return explain(job, pods, client.connection.now()).next_retry


def _next_pod(client: JobClient, job: Object) -> float | None:
    from localjobs.api.job import JobView
    from localjobs.api.pod import PodView
    from localjobs.controller.retries import is_short_of_pods, retries

    view = JobView.of(job)
    if not is_short_of_pods(view):
        return None
    # Where each index has a back-off of its own, only failures matter to it.
    per_index = view.spec.backoff_limit_per_index is not None
    pods, _ = client.pods(job, "Failed" if per_index else "")
    coming = retries(view, [PodView.of(pod) for pod in pods], client.connection.now())
    return coming[0].at if coming else None


def _one_or_list(jobs: Sequence[Object], is_single: bool) -> Object:
    if is_single and len(jobs) == 1:
        return jobs[0]
    return {"apiVersion": "v1", "kind": "List", "items": list(jobs)}


class _JsonWriter:
    def __init__(self, is_single: bool) -> None:
        self._is_single = is_single

    def all(self, jobs: Sequence[Object]) -> None:
        self._write(_one_or_list(jobs, self._is_single))

    def change(self, kind: str, job: Object) -> None:
        self._write(job)

    def _write(self, value: Object) -> None:
        import json

        click.echo(json.dumps(value, indent=2, ensure_ascii=False))


class _YamlWriter:
    def __init__(self, is_single: bool) -> None:
        self._is_single = is_single

    def all(self, jobs: Sequence[Object]) -> None:
        self._write(_one_or_list(jobs, self._is_single))

    def change(self, kind: str, job: Object) -> None:
        click.echo("---")
        self._write(job)

    def _write(self, value: Object) -> None:
        import yaml

        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True)
        click.echo(text, nl=False)


class _NameWriter:
    def all(self, jobs: Iterable[Object]) -> None:
        for job in jobs:
            self.change("ADDED", job)

    def change(self, kind: str, job: Object) -> None:
        from localjobs.cli.job_client import shown

        click.echo(shown(job))
