"""What verbs ask of the API: Jobs, their pods and the events about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

import click

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.cli.connection import Connection, Refusal

MERGE_PATCH = "application/merge-patch+json"
FIELD_MANAGER = "localjobs-cli"
_JOB_TYPE = {"apiVersion": "batch/v1", "kind": "Job"}
_PREFIXES = ("job/", "jobs/", "job.batch/", "jobs.batch/")


class JobClient:
    """Asks about the Jobs of one namespace."""

    def __init__(self, connection: Connection, namespace: str) -> None:
        self.connection, self.namespace = connection, namespace

    def job(self, name: str) -> Object:
        """The Job; `job/NAME` will do. ClickException, with the name that was meant, if none."""
        try:
            found = self.connection.get(self._path(bare_name(name)))
        except Refusal as error:
            if error.reason != "NotFound":
                raise
            raise self._unknown(bare_name(name)) from error
        return _JOB_TYPE | found

    def current(self, job: Object) -> Object | None:
        """That very Job as it is now; None if it is gone."""
        try:
            found = self.connection.get(self._path(objects.name(job)))
        except Refusal as error:
            if error.reason == "NotFound":
                return None
            raise
        return _JOB_TYPE | found if objects.uid(found) == objects.uid(job) else None

    def fresh(self) -> JobClient:
        """A client with a connection of its own, for another thread."""
        return JobClient(Connection(self.connection.served), self.namespace)

    def jobs(self, *, everywhere: bool = False) -> tuple[list[Object], str]:
        """The Jobs of the namespace, or of all, and the version to watch from."""
        listed = self.connection.get(self._collection(everywhere))
        items = [_JOB_TYPE | item for item in listed["items"]]
        return items, listed["metadata"]["resourceVersion"]

    def watch_jobs(
        self, resource_version: str, *, everywhere: bool = False
    ) -> Iterator[tuple[str, Object]]:
        """What becomes of the Jobs."""
        return self.connection.watch(self._collection(everywhere), resource_version)

    def watch_job(self, job: Object) -> Iterator[tuple[str, Object]]:
        """What becomes of one Job after what is known of it, up to its removal."""
        query = {"fieldSelector": f"metadata.name={objects.name(job)}"}
        version = objects.metadata(job)["resourceVersion"]
        for kind, changed in self.connection.watch(self._collection(), version, query):
            if objects.uid(changed) != objects.uid(job):
                return
            yield kind, changed
            if kind == "DELETED":
                return

    def pods(self, job: Object, phase: str = "") -> tuple[list[Object], str]:
        """The Job's pods, all or those of a phase, and the version to watch from."""
        query = {"labelSelector": _pods_of(job)}
        if phase:
            query["fieldSelector"] = f"status.phase={phase}"
        listed = self.connection.get(self._pods_path(job), query)
        return listed["items"], listed["metadata"]["resourceVersion"]

    def watch_pods(self, job: Object, resource_version: str) -> Iterator[tuple[str, Object]]:
        """What becomes of the Job's pods."""
        query = {"labelSelector": _pods_of(job)}
        return self.connection.watch(self._pods_path(job), resource_version, query)

    def events(self, subjects: Iterable[Object]) -> list[Object]:
        """The events about these objects, oldest first."""
        path = f"/api/v1/namespaces/{quote(self.namespace)}/events"
        found: list[Object] = []
        for subject in subjects:
            query = {"fieldSelector": f"involvedObject.uid={objects.uid(subject)}"}
            found += self.connection.get(path, query)["items"]
        return sorted(found, key=_last_seen)

    def suspend(self, job: Object, suspend: bool) -> Object:
        """Set `spec.suspend`."""
        return self.connection.send(
            "PATCH",
            self._path(objects.name(job)),
            {"spec": {"suspend": suspend}},
            content_type=MERGE_PATCH,
            query={"fieldManager": FIELD_MANAGER},
        )

    def delete(self, job: Object, propagation_policy: str) -> None:
        """Delete this very Job, not one that took its name meanwhile."""
        body = {
            "propagationPolicy": propagation_policy,
            "preconditions": {"uid": objects.uid(job)},
        }
        self.connection.send("DELETE", self._path(objects.name(job)), body)

    def wait_until_gone(self, job: Object) -> None:
        """Return once the Job that was deleted is not there any more."""
        while (current := self.current(job)) is not None:
            try:
                for _ in self.watch_job(current):
                    pass
            except Refusal as error:
                if not error.is_expired:
                    raise

    def _collection(self, everywhere: bool = False) -> str:
        scope = "" if everywhere else f"/namespaces/{quote(self.namespace)}"
        return f"/apis/batch/v1{scope}/jobs"

    def _path(self, name: str) -> str:
        return f"{self._collection()}/{quote(name, safe='')}"

    def _pods_path(self, job: Object) -> str:
        return f"/api/v1/namespaces/{quote(objects.namespace(job))}/pods"

    def _unknown(self, name: str) -> click.ClickException:
        everyone = self.jobs(everywhere=True)[0]
        elsewhere = [objects.namespace(job) for job in everyone if objects.name(job) == name]
        message = f"there is no job {name!r} in namespace {self.namespace!r}"
        if elsewhere:
            return click.ClickException(f"{message}; there is one in another: -n {elsewhere[0]}")
        import difflib

        own = [objects.name(job) for job in everyone if objects.namespace(job) == self.namespace]
        close = difflib.get_close_matches(name, own, n=1)
        if close:
            return click.ClickException(f"{message}; did you mean {close[0]!r}?")
        hint = "; localjobs ps lists them" if own else "; there are none in it"
        return click.ClickException(message + hint)


def bare_name(name: str) -> str:
    """`NAME` of `job/NAME` and of what `-o name` prints."""
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def shown(job: Object) -> str:
    """`job.batch/NAME`, as kubectl names it."""
    return f"job.batch/{objects.name(job)}"


def _pods_of(job: Object) -> str:
    return f"batch.kubernetes.io/controller-uid={objects.uid(job)}"


def _last_seen(event: Object) -> tuple[str, str]:
    at = event.get("lastTimestamp") or event.get("eventTime") or ""
    # Names end in the moment of the first event, in nanoseconds: it orders those of a second.
    return at, objects.name(event).rpartition(".")[2]
