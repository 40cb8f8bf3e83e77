"""Everything between the store and the processes, put together.

`localjobs serve` adds the directory of manifests and the API to it; `localjobs run` follows a
few Jobs on it; tests drive it with a clock and a runtime of their own.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from localjobs.clock import Clock, SystemClock
from localjobs.config import Settings
from localjobs.controller.garbage_collector import GarbageCollector
from localjobs.controller.loop import JobController
from localjobs.identities import Identities, RandomIdentities
from localjobs.kubelet.machine import image_meanings, node_settings
from localjobs.kubelet.runner import Kubelet
from localjobs.kubelet.runtime import Runtime
from localjobs.kubelet.shim_client import ShimClient
from localjobs.kubelet.shim_connection import ShimTerms
from localjobs.kubelet.workshop import World
from localjobs.store.event_expiry import EventExpiry
from localjobs.store.event_recorder import EventRecorder
from localjobs.store.namespaces import Namespaces
from localjobs.store.registry import Registry
from localjobs.store.store import Store

PRIVATE_FOLDER = 0o700


class ControlPlane:
    """The store, the controllers and the kubelet over one state folder."""

    def __init__(
        self, store: Store, state: Path, settings: Settings, clock: Clock, identities: Identities
    ) -> None:
        self.store = store
        self.clock = clock
        self.identities = identities
        self.state = state
        self.settings = settings
        self.node = node_settings(settings, state)
        self.registry = Registry(store, clock, identities)
        self.recorder = EventRecorder(store, clock, identities, self.node.name)
        self.controller = JobController(store, self.registry, clock, identities, self.recorder)
        self.garbage_collector = GarbageCollector(store, self.registry, clock)
        self.events = EventExpiry(store, clock, settings.event_ttl)
        self.namespaces = Namespaces(store, clock, identities)
        self.runtime: Runtime
        self.kubelet: Kubelet
        self._shim: ShimClient | None = None
        self.following: asyncio.Task[None] | None = None
        """Keeps the processes' owner connected; ends before the stop only with an error."""

    @classmethod
    def open(
        cls,
        state: Path,
        settings: Settings | None = None,
        *,
        clock: Clock | None = None,
        identities: Identities | None = None,
        runtime: Runtime | None = None,
    ) -> ControlPlane:
        """Open a state folder, making it if need be; nothing runs yet.

        Without a `runtime` of the caller's, pods are real processes. Raises `DirectoryBusy`,
        `DatabaseUnusable`, `ConfigError`.
        """
        settings = settings or Settings()
        clock = clock or SystemClock()
        state.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        state.chmod(PRIVATE_FOLDER)
        path = os.fspath(state / "localjobs.db")
        store = Store.open(path, history=settings.history, clock=clock)
        plane = cls(store, state, settings, clock, identities or RandomIdentities())
        plane._give(runtime)
        return plane

    def _give(self, runtime: Runtime | None) -> None:
        if runtime is None:
            terms = ShimTerms(
                log_max_size=self.settings.log_max_size,
                log_max_files=self.settings.log_max_files,
            )
            self._shim = runtime = ShimClient(self.state / "shim", terms)
        self.runtime = runtime
        self.kubelet = Kubelet(
            World(self.registry, self.clock, self.recorder, runtime),
            self.node,
            image_meanings(self.settings.images),
            os.fspath(self.state),
        )

    def launch(self) -> None:
        """Let the shim come up meanwhile, if there is more to do before `start`.

        Raises `RuntimeUnavailable`.
        """
        if self._shim is not None:
            self._shim.launch_ahead()

    async def start(self) -> None:
        """Take up what the store holds and follow it from here on. Raises `RuntimeUnavailable`."""
        self.namespaces.start()
        self.events.start()
        if self._shim is not None:
            await self._shim.connect()
            self.following = asyncio.ensure_future(self._shim.run())
        self.kubelet.start()
        self.controller.start()
        self.garbage_collector.start()

    async def stop(self, *, detach: bool = False) -> None:
        """Stop the pods (or leave them to the next start, if `detach`), and everything else."""
        self.controller.stop()
        await self.kubelet.stop(graceful=not detach)
        self.garbage_collector.stop()
        if self._shim is not None:
            await (self._shim.close() if detach else self._shim.shutdown())
        if self.following is not None:
            await asyncio.wait((self.following,))
        self.store.close()
