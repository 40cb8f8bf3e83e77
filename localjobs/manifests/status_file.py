"""The content of a manifest's status file.

`pi.status.yaml` beside `pi.yaml` says what became of it: whether it could be read, and of each
of its Jobs the status as the API returns it, and the pods. Pure: same content, same text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml
from msgspec import Struct
from yaml.cyaml import CSafeDumper

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.manifests.problems import Problem
from localjobs.manifests.records import Applied

HEADER = "# Written by localjobs; edits are overwritten.\n"


class JobEntry(Struct, frozen=True):
    """One Job: its head (name, namespace, uid, status, ...) and its pods' rows as texts."""

    head: Object
    rows: tuple[str, ...] = ()

    def render(self) -> str:
        """The entry as an item of a YAML list."""
        text = _dump([self.head])
        if not self.rows:
            return text
        return text + "  pods:\n" + "".join(self.rows)


def job_head(job: Object, summary: Mapping[str, int] | None = None) -> Object:
    """What is said of a live Job beside its pods."""
    head: Object = {
        "name": objects.name(job),
        "namespace": objects.namespace(job),
        "uid": objects.uid(job),
        "status": job.get("status") or {},
    }
    if objects.is_deleting(job):
        head["deletionTimestamp"] = job["metadata"]["deletionTimestamp"]
    if summary is not None:
        head["podSummary"] = dict(summary)
    return head


def past_entry(applied: Applied, deleted_at: str | None) -> JobEntry:
    """What is left to say of a Job that is gone, or going: its last state, and when it went."""
    head: Object = {
        "name": applied.target.name,
        "namespace": applied.target.namespace,
        "uid": applied.uid,
        "status": {},
        **{key: value for key, value in (applied.last or {}).items() if key != "pods"},
    }
    if deleted_at is not None:
        head["deletedAt"] = deleted_at
    rows = (applied.last or {}).get("pods", ())
    return JobEntry(head, tuple(row_text(row) for row in rows))


def row_text(row: Mapping[str, Any]) -> str:
    """A pod's row as an item of a Job's list of pods."""
    lines = _dump([dict(row)]).splitlines(keepends=True)
    return "".join("  " + line for line in lines)


@lru_cache(maxsize=64)
def _prologue(manifest: str, digest: str, problems: tuple[Problem, ...]) -> str:
    head = {
        "manifest": manifest,
        "digest": digest or None,
        "errors": [problem.to_object() for problem in problems],
    }
    return HEADER + _dump(head)


def render(
    manifest: str, digest: str, problems: Sequence[Problem], jobs: Sequence[JobEntry]
) -> str:
    """The text of a status file; `digest` is "" where the manifest could not be read at all."""
    prologue = _prologue(manifest, digest, tuple(problems))
    if not jobs:
        return prologue + "jobs: []\n"
    return prologue + "jobs:\n" + "".join(entry.render() for entry in jobs)


class _Dumper(CSafeDumper):
    """Plain YAML: no anchors, though parts of objects are shared."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _dump(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000
    )
    return text
