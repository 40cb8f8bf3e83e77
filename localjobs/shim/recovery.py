"""A new shim after a dead one: what the dead one left running is killed and recorded as lost."""

from __future__ import annotations

import os
import selectors
import time

from localjobs.shim.census import TAGS_PER_SHIM, kill_tagged
from localjobs.shim.journal import Recollection, Story

LAST_SECONDS = 5.0
"""How long to wait for killed processes to be gone."""


def machine_boot() -> str:
    """Identifies this run of the machine's kernel; empty where it does not say."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        return ""


def take_over(recollection: Recollection, at: float) -> dict[str, Story]:
    """End what the writer of the journal left: its processes now, its stories as lost at `at`."""
    if recollection.header is not None:
        _, _, _, boot, base = recollection.header
        if boot == machine_boot():
            _await_end(kill_tagged(range(base - TAGS_PER_SHIM + 1, base + 1)))
    for container_id, story in recollection.stories.items():
        if story.ended is None:
            story.ended = ["lost", container_id, at]
    return recollection.stories


def _await_end(pids: list[int]) -> None:
    deadline = time.monotonic() + LAST_SECONDS
    with selectors.DefaultSelector() as selector:
        for pid in pids:
            try:
                process = os.pidfd_open(pid)
            except OSError:
                continue  # gone already
            selector.register(process, selectors.EVENT_READ)
        while selector.get_map() and (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                selector.unregister(key.fd)
                os.close(key.fd)
