"""The performer of a directory of manifests: applies what it says, and says what came of it.

Everything happens on the loop, a few files per turn; the watcher's threads only hand hints
over, and the writer's threads only write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from loguru import logger
from msgspec.structs import replace

from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS
from localjobs.clock import Clock
from localjobs.errors import ApiError
from localjobs.manifests import status_file, sync
from localjobs.manifests.applier import Applier, Done, Refused, waiting_problem
from localjobs.manifests.board import Board
from localjobs.manifests.ledger import Ledger
from localjobs.manifests.manifest import Manifest
from localjobs.manifests.pod_rows import LogPath
from localjobs.manifests.reader import Reader, Reading
from localjobs.manifests.records import Applied
from localjobs.manifests.status_file import JobEntry
from localjobs.manifests.status_writer import StatusWriter, remove_leftovers
from localjobs.manifests.targets import Target
from localjobs.store.changes import Change, ChangeType
from localjobs.store.registry import Registry
from localjobs.store.rest import is_finished


class ManifestDirectory:
    """Keeps the objects of a directory's manifests as these say, and their status files true.

    `log_path` tells where the log of a pod is, as it is shown in status files. `is_exchanged` may
    be set to what tells whether the directory is another one than was started on: its manifests
    are none of ours, then, and it is neither read nor written any more.
    """

    def __init__(
        self, registry: Registry, clock: Clock, directory: Path, log_path: LogPath
    ) -> None:
        self._store = registry.store
        self._clock = clock
        self._directory = directory
        self._applier = Applier(registry, clock)
        self._ledger = Ledger(self._store)
        self._board = Board(self._store, log_path)
        self._writer = StatusWriter(directory, clock)
        self._reader = Reader(directory, clock, self._read, self._removed, self._found)
        self._manifests: dict[str, Manifest] = {}
        self._unsubscribe: Callable[[], None] | None = None
        self.is_exchanged: Callable[[], bool] = lambda: False

    def start(self) -> None:
        """Take up what was known at the last stop, read the directory, and follow both."""
        remove_leftovers(self._directory)
        for name in self._ledger.files():
            self._manifests[name] = Manifest(name)
            self._reader.expect(name)
            for applied in list(self._ledger.applied(name).values()):
                self._take_up(name, applied)
        self._unsubscribe = self._store.subscribe(self._changed)
        self._reader.start()

    def look(self) -> None:
        """Look at the directory now, whether or not anything hints at a change."""
        self._reader.look()

    async def stop(self) -> None:
        """Look no more, and write the status files that are behind."""
        self._reader.stop()
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._writer.close()

    async def written(self) -> None:
        """Return once no status file is being written."""
        await self._writer.written()

    def _take_up(self, name: str, applied: Applied) -> None:
        live = self._live(applied)
        if live is None and applied.deleted_at is None:
            self._ledger.remember(name, replace(applied, deleted_at=self._clock.now()))
            self._ledger.save(name)
        elif live is not None and applied.target.resource is JOBS:
            self._board.follow(applied.uid, name)

    def _live(self, applied: Applied) -> Object | None:
        """The object that a manifest made, if it is still there."""
        target = applied.target
        found = self._store.get(target.resource, target.namespace, target.name)
        return found if found is not None and objects.uid(found) == applied.uid else None

    # What the directory says

    def _read(self, reading: Reading) -> None:
        manifest = self._manifests.get(reading.name)
        if manifest is None:
            manifest = self._manifests[reading.name] = Manifest(reading.name)
            self._show(*self._siblings(reading.name))
        manifest.read(reading)
        self._take_over(reading)
        self._carry_out(manifest)

    def _siblings(self, name: str) -> list[str]:
        return [one for one in sync.siblings(name) if one in self._manifests and one != name]

    def _take_over(self, reading: Reading) -> None:
        """A file that names what a missing file had is that file, renamed."""
        missing = self._reader.missing
        for target in sync.named_targets(reading.documents) if missing else ():
            holder = self._ledger.holders.get(target)
            if holder in missing:
                self._ledger.move(target, holder, reading.name)
                self._follow(reading.name, target)

    def _follow(self, name: str, target: Target) -> None:
        applied = self._ledger.applied(name).get(target)
        if applied is not None and target.resource is JOBS and self._live(applied) is not None:
            self._board.follow(applied.uid, name)

    def _carry_out(self, manifest: Manifest) -> None:
        """Do what a manifest asks for, as far as it is not done."""
        name, reading = manifest.name, manifest.reading
        if reading is None:
            return
        applied = self._ledger.applied(name)
        if reading.error is not None:
            manifest.plan = sync.plan_unreadable(reading.error, applied)
        else:
            holders = self._ledger.holders
            manifest.plan = sync.plan_file(
                name, reading.documents, reading.digest, applied, holders
            )
        plan, manifest.pending = manifest.plan, {}
        released = self._ledger.claim(name, plan.claims, plan.refused)
        self._delete(name, plan.delete)
        for step in plan.apply:
            self._apply(manifest, step)
        self._ledger.save(name)
        self._show(name)
        self._carry_out_again(released)

    def _carry_out_again(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            if name in self._manifests:
                self._carry_out(self._manifests[name])

    def _apply(self, manifest: Manifest, step: sync.Apply) -> None:
        outcome = self._applier.apply(step)
        if isinstance(outcome, Done):
            self._applied(
                manifest.name, Applied(step.target, outcome.uid, step.content, step.source)
            )
        elif isinstance(outcome, Refused):
            manifest.pending[step.target] = outcome.problems
            if outcome.is_temporary:
                self._try_later(manifest)
        else:
            manifest.pending[step.target] = (waiting_problem(step),)

    def _applied(self, name: str, applied: Applied) -> None:
        before = self._ledger.applied(name).get(applied.target)
        if before is not None and before.uid == applied.uid:
            applied = replace(applied, last=before.last)
        elif before is not None:
            self._board.forget(before.uid)
        self._ledger.remember(name, applied)
        self._follow(name, applied.target)

    def _try_later(self, manifest: Manifest) -> None:
        def again() -> None:
            if self._manifests.get(manifest.name) is manifest and manifest.pending:
                self._carry_out(manifest)

        self._clock.call_at(self._clock.now() + manifest.next_retry(), again)

    def _delete(self, name: str, gone: Sequence[Applied]) -> None:
        for applied in gone:
            try:
                self._applier.delete(applied)
            except ApiError as error:
                logger.error("{}: {} cannot be deleted: {}", name, applied.target, error)
            self._ledger.drop(name, applied.target)
            self._board.forget(applied.uid)

    def _removed(self, name: str) -> None:
        """A manifest is gone, and so is what it made."""
        manifest = self._manifests.pop(name, None)
        if manifest is None:
            return
        self._delete(name, list(self._ledger.applied(name).values()))
        released = self._ledger.forget(name)
        self._writer.remove(sync.status_name(name, self._manifests))
        self._show(*self._siblings(name))
        self._carry_out_again(released)

    def _found(self, is_new: bool) -> bool:
        """The directory is there; if it was not, its status files may not be."""
        if self.is_exchanged():
            self._writer.drop()
            return False
        if is_new:
            self._writer.distrust()
            self._show(*self._manifests)
        return True

    # What becomes of the objects

    def _changed(self, changes: Sequence[Change]) -> None:
        shown: dict[str, bool] = {}
        for change in changes:
            if change.resource is PODS:
                name, is_urgent = self._board.pod_changed(change), False
            elif change.type is ChangeType.DELETED:
                name, is_urgent = self._deleted(change), True
            elif change.resource is JOBS:
                name, is_urgent = self._job_changed(change)
            else:
                continue
            if name is not None:
                shown[name] = shown.get(name, False) or is_urgent
        for name, is_urgent in shown.items():
            self._show(name, urgent=is_urgent)

    def _job_changed(self, change: Change) -> tuple[str | None, bool]:
        """The manifest whose Job changed, and whether it came to its end."""
        job, previous = change.object, change.previous or {}
        name = self._board.file_of(objects.uid(job))
        if name is None:
            return None, False
        is_finishing = is_finished(JOBS, job) and not is_finished(JOBS, previous)
        is_deleting = objects.is_deleting(job) and not objects.is_deleting(previous)
        if is_finishing or is_deleting:
            self._keep_last(job)
        return name, is_finishing

    def _keep_last(self, job: Object) -> None:
        """Remember what is known of a Job, for when it is no longer there."""
        found = self._ledger.made(objects.uid(job))
        if found is None:
            return
        name, applied = found
        last = self._board.snapshot(job)
        before = applied.last or {}
        if len(before.get("pods", ())) > len(last["pods"]):
            last = {**before, "status": last["status"]}
        self._ledger.remember(name, replace(applied, last=last))
        self._ledger.save(name)

    def _deleted(self, change: Change) -> str | None:
        """The manifest that made an object that is gone now."""
        self._make_anew(change)
        uid = objects.uid(change.object)
        if change.resource is JOBS:
            self._keep_last(change.object)
            self._board.forget(uid)
        found = self._ledger.made(uid)
        if found is None:
            return None
        name, applied = found
        self._ledger.remember(name, replace(applied, deleted_at=self._clock.now()))
        self._ledger.save(name)
        return name

    def _make_anew(self, change: Change) -> None:
        """What waited for this object to go, or was refused because it was there, may come."""
        obj = change.object
        target = Target(change.resource, objects.namespace(obj), objects.name(obj))
        manifest = self._manifests.get(self._ledger.holders.get(target, ""))
        if manifest is not None and target in manifest.pending:
            self._carry_out(manifest)

    # What the status files say

    def _show(self, *names: str, urgent: bool = False) -> None:
        for name in names:
            manifest = self._manifests.get(name)
            if manifest is not None and manifest.reading is not None:
                status = sync.status_name(name, self._manifests)
                self._writer.changed(status, partial(self._render, manifest), urgent)

    def _render(self, manifest: Manifest) -> str:
        entries = [
            self._entry(applied)
            for applied in self._ledger.applied(manifest.name).values()
            if applied.target.resource is JOBS
        ]
        return status_file.render(manifest.name, manifest.digest, manifest.problems(), entries)

    def _entry(self, applied: Applied) -> JobEntry:
        live = self._live(applied)
        if live is not None and not (objects.is_deleting(live) and applied.last):
            return self._board.entry(live)
        deleted = None if applied.deleted_at is None else timestamps.render(applied.deleted_at)
        return status_file.past_entry(applied, deleted)
