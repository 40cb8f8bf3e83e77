"""`localjobs serve`: a control plane, a directory of manifests and the API, in one process.

Signal handlers only set an event; the loop then stops in these steps, all of them within
`shutdown_timeout` and a little:

 1. the directory is no longer looked at, and the API takes no more requests;
 2. the Job controller decides nothing more, so that what is stopped now counts as no failure;
 3. pods get their grace period (or run on, with --detach-on-exit), then are killed;
 4. status files and the store are brought up to date and closed.

A second signal skips the grace.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from loguru import logger

from localjobs.apiserver.assembly import Api, Backing
from localjobs.apiserver.credentials import ensure, last_port, write_kubeconfig
from localjobs.apiserver.server import bind
from localjobs.clock import SystemClock
from localjobs.config import Settings
from localjobs.control_plane import ControlPlane
from localjobs.kubelet import directories
from localjobs.kubelet.pod_logs import PodLogFiles
from localjobs.manifests.directory import ManifestDirectory
from localjobs.state_folder import KUBECONFIG, state_of


class Daemon:
    """Serves one directory until it is told to stop."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.directory = directory.resolve()
        self.settings = settings
        self.plane = ControlPlane.open(state_of(directory), settings, clock=SystemClock())
        self._credentials = ensure(self.plane.state, settings.bind, self.plane.clock.now())
        self.plane.namespaces.certificate = self._credentials.authority.read_text()
        root = os.fspath(self.plane.state)
        self.manifests = ManifestDirectory(
            self.plane.registry,
            self.plane.clock,
            self.directory,
            lambda pod: directories.telling_log(root, pod),
        )
        self.kubeconfig = self.plane.state / KUBECONFIG
        self.api: Api | None = None
        self._serving: asyncio.Future[None] | None = None
        self.ready = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._hurry_asked = asyncio.Event()

    async def run(self) -> None:
        """Start, serve until a signal or `ask_to_stop`, and stop."""
        self._listen_to_signals()
        await self.start()
        self.ready.set()
        try:
            await self._stop_asked.wait()
        finally:
            await self.stop()

    async def start(self) -> None:
        """Take up where the last daemon stopped."""
        await self.plane.start()
        self.api = self._open_api()
        self._serving = asyncio.ensure_future(self.api.run())
        self.manifests.start()
        await self.plane.store.durable()

    def _open_api(self) -> Api:
        """The API on its socket, with a kubeconfig that leads to it."""
        plane, settings = self.plane, self.settings
        credentials = self._credentials
        # The port of the last time, so that whoever has it open goes on.
        ports = (settings.port,) if settings.port else (last_port(self.kubeconfig), 0)
        listening = bind(settings.bind, ports)
        backing = Backing(
            plane.registry,
            PodLogFiles(os.fspath(plane.state), plane.store, plane.clock),
            plane.clock,
            plane.identities,
            lambda: plane.store.degraded,
        )
        api = Api(backing, listening, credentials)
        write_kubeconfig(self.kubeconfig, credentials, api.url)
        return api

    def ask_to_stop(self) -> None:
        """Stop in order; asked again, at once."""
        if self._stop_asked.is_set():
            self._hurry_asked.set()
        self._stop_asked.set()

    async def stop(self) -> None:
        """The steps above."""
        await self.manifests.stop()
        if self.api is not None and self._serving is not None:
            self.api.stop()
            await self._serving
        detach = self.settings.detach_on_exit
        self._say_farewell(detach)
        hurry = asyncio.ensure_future(self._kill_when_time_is_up())
        try:
            await self.plane.stop(detach=detach)
        finally:
            hurry.cancel()

    def _say_farewell(self, detach: bool) -> None:
        running = self.plane.kubelet.active
        if not running:
            logger.info("Stopping")
        elif detach:
            logger.info("Stopping; {} pods run on until the next start takes them up", running)
        else:
            logger.info("Stopping {} pods; they are made anew at the next start", running)

    async def _kill_when_time_is_up(self) -> None:
        try:
            async with asyncio.timeout(self.settings.shutdown_timeout):
                await self._hurry_asked.wait()
        except TimeoutError:
            logger.warning("Time is up: killing what still runs")
        self.plane.kubelet.kill()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.ask_to_stop)
