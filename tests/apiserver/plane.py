"""The API over a whole control plane, with pods that are real processes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localjobs.apiserver.assembly import Api, Backing
from localjobs.apiserver.credentials import ensure
from localjobs.apiserver.server import address_of, bind
from localjobs.control_plane import ControlPlane
from localjobs.kubelet.pod_logs import PodLogFiles
from tests.apiserver.serving import ADDRESS, Served, serving


class ServedPlane(Served):
    """Runs everything but the directory of manifests."""

    async def _open(self) -> Api:
        self.plane = ControlPlane.open(self.folder, clock=self.clock)
        await self.plane.start()
        plane = self.plane
        self.store = plane.store
        self.credentials = ensure(plane.state, ADDRESS, plane.clock.now())
        listening = bind(ADDRESS, (0,))
        self.address = address_of(listening)
        logs = PodLogFiles(os.fspath(plane.state), plane.store, plane.clock)
        backing = Backing(plane.registry, logs, plane.clock, plane.identities, lambda: None)
        return Api(backing, listening, self.credentials)

    async def _close(self) -> None:
        await self.plane.stop()


@contextmanager
def serve_plane(folder: Path) -> Iterator[Served]:
    """A control plane and its API."""
    with serving(ServedPlane(folder)) as served:
        yield served
