"""The logs of a Job's pods, chosen, lined up and printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence

import click

from localjobs.api import objects
from localjobs.api.job import JobSpec
from localjobs.api.objects import Object
from localjobs.cli.container_runs import Run, RunCatalog, last_numbers
from localjobs.cli.job_client import JobClient
from localjobs.cli.log_choice import LogChoice, containers_of
from localjobs.cli.log_files import LogFiles
from localjobs.kubelet.logs import LogOptions, read_log

NOTHING_FOUND = 1
"""The exit status if nothing is what was asked for."""


class LogView:
    """The logs of a Job that were asked for. Logs are files of this machine: no API is needed.

    `prefix` None leaves it to the number of logs.
    """

    def __init__(
        self,
        client: JobClient,
        job: Object,
        choice: LogChoice,
        options: LogOptions,
        prefix: bool | None,
    ) -> None:
        self.client, self.job, self.options = client, job, options
        self._choice, self._prefix = choice, prefix
        self._files = LogFiles(os.fspath(client.connection.served.state), job)
        self._catalog = RunCatalog(job)
        self._has_several_containers = len(list(containers_of(job))) > 1
        self._last: dict[tuple[str, int | str | None], int] = {}

    def show(self) -> int:
        """Print what there is; returns the exit status."""
        pods, _ = self.client.pods(self.job)
        runs = self.begin(pods)
        if not runs:
            return self._say_there_is_nothing(bool(pods))
        with_source = len(runs) > 1 if self._prefix is None else self._prefix
        for run in runs:
            self._print(run, with_source)
        return 0

    def begin(self, pods: Iterable[Object]) -> list[Run]:
        """The runs to show of these pods and of those that are gone, index by index."""
        runs = self._all_runs(pods)
        self._last = last_numbers(runs)
        wanted = [run for run in runs if self._choice.wants(run, self._last)]
        return sorted(wanted, key=lambda run: -1 if run.index is None else run.index)

    def see(self, pod: Object) -> Iterator[Run]:
        """The runs to show of a pod that is new or has changed."""
        return (run for run in self._catalog.see(pod) if self._choice.wants(run, self._last))

    def path(self, run: Run) -> str:
        """The log of a run."""
        return self._files.path(run.pod, run.container, run.restart)

    def source(self, run: Run) -> str:
        """What a run is called before its lines: `pod`, `pod/container`, `pod#2` if restarted."""
        container = f"/{run.container}" if self._has_several_containers else ""
        return f"{run.pod}{container}" + (f"#{run.restart}" if run.restart else "")

    @property
    def may_have_several(self) -> bool:
        """Whether to put sources before lines while it is not known what is to come."""
        if self._prefix is not None:
            return self._prefix
        if self._has_several_containers and self._choice.container is None:
            return True
        indexes = self._choice.indexes
        if indexes is not None:
            return len(indexes) > 1
        return JobSpec.of(self.job["spec"]).completions != 1

    def _all_runs(self, pods: Iterable[Object]) -> list[Run]:
        """The runs of all pods, there or gone, in the order the pods were made."""
        present = {objects.name(pod): pod for pod in pods}
        logs = self._files.by_pod()
        made = [(_created(pod), name) for name, pod in present.items()]
        made += [
            (self._files.first_written(name, containers), name)
            for name, containers in logs.items()
            if name not in present
        ]
        runs: list[Run] = []
        for _, name in sorted(made):
            if name in present:
                runs += self._catalog.see(present[name])
            else:
                runs += self._catalog.see_logs(name, logs[name])
        return runs

    def _print(self, run: Run, with_source: bool) -> None:
        pieces = read_log(self.path(run), self.options)
        if not with_source:
            for piece in pieces:
                sys.stdout.buffer.write(piece)
            return
        source, rest = self.source(run), b""
        for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            write_lines(source, lines)
        if rest:
            write_lines(source, [rest])

    def _say_there_is_nothing(self, has_pods: bool) -> int:
        name = objects.name(self.job)
        if self._choice.is_narrow:
            click.echo(f"no log of job {name!r} is what was asked for", err=True)
            return NOTHING_FOUND
        why = "has started yet" if has_pods else "is there, and none left a log"
        click.echo(f"no pod of job {name!r} {why}; localjobs why {name} tells more", err=True)
        return 0


def _created(pod: Object) -> str:
    return objects.metadata(pod).get("creationTimestamp") or ""


def write_lines(source: str, lines: Sequence[bytes]) -> None:
    """Lines to standard output, each with its source in front, if it has one."""
    prefix = f"[{source}] ".encode() if source else b""
    sys.stdout.buffer.write(b"".join(prefix + line + b"\n" for line in lines))
