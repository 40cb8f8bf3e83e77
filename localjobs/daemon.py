"""`localjobs serve`: a control plane, a directory of manifests and the API, in one process.

Signal handlers only set an event; the loop then stops in these steps, all of them within
`shutdown_timeout` and a little:

 1. the directory is no longer looked at, and the API takes no more requests;
 2. the Job controller decides nothing more, so that what is stopped now counts as no failure;
 3. pods get their grace period (or run on, with --detach-on-exit), then are killed; what cannot
    be recorded of that, on a full disk, the next start finds out;
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
from localjobs.controller.wording import counted
from localjobs.kubelet import directories
from localjobs.kubelet.pod_logs import PodLogFiles
from localjobs.manifests.directory import ManifestDirectory
from localjobs.state_folder import KUBECONFIG, state_of

LAST_SECONDS = 2.0
"""How long after its processes were killed a pod's removal is waited for: a disk may be full."""


class Daemon:
    """Serves one directory until it is told to stop."""

    def __init__(self, directory: Path, settings: Settings) -> None:
        self.directory = directory.resolve()
        self.settings = settings
        self.plane = ControlPlane.open(state_of(directory), settings, clock=SystemClock())
        root = os.fspath(self.plane.state)
        self.manifests = ManifestDirectory(
            self.plane.registry,
            self.plane.clock,
            self.directory,
            lambda pod: directories.telling_log(root, pod),
        )
        # All that may be mistaken is behind us, what takes its time is ahead.
        self.kubeconfig = self.plane.state / KUBECONFIG
        # The port of the last time, so that whoever has it open goes on.
        ports = (settings.port,) if settings.port else (last_port(self.kubeconfig), 0)
        self._listening = bind(settings.bind, ports)
        self.plane.launch()
        self._credentials = ensure(self.plane.state, settings.bind, self.plane.clock.now())
        self.plane.namespaces.certificate = self._credentials.authority.read_text()
        self.api: Api | None = None
        self._serving: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()
        self._stop_asked = asyncio.Event()
        self._hurry_asked = asyncio.Event()
        self._exchanged = asyncio.Event()
        self.manifests.is_exchanged = self._is_exchanged

    async def run(self) -> None:
        """Start, serve until a signal or `ask_to_stop`, or another directory is there, and stop.

        Raises `LocaljobsError` if it cannot start, or cannot go on.
        """
        self._listen_to_signals()
        try:
            await self.start()
            self.ready.set()
            await self._until_stopped()
        finally:
            await self.stop()

    async def start(self) -> None:
        """Take up where the last daemon stopped."""
        await self.plane.start()
        self.api = self._open_api()
        self._serving = asyncio.ensure_future(self.api.run())
        self.manifests.start()
        await self.plane.store.durable()

    async def _until_stopped(self) -> None:
        """Return when there is reason to; raise what ended a part that was to run until then."""
        reasons = [
            asyncio.ensure_future(reason.wait()) for reason in (self._stop_asked, self._exchanged)
        ]
        parts = [part for part in (self._serving, self.plane.following) if part is not None]
        try:
            done, _ = await asyncio.wait((*reasons, *parts), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()
        for one in done:
            one.result()

    def _open_api(self) -> Api:
        """The API on its socket, with a kubeconfig that leads to it."""
        plane = self.plane
        backing = Backing(
            plane.registry,
            PodLogFiles(os.fspath(plane.state), plane.store, plane.clock),
            plane.clock,
            plane.identities,
            lambda: plane.store.degraded,
        )
        api = Api(backing, self._listening, self._credentials)
        write_kubeconfig(self.kubeconfig, self._credentials, api.url)
        return api

    @property
    def is_to_start_anew(self) -> bool:
        """Whether it ended because its directory is another one now, which wants a new daemon."""
        return self._exchanged.is_set() and not self._stop_asked.is_set()

    def _is_exchanged(self) -> bool:
        if self.plane.store.is_in_place():
            return False
        self._exchanged.set()
        return True

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
            await asyncio.wait((self._serving,))
        # A daemon that did not come so far as to serve leaves everything as it found it.
        detach = self.settings.detach_on_exit or not self.ready.is_set()
        if self._exchanged.is_set():
            logger.warning("{} is another now, or its state was removed", self.directory)
            detach = False  # the next start would not know of them
        elif self.ready.is_set():
            self._say_farewell(detach)
        hurry = asyncio.ensure_future(self._hurry_when_time_is_up())
        try:
            await self.plane.stop(detach=detach)
        finally:
            hurry.cancel()

    def _say_farewell(self, detach: bool) -> None:
        running = self.plane.kubelet.active
        pods = counted(running, "pod")
        if not running:
            logger.info("Stopping")
        elif detach:
            logger.info("Stopping; {} left running for the next start", pods)
        else:
            logger.info("Stopping {}; made anew at the next start", pods)

    async def _hurry_when_time_is_up(self) -> None:
        try:
            async with asyncio.timeout(self.settings.shutdown_timeout):
                await self._hurry_asked.wait()
        except TimeoutError:
            logger.warning("Time is up: killing what still runs")
        self.plane.kubelet.kill()
        await asyncio.sleep(LAST_SECONDS)
        self.plane.kubelet.abandon()

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.ask_to_stop)
