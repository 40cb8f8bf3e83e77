"""The Jobs of some documents, run to their end on a control plane of their own."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from localjobs.api import objects
from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, NAMESPACES, PODS
from localjobs.cli.log_follower import LogFollower
from localjobs.cli.progress import Progress, progress_for
from localjobs.config import Settings
from localjobs.control_plane import ControlPlane
from localjobs.controller.explanation import Explanation, explain
from localjobs.errors import ApiError
from localjobs.kubelet import directories
from localjobs.kubelet.logs import LogOptions, read_log
from localjobs.manifests.parse import Document
from localjobs.manifests.targets import Target, body_of, target_of
from localjobs.store.changes import Change, ChangeType

ALL_COMPLETE, SOME_FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
TAIL_LINES = 10
"""How much of a failed pod's log is shown with the reason."""

_ORDER = {"Namespace": 0, "ConfigMap": 1, "Secret": 1}


class JobRun:
    """Runs documents that were checked; `run` returns the exit status."""

    def __init__(self, folder: Path, settings: Settings, documents: Sequence[Document]) -> None:
        self._plane = ControlPlane.open(folder / "state", settings)
        self._documents = sorted(documents, key=lambda one: _ORDER.get(one.object["kind"], 2))
        self._jobs: dict[str, Object] = {}
        """By uid: the Jobs, as they were last seen."""
        self._pods: dict[str, dict[str, Object]] = {}
        """By the Job's uid, then by their own: the pods, as they were last seen."""
        self._progress: Progress = progress_for(sys.stderr)
        self._followers = LogFollower(
            os.fspath(self._plane.state), self._plane.clock, self._progress.log
        )
        self._over = asyncio.Event()
        self._interrupted = asyncio.Event()

    async def run(self) -> int:
        """Run to the end. 0 all Complete, 1 a Job Failed, 2 a manifest refused, 130 stopped."""
        self._listen_to_signals()
        await self._plane.start()
        self._plane.store.subscribe(self._changed)
        try:
            if not self._create():
                return REFUSED
            with self._progress:
                await self._until_over()
                await self._followers.finish()
        finally:
            await self._stop()
        if self._interrupted.is_set():
            return INTERRUPTED
        return self._verdict()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._interrupt)

    def _interrupt(self) -> None:
        if self._interrupted.is_set():
            self._plane.kubelet.kill()
        self._interrupted.set()
        self._over.set()

    async def _until_over(self) -> None:
        self._look_whether_over()
        await self._over.wait()

    async def _stop(self) -> None:
        if self._interrupted.is_set():
            self._progress.say("interrupted: stopping the pods (again: kill them)")
        self._followers.close()
        await self._plane.stop()

    def _create(self) -> bool:
        """Create what the documents say; whether all of it was accepted."""
        accepted = True
        for document in self._documents:
            try:
                self._create_one(document, target_of(document))
            except ApiError as error:
                self._progress.say(f"error: {error}")
                accepted = False
        return accepted

    def _create_one(self, document: Document, target: Target) -> None:
        registry = self._plane.registry
        if target.namespace and self._plane.store.get(NAMESPACES, "", target.namespace) is None:
            meta = {"name": target.namespace}
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
            registry.create(NAMESPACES, "", namespace)
        body = body_of(document, target)
        created = registry.create(target.resource, target.namespace, body).object
        if target.resource is JOBS:
            self._jobs[objects.uid(created)] = created
            self._pods[objects.uid(created)] = {}

    def _changed(self, changes: Sequence[Change]) -> None:
        for change in changes:
            obj = change.object
            if change.resource is JOBS and objects.uid(obj) in self._jobs:
                self._jobs[objects.uid(obj)] = obj
            elif change.resource is PODS and objects.controller_uid(obj) in self._pods:
                self._pod_changed(change)
        self._progress.show(self._jobs.values())
        self._look_whether_over()

    def _pod_changed(self, change: Change) -> None:
        pod = change.object
        self._pods[objects.controller_uid(pod) or ""][objects.uid(pod)] = pod
        if change.type is not ChangeType.DELETED:
            self._followers.see(pod)
            self._progress.see(pod)

    def _look_whether_over(self) -> None:
        if all(_is_over(job, self._plane.store.by_uid(uid)) for uid, job in self._jobs.items()):
            self._over.set()

    def _verdict(self) -> int:
        status = ALL_COMPLETE
        for uid, job in self._jobs.items():
            explained = explain(job, self._pods[uid].values(), self._plane.clock.now())
            self._progress.say(f"{_name(job)} {explained.summary}")
            if not JobView.of(job).status.is_true("Complete"):
                status = SOME_FAILED
                for text in self._failure(uid, explained):
                    self._progress.say(text)
        return status

    def _failure(self, uid: str, explained: Explanation) -> Iterator[str]:
        """The last pod that failed: how, the rule that decided, the end of its log."""
        yield f"  {explained.failures}"
        failed = [pod for pod in explained.pods if pod.meaning]
        if not failed:
            return
        last = failed[-1]
        yield f"  pod {last.name}: {last.ending}; {last.meaning}"
        pod = next(one for one in self._pods[uid].values() if objects.name(one) == last.name)
        path = directories.telling_log(os.fspath(self._plane.state), pod)
        tail = b"".join(read_log(path, LogOptions(tail_lines=TAIL_LINES)))
        for text in tail.decode(errors="replace").splitlines():
            yield f"  | {text}"


def _is_over(job: Object, stored: Object | None) -> bool:
    return stored is None or JobView.of(job).is_finished


def _name(job: Object) -> str:
    return f"job {objects.namespace(job)}/{objects.name(job)}:"
