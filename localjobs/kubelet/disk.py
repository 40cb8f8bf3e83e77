"""Files that outlived their use are removed, off the daemon's loop: a Job may leave thousands."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path

from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.kubelet import directories


class Disk:
    """Removes what belonged to Jobs and pods. Without a root there is nothing to remove."""

    def __init__(self, root: str) -> None:
        self._root = root

    def discard_logs(self, owner: Object) -> None:
        """The logs of a Job that was deleted, or of a pod that belonged to none."""
        self._discard(directories.log_folder(self._root, owner["metadata"]))

    def discard_pod(self, pod: Object) -> None:
        """What a pod that was deleted leaves: its logs too, unless they are its Job's."""
        if objects.controller_uid(pod) is None:
            self.discard_logs(pod)

    def discard_files(self, uid: str) -> None:
        """The volumes and messages of a pod that is over."""
        self._discard(directories.pod_folder(self._root, uid))

    def sweep(self, owners: Iterable[Object], pods: Iterable[str]) -> None:
        """Remove what a daemon that died did not: all but these owners' logs and pods' files."""
        kept = {directories.log_folder(self._root, owner["metadata"]) for owner in owners}
        kept |= {directories.pod_folder(self._root, uid) for uid in pods}
        root = Path(self._root)
        for folder in (*root.glob("logs/*/*"), *root.glob("pods/*")):
            if str(folder) not in kept:
                self._discard(str(folder))

    def _discard(self, folder: str) -> None:
        if not self._root or not Path(folder).exists():
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            loop.run_in_executor(None, shutil.rmtree, folder, True)
