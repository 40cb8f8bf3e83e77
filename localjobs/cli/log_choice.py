"""Which runs of a Job's containers `localjobs logs` shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

from localjobs.api import objects
from localjobs.api.index_set import IndexSet, IndexSetError
from localjobs.api.objects import Object
from localjobs.cli.container_runs import Run, Sequence

ALL, LAST = "all", "last"


@dataclass(frozen=True, slots=True)
class LogChoice:
    """What was asked for. A member that is None asks for nothing in particular."""

    indexes: IndexSet | None = None
    failed: bool = False
    attempt: str = ALL
    """`all`, `last`, or a number."""
    container: str | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything in particular was asked for."""
        return self != LogChoice()

    def wants(self, run: Run, last: dict[Sequence, int]) -> bool:
        """Whether to show a run; `last` has the number of the last run of each sequence."""
        return (
            (self.indexes is None or run.index in self.indexes)
            and (self.container in (None, run.container))
            and (not self.failed or run.has_failed)
            and self._wants_attempt(run, last)
        )

    def _wants_attempt(self, run: Run, last: dict[Sequence, int]) -> bool:
        if self.attempt == ALL:
            return True
        if self.attempt == LAST:
            return run.number >= last.get(run.sequence, 0)
        return run.number == int(self.attempt)


def choice_for(
    job: Object, index: str | None, failed: bool, attempt: str, container: str | None
) -> LogChoice:
    """Read the options. UsageError for indexes, ClickException for a container it has not."""
    if container is not None:
        _check_container(job, container)
    return LogChoice(_indexes(job, index), failed, attempt, container)


def _indexes(job: Object, text: str | None) -> IndexSet | None:
    if text is None:
        return None
    spec = job["spec"]
    if spec.get("completionMode") != "Indexed":
        raise click.UsageError(f"--index: job {objects.name(job)!r} is not Indexed")
    completions: int = spec.get("completions") or 0
    try:
        indexes = IndexSet.parse(text.replace(" ", ""), completions)
    except IndexSetError as error:
        known = f"the Job has the indexes 0-{completions - 1}" if completions else "it has none"
        raise click.UsageError(f"--index: {error}; {known}, write them as 3,7-9") from error
    if not indexes:
        raise click.UsageError("--index: no index is given; write them as 3,7-9")
    return indexes


def containers_of(job: Object) -> Iterator[str]:
    """The names of all containers of the Job's pods."""
    spec = job["spec"]["template"]["spec"]
    for member in ("initContainers", "containers"):
        for container in spec.get(member) or ():
            yield container["name"]


def _check_container(job: Object, container: str) -> None:
    known = list(containers_of(job))
    if container not in known:
        raise click.ClickException(
            f"job {objects.name(job)!r} has no container {container!r}; it has {', '.join(known)}"
        )
