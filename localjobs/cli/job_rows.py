"""Jobs as rows of text, for `localjobs ps`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.apiserver.tables.durations import human_duration
from localjobs.apiserver.tables.job import completions_of, duration_of, status_of
from localjobs.apiserver.tables.table import age, joined

NOTHING = "-"
_GAP = "   "

Retries = Mapping[str, float]
"""By the Job's uid: when its next pod is made, in seconds since the epoch."""


def header(*, wide: bool, everywhere: bool) -> tuple[str, ...]:
    """The names of the columns."""
    names = ["NAME", "STATUS", "COMPLETIONS", "FAILED", "NEXT RETRY", "AGE"]
    if everywhere:
        names.insert(0, "NAMESPACE")
    if wide:
        names += ["DURATION", "ACTIVE", "REASON", "CONTAINERS", "IMAGES"]
    return tuple(names)


def row(
    job: Object, retry: float | None, now: float, *, wide: bool, everywhere: bool
) -> tuple[str, ...]:
    """One Job."""
    status = job.get("status") or {}
    cells = [
        objects.name(job),
        status_of(job),
        completions_of(job),
        str(status.get("failed", 0)),
        NOTHING if retry is None else f"in {human_duration(max(retry - now, 0))}",
        age(job, now),
    ]
    if everywhere:
        cells.insert(0, objects.namespace(job))
    if wide:
        cells += _wide(job, now)
    return tuple(cells)


def _wide(job: Object, now: float) -> Iterable[str]:
    status = job.get("status") or {}
    containers = job["spec"]["template"]["spec"]["containers"]
    yield duration_of(job, now) or NOTHING
    yield str(status.get("active", 0))
    yield _reason(status) or NOTHING
    yield joined(container["name"] for container in containers)
    yield joined(container.get("image") or NOTHING for container in containers)


def _reason(status: Object) -> str:
    """Why the Job is in the state that its conditions tell of; the last one knows."""
    true = [one for one in status.get("conditions") or () if one.get("status") == "True"]
    return (true[-1].get("reason") or "") if true else ""


class Columns:
    """Lines up rows; columns grow with what comes, for a table that is watched."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def lines(self, rows: Sequence[Sequence[str]]) -> list[str]:
        """The rows as lines."""
        for row in rows:
            self._widths += [0] * (len(row) - len(self._widths))
            for column, cell in enumerate(row):
                self._widths[column] = max(self._widths[column], len(cell))
        return [self._line(row) for row in rows]

    def _line(self, row: Sequence[str]) -> str:
        padded = (cell.ljust(width) for cell, width in zip(row, self._widths, strict=True))
        return _GAP.join(padded).rstrip()
