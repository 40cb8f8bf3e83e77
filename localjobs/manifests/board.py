"""What the status files say of Jobs, kept up to date with one step per change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from localjobs.manifests.pod_rows import MOST_ROWS, LogPath, PodCensus, row, sort_key
from localjobs.manifests.status_file import JobEntry, job_head, row_text
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store


@dataclass(slots=True)
class _Job:
    """A live Job's pods: the count of all, and the texts of those shown last."""

    file: str
    since: int
    """The store's resourceVersion when its pods were counted."""
    census: PodCensus = field(default_factory=PodCensus)
    rows: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Uid -> (resourceVersion, text)."""


class Board:
    """The live Jobs of all manifests, by uid."""

    def __init__(self, store: Store, log_path: LogPath) -> None:
        self._store = store
        self._log_path = log_path
        self._jobs: dict[str, _Job] = {}

    def follow(self, uid: str, file: str) -> None:
        """Keep count of a Job's pods from now on; it belongs to that manifest."""
        known = self._jobs.get(uid)
        if known is not None:
            known.file = file
            return
        job = self._jobs[uid] = _Job(file, self._store.resource_version)
        for pod in self._store.owned(uid):
            if pod["kind"] == PODS.kind:
                job.census.changed(None, pod)

    def forget(self, uid: str) -> None:
        """Stop counting."""
        self._jobs.pop(uid, None)

    def file_of(self, uid: str) -> str | None:
        """The manifest of a Job that is followed."""
        job = self._jobs.get(uid)
        return job.file if job is not None else None

    def pod_changed(self, change: Change) -> str | None:
        """Count a change of a pod; returns the manifest that it concerns."""
        job = self._jobs.get(objects.controller_uid(change.object) or "")
        if job is None or change.resource_version <= job.since:
            return None
        is_gone = change.type is ChangeType.DELETED
        job.census.changed(change.previous, None if is_gone else change.object)
        return job.file

    def entry(self, job: Object) -> JobEntry:
        """The entry of a live Job in its status file."""
        followed = self._jobs.get(objects.uid(job))
        if followed is None:
            return JobEntry(job_head(job))
        census = followed.census
        is_big = census.total > MOST_ROWS
        pods = self._failed(census) if is_big else self._pods(objects.uid(job))
        followed.rows = self._rows(pods, followed.rows)
        head = job_head(job, census.summary() if is_big else None)
        return JobEntry(head, tuple(text for _, text in followed.rows.values()))

    def snapshot(self, job: Object) -> Object:
        """The entry of a Job as data, to be remembered when the Job is gone."""
        followed = self._jobs.get(objects.uid(job))
        census = followed.census if followed is not None else PodCensus()
        is_big = census.total > MOST_ROWS
        pods = self._failed(census) if is_big else self._pods(objects.uid(job))
        head = job_head(job, census.summary() if is_big else None)
        return {**head, "pods": [row(pod, self._log_path) for pod in pods]}

    def _failed(self, census: PodCensus) -> list[Object]:
        latest = list(census.failed)[-MOST_ROWS:]
        return self._sorted(pod for uid in latest if (pod := self._store.by_uid(uid)) is not None)

    def _pods(self, uid: str) -> list[Object]:
        return self._sorted(one for one in self._store.owned(uid) if one["kind"] == PODS.kind)

    @staticmethod
    def _sorted(pods: Iterable[Object]) -> list[Object]:
        return sorted(pods, key=sort_key)

    def _rows(
        self, pods: list[Object], known: Mapping[str, tuple[str, str]]
    ) -> dict[str, tuple[str, str]]:
        rows: dict[str, tuple[str, str]] = {}
        for pod in pods:
            uid, version = objects.uid(pod), pod["metadata"]["resourceVersion"]
            before = known.get(uid)
            if before is None or before[0] != version:
                before = (version, row_text(row(pod, self._log_path)))
            rows[uid] = before
        return rows
