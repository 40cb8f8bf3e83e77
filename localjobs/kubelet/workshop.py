"""What pod workers perform with: the store, events, files, and the preparation of starts."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, PODS, SECRETS
from localjobs.clock import Clock
from localjobs.errors import NotFound
from localjobs.kubelet import directories, node, termination_message, volume_directories
from localjobs.kubelet.container_ids import ContainerId
from localjobs.kubelet.container_start import Launch, NodeContext, launch_of
from localjobs.kubelet.environment import CannotStart
from localjobs.kubelet.handlers import Handlers
from localjobs.kubelet.image import ImageMeaning
from localjobs.kubelet.instructions import RecordEvent
from localjobs.kubelet.node import NodeSettings
from localjobs.kubelet.pod_template import ContainerTemplate
from localjobs.kubelet.runtime import Mount, Runtime, Start
from localjobs.kubelet.volume_directories import Volume, mounts_of
from localjobs.kubelet.volumes import CannotMount, plan_volume
from localjobs.store.event_recorder import KUBELET, EventRecorder
from localjobs.store.registry import Registry


class World(Struct, frozen=True):
    """Whom the kubelet deals with."""

    registry: Registry
    clock: Clock
    recorder: EventRecorder
    runtime: Runtime


class Workshop:
    """The workshop of one node."""

    def __init__(
        self,
        world: World,
        settings: NodeSettings,
        images: Sequence[ImageMeaning],
        root: str,
    ) -> None:
        self.clock, self.runtime, self.root = world.clock, world.runtime, root
        self.host_ip = settings.host_ip
        self.supports_mounts: bool = False
        self.handlers = Handlers(world.runtime, world.clock, settings.host_ip)
        self._registry, self._recorder = world.registry, world.recorder
        self._context = NodeContext(
            node.node_facts(settings),
            settings.environment,
            images,
            settings.working_directory,
            settings.user,
        )

    def current(self, pod: Object) -> Object | None:
        """The pod as the store has it now; None if it is gone."""
        meta = pod["metadata"]
        found = self._registry.store.get(PODS, meta["namespace"], meta["name"])
        return found if found is not None and found["metadata"]["uid"] == meta["uid"] else None

    @property
    def committed_version(self) -> int:
        """The resourceVersion of the last write that is durable."""
        return self._registry.store.committed_version

    def put(self, pod: Object) -> Object | None:
        """Write the pod; None if that took it out of the store, or it is gone already."""
        try:
            return self._registry.put(PODS, pod)
        except NotFound:
            return None

    def record(self, pod: Object, event: RecordEvent, component: str = KUBELET) -> None:
        """Record an event about it."""
        self._recorder.record(
            pod, event.type, event.reason, event.message, component, event.field_path
        )

    def prepare(
        self,
        pod: Object,
        container: ContainerTemplate,
        attempt: int,
        volumes: Mapping[str, Volume],
    ) -> Start:
        """All that a start needs. Raises `CannotStart` or `NoCommand`."""
        try:
            self._require_root()
            return self._prepare(pod, container, attempt, volumes)
        except OSError as error:
            raise CannotStart(_what(error), "CreateContainerError") from error

    def _require_root(self) -> None:
        """Where everything lies is there; if it was taken away it must not be made anew."""
        if self.root and not os.path.isdir(self.root):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.root)

    def _prepare(
        self,
        pod: Object,
        container: ContainerTemplate,
        attempt: int,
        volumes: Mapping[str, Volume],
    ) -> Start:
        meta = pod["metadata"]
        sources = StoredSources(self._registry, meta["namespace"])
        launch = launch_of(container, pod, sources, self._context)
        mounts = self._mounts(pod, container, attempt, launch)
        if volumes:
            mounts += mounts_of(container.spec, volumes, launch.environment)
        if launch.checks_directory:
            _check_directory(launch, mounts)
        return Start(
            str(ContainerId(meta["uid"], container.name, attempt)),
            launch.command,
            launch.environment,
            launch.working_directory,
            directories.log_path(self.root, pod, container.name, attempt),
            tuple(mounts),
            launch.user,
            launch.group,
            container.memory_limit,
        )

    def last_words(
        self, pod: Object, container: ContainerTemplate, attempt: int, exit_code: int
    ) -> str:
        """The termination message of an attempt that ended so; "" if there is none."""
        if not (container.writes_message or container.falls_back):
            return ""
        uid = pod["metadata"]["uid"]
        file = directories.message_file(self.root, uid, container.name, attempt)
        log = directories.log_path(self.root, pod, container.name, attempt)
        return termination_message.message_of(container, exit_code, file, log)

    def set_up_volumes(self, pod: Object) -> dict[str, Volume]:
        """Make the pod's volumes, or bring them up to date. Raises `CannotMount`."""
        meta, spec = pod["metadata"], pod["spec"]
        sources = StoredSources(self._registry, meta["namespace"])
        plans = {
            volume["name"]: plan_volume(volume, pod, sources, self._context.facts)
            for volume in spec.get("volumes") or ()
        }
        folder = Path(directories.pod_folder(self.root, meta["uid"]))
        group = (spec.get("securityContext") or {}).get("fsGroup")
        if self._context.user != 0:
            group = None  # only root can give files away
        try:
            self._require_root()
            return volume_directories.set_up(folder, plans, self.clock.now(), group)
        except OSError as error:
            raise CannotMount(next(iter(plans)), _what(error)) from error

    def _mounts(
        self, pod: Object, container: ContainerTemplate, attempt: int, launch: Launch
    ) -> list[Mount]:
        mounts: list[Mount] = []
        if launch.root:
            mounts.append(Mount(launch.root, "/"))
        if self.supports_mounts and container.writes_message:
            uid = pod["metadata"]["uid"]
            file = directories.message_file(self.root, uid, container.name, attempt)
            termination_message.make_file(file)
            mounts.append(Mount(file, termination_message.path_of(container)))
        if mounts and not self.supports_mounts:
            raise CannotStart(
                f'image "{container.image}" has a root of its own, and this machine allows no '
                "private mount namespace",
                "CreateContainerError",
            )
        return mounts


class StoredSources:
    """The ConfigMaps and Secrets of a namespace."""

    __slots__ = ("_namespace", "_registry")

    def __init__(self, registry: Registry, namespace: str) -> None:
        self._registry, self._namespace = registry, namespace

    def config_map(self, name: str) -> Object | None:
        """The ConfigMap of that name."""
        return self._registry.store.get(CONFIGMAPS, self._namespace, name)

    def secret(self, name: str) -> Object | None:
        """The Secret of that name."""
        return self._registry.store.get(SECRETS, self._namespace, name)


def _what(error: OSError) -> str:
    """A full disk, a folder that is away: in the system's words, with the path."""
    return f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)


def _check_directory(launch: Launch, mounts: list[Mount]) -> None:
    path = launch.working_directory
    if volume_directories.make_working_directory(path, mounts) or os.path.isdir(path):
        return
    raise CannotStart(f'working directory "{path}" does not exist', "CreateContainerError")
