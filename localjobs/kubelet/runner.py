"""The kubelet performed: pods of the store become containers of the runtime, and back.

It listens to the store's changes and to the runtime's reports. A pod without a node is given this
one (binder.py) in the transaction that made it; what happens to processes waits for commits. Each
pod of the node that is not over has a worker (pod_worker.py), which writes the pod's status once
per turn. A container is started only once the status that its start follows from is committed, and
the runtime forgets an end only once the status that tells of it is: ids of starts are the same in
every daemon's life, so that nothing runs twice and no end is lost, whenever the daemon dies.

    kubelet = Kubelet(world, node_settings, images, directory)
    await runtime.connect()     # the runtime tells all that it knows
    kubelet.start()
    ...
    await kubelet.stop(graceful=True)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from loguru import logger

from localjobs.api import objects
from localjobs.api.job import TRACKING_FINALIZER
from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, JOBS, NODES, PODS, SECRETS
from localjobs.kubelet import demands, node
from localjobs.kubelet.binder import Binder
from localjobs.kubelet.container_ids import ContainerId
from localjobs.kubelet.disk import Disk
from localjobs.kubelet.image import ImageMeaning
from localjobs.kubelet.instructions import RecordEvent
from localjobs.kubelet.node import NodeSettings
from localjobs.kubelet.phase import TERMINAL
from localjobs.kubelet.pod_status import Outlook, rejected_status
from localjobs.kubelet.pod_template import TemplateCache
from localjobs.kubelet.pod_worker import PodWorker
from localjobs.kubelet.runtime import ContainerEvent, Executed, RuntimeEvent, Started
from localjobs.kubelet.scheduler import SCHEDULER_NAME
from localjobs.kubelet.workshop import Workshop, World
from localjobs.store.changes import Change, ChangeType

UNSUPPORTED = "Unsupported"
"""The reason of a pod that needs what this machine cannot give."""


RETRY_SECONDS = 1.0
"""How long after a failure that nobody foresaw a pod is looked at again."""


class Kubelet:
    """Runs the pods of one node."""

    def __init__(
        self,
        world: World,
        settings: NodeSettings,
        images: Sequence[ImageMeaning] = (),
        directory: str = "",
    ) -> None:
        """`directory` is where logs and pods' files go."""
        self._store, self._registry = world.registry.store, world.registry
        self._clock, self._runtime = world.clock, world.runtime
        self._settings = settings
        self._shop = Workshop(world, settings, images, directory)
        self._disk = Disk(directory)
        self._templates = TemplateCache()
        self._binder = Binder(
            world.registry, world.clock, self._templates, self._record_scheduling, self._bind
        )
        self._workers: dict[str, PodWorker] = {}
        self._subscriptions: list[Callable[[], None]] = []
        self._empty: asyncio.Event | None = None
        self._is_stopping = False
        self._early: list[RuntimeEvent] | None = []
        """What the runtime told before `start`."""
        self._runtime.listen(self._reported)

    def start(self) -> None:
        """Put the Node in the store, take up the pods that are there, and listen.

        To be called once the runtime has told all that it knows: what ran and it does not know
        is lost.
        """
        self._subscriptions = [
            self._store.subscribe(self._written, before_commit=True),
            self._store.subscribe(self._committed),
        ]
        self._shop.supports_mounts = bool(getattr(self._runtime, "supports_mounts", False))
        self._put_node()
        pods = self._store.list(PODS)
        self._disk.sweep((*self._store.list(JOBS), *pods), [objects.uid(pod) for pod in pods])
        for pod in pods:
            if self._is_ours(pod) and not _is_terminal(pod):
                self._binder.occupy(pod)
        for pod in sorted(pods, key=_created):
            self._take(pod)
        early, self._early = self._early, None
        self._reported(early or ())
        for worker in list(self._workers.values()):
            worker.lost()

    @property
    def active(self) -> int:
        """How many pods of the node are not over."""
        return len(self._workers)

    # -- news from the store

    def _written(self, changes: Sequence[Change]) -> None:
        """Give pods their place, and those that are over none, before all of it is committed."""
        pods = {
            change.object["metadata"]["uid"]: change
            for change in changes
            if change.resource is PODS
        }
        freed = False
        for uid, change in pods.items():
            if change.type is ChangeType.DELETED or _is_terminal(change.object):
                freed |= self._binder.release(uid)
            elif uid not in self._workers:
                self._guarded(uid, partial(self._take, change.object))
        if freed and not self._is_stopping:
            self._binder.retry()

    def _committed(self, changes: Sequence[Change]) -> None:
        pods: dict[str, Change] = {}
        for change in changes:
            resource = change.resource
            if resource is PODS:
                pods[change.object["metadata"]["uid"]] = change  # the last one tells all
            elif resource is CONFIGMAPS or resource is SECRETS:
                self._objects_changed(objects.namespace(change.object))
            elif resource is NODES and objects.name(change.object) == self._settings.name:
                self._look_at_node(change)
            elif resource is JOBS and change.type is ChangeType.DELETED:
                self._disk.discard_logs(change.object)
        for uid, change in pods.items():
            self._guarded(uid, partial(self._pod_committed, uid, change))

    def _pod_committed(self, uid: str, change: Change) -> None:
        worker = self._workers.get(uid)
        if change.type is ChangeType.DELETED:
            if worker is not None:
                worker.gone(change.object)
            self._disk.discard_pod(change.object)
        elif worker is not None:
            worker.committed(change.object)

    def _guarded(self, uid: str, do: Callable[[], None]) -> None:
        """Do it; a defect that one pod runs into must not keep the others' news from them."""
        try:
            do()
        except Exception:  # noqa: BLE001 - logged, and tried again
            logger.exception("Pod {}: trying again in {:g} s", uid, RETRY_SECONDS)
            self._clock.call_at(self._clock.now() + RETRY_SECONDS, partial(self._again, uid))

    def _again(self, uid: str) -> None:
        worker, pod = self._workers.get(uid), self._store.by_uid(uid)
        if worker is not None and pod is not None and not self._is_ours(pod):
            # It was to be given its node in the turn that failed.
            self._workers.pop(uid).close()
            worker = None
        if worker is not None:
            self._guarded(uid, worker.turn)
        elif pod is not None:
            self._binder.release(uid)
            self._guarded(uid, partial(self._take, pod))

    def _take(self, pod: Object) -> None:
        """Take up a pod that has no worker yet."""
        if _is_terminal(pod):
            return
        if self._is_ours(pod):
            self._binder.occupy(pod)
            self._admit(pod, is_new=False)
        elif _is_for_scheduler(pod) and not self._is_stopping:
            current = self._shop.current(pod)
            if current is not None and not objects.is_deleting(current):
                self._binder.consider(current)

    def _bind(self, pod: Object) -> None:
        name = self._settings.name
        meta = pod["metadata"]
        message = f"Successfully assigned {meta['namespace']}/{meta['name']} to {name}"
        self._record_scheduling(pod, RecordEvent("Normal", "Scheduled", message))
        self._admit({**pod, "spec": {**pod["spec"], "nodeName": name}}, is_new=True)

    def _admit(self, pod: Object, is_new: bool) -> None:
        """Run the pod, or refuse it. `is_new`: the store does not know of its node yet."""
        template = self._templates.of(pod["spec"])
        why = demands.refusal(template.demands, self._shop.supports_mounts, self._settings.user)
        if why:
            self._reject(pod, why)
            return
        worker = PodWorker(self._shop, template, pod, self._finished)
        self._workers[worker.uid] = worker
        worker.turn(pod if is_new else None)

    def _reject(self, pod: Object, why: str) -> None:
        outlook = Outlook(self._clock.now(), self._settings.host_ip, has_sandbox=False)
        status = rejected_status(pod, UNSUPPORTED, why, outlook)
        self._shop.record(pod, RecordEvent("Warning", UNSUPPORTED, why))
        self._shop.put({**pod, "status": status})

    def _objects_changed(self, namespace: str) -> None:
        """ConfigMaps or Secrets of that namespace did: pods may wait for them, or hold them."""
        for worker in list(self._workers.values()):
            if worker.follows_objects and objects.namespace(worker.pod) == namespace:
                worker.retry()

    # -- news from the runtime

    def _reported(self, events: Sequence[RuntimeEvent]) -> None:
        if self._early is not None:
            self._early.extend(events)
            return
        touched: dict[PodWorker, None] = {}
        for event in events:
            if isinstance(event, Executed):
                self._shop.handlers.executed(event)
                continue
            name = ContainerId.parse(event.container_id)
            worker = self._workers.get(name.pod_uid) if name is not None else None
            if name is None or worker is None:
                self._unknown(event)
            else:
                worker.observe(name, event)
                touched[worker] = None
        for worker in touched:
            self._guarded(worker.uid, worker.turn)

    def _unknown(self, event: ContainerEvent) -> None:
        """A container of a pod that is gone, or over and on record."""
        if isinstance(event, Started):
            self._runtime.kill(event.container_id)
        else:
            self._runtime.forget(event.container_id)

    def _finished(self, worker: PodWorker) -> None:
        self._workers.pop(worker.uid, None)
        if worker.uses_files:
            self._disk.discard_files(worker.uid)
        if self._empty is not None and not self._workers:
            self._empty.set()

    # -- the node

    def _put_node(self) -> None:
        existing = self._store.get(NODES, "", self._settings.name)
        wanted = node.node_object(self._settings, self._clock.now(), existing)
        if existing is None:
            written = self._store.insert(NODES, wanted)
        else:
            written = self._store.replace(NODES, wanted)
        self._binder.node = node.node_view(self._settings, written)

    def _look_at_node(self, change: Change) -> None:
        if change.type is not ChangeType.DELETED:
            self._binder.node = node.node_view(self._settings, change.object)
            if not self._is_stopping:
                self._binder.retry()

    def _is_ours(self, pod: Object) -> bool:
        return bool(pod["spec"].get("nodeName") == self._settings.name)

    def _record_scheduling(self, pod: Object, event: RecordEvent) -> None:
        self._shop.record(pod, event, SCHEDULER_NAME)

    # -- the end

    def _unsubscribe(self) -> None:
        """Hear no more of the store."""
        for unsubscribe in self._subscriptions:
            unsubscribe()

    async def stop(self, graceful: bool) -> None:
        """Stop: let the pods run on, or, gracefully, end and remove them first.

        Pods that are ended are removed as a suspended Job's are: without the finalizer that
        would have them counted.
        """
        self._is_stopping = True
        if graceful and self._workers:
            self._empty = asyncio.Event()
            for worker in list(self._workers.values()):
                self._remove(worker.pod)
            await self._empty.wait()
        self._unsubscribe()
        for worker in self._workers.values():
            worker.close()
        self._shop.handlers.close()

    def kill(self) -> None:
        """End what still runs at once: the graceful stop takes too long."""
        for worker in list(self._workers.values()):
            worker.kill()

    def abandon(self) -> None:
        """Wait no longer for what a graceful stop cannot remove: the next start finds it lost."""
        if self._empty is not None and not self._empty.is_set():
            logger.error("Not removed: {} of the pods; the next start sees to them", self.active)
            self._empty.set()

    def _remove(self, known: Object) -> None:
        pod = self._shop.current(known)
        if pod is None:
            return
        kept = [f for f in objects.finalizers(pod) if f != TRACKING_FINALIZER]
        if len(kept) != len(objects.finalizers(pod)):
            pod = self._shop.put(objects.with_metadata(pod, finalizers=kept or None))
        if pod is not None and not objects.is_deleting(pod):
            self._registry.delete(PODS, objects.namespace(pod), objects.name(pod))


def _is_terminal(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in TERMINAL


def _is_for_scheduler(pod: Object) -> bool:
    spec = pod["spec"]
    return not spec.get("nodeName") and spec.get("schedulerName") in (None, "", SCHEDULER_NAME)


def _created(pod: Object) -> tuple[str, int]:
    meta = pod["metadata"]
    return meta.get("creationTimestamp") or "", int(meta["resourceVersion"])
