"""Following the logs of a Job, pods to come included, until it is finished."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import click

from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.cli.connection import Refusal
from localjobs.cli.job_client import JobClient
from localjobs.cli.log_follower import LogFollower
from localjobs.cli.log_view import LogView, write_lines
from localjobs.clock import SystemClock


class _News(NamedTuple):
    """What a watch told: a pod, that the Job is over, or that nothing more can be told."""

    pod: Object | None = None
    pod_is_gone: bool = False
    error: click.ClickException | None = None


_Tell = Callable[[_News], None]


async def follow(view: LogView) -> None:
    """Show the logs as they grow; returns once the Job is finished, or gone, and all is shown.

    Raises `NotServed` if the daemon stops before that.
    """
    follower = LogFollower(
        os.fspath(view.client.connection.served.state),
        SystemClock(),
        _write_with_source if view.may_have_several else _write,
        view.options,
    )
    news: asyncio.Queue[_News] = asyncio.Queue()
    pods, version = view.client.pods(view.job)
    for run in view.begin(pods):
        follower.follow(view.path(run), view.source(run), run.is_over)
    try:
        if not JobView.of(view.job).is_finished:
            _watch_in_threads(view, version, news)
            await _hear(view, follower, news)
    finally:
        await follower.finish()


async def _hear(view: LogView, follower: LogFollower, news: asyncio.Queue[_News]) -> None:
    while True:
        told = await news.get()
        if told.error is not None:
            raise told.error
        if told.pod is not None:
            _see(view, follower, told.pod, told.pod_is_gone)
            continue
        # The Job is over. Its pods may have got further than their watch has told.
        for pod in (await asyncio.to_thread(view.client.pods, view.job))[0]:
            _see(view, follower, pod, False)
        return


def _see(view: LogView, follower: LogFollower, pod: Object, is_gone: bool) -> None:
    for run in view.see(pod):
        follower.follow(view.path(run), view.source(run), run.is_over or is_gone)


def _watch_in_threads(view: LogView, version: str, news: asyncio.Queue[_News]) -> None:
    """Start a watch of the Job and one of its pods; they end with the process."""
    loop = asyncio.get_running_loop()

    def tell(told: _News) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(news.put_nowait, told)

    for watch in (_watch_job, _watch_pods):
        client = view.client.fresh()
        threading.Thread(target=watch, args=(client, view.job, version, tell), daemon=True).start()


def _watch_job(client: JobClient, job: Object, _: str, tell: _Tell) -> None:
    try:
        with client.connection:
            while not _is_finished_or_gone(client, job):
                pass
    except click.ClickException as error:
        tell(_News(error=error))
    else:
        tell(_News())


def _is_finished_or_gone(client: JobClient, job: Object) -> bool:
    """Look at the Job and watch it; False if it must be looked at anew."""
    current = client.current(job)
    if current is None or JobView.of(current).is_finished:
        return True
    try:
        for kind, changed in client.watch_job(current):
            if kind == "DELETED" or JobView.of(changed).is_finished:
                return True
    except Refusal as error:
        if not error.is_expired:
            raise
        return False
    return True


def _watch_pods(client: JobClient, job: Object, version: str, tell: _Tell) -> None:
    try:
        with client.connection:
            while True:
                version = _pods_until_expired(client, job, version, tell)
    except click.ClickException as error:
        tell(_News(error=error))


def _pods_until_expired(client: JobClient, job: Object, version: str, tell: _Tell) -> str:
    """Watch the pods; returns the version to go on from, once they were listed anew."""
    try:
        for kind, pod in client.watch_pods(job, version):
            tell(_News(pod, kind == "DELETED"))
    except Refusal as error:
        if not error.is_expired:
            raise
    pods, version = client.pods(job)
    for pod in pods:
        tell(_News(pod))
    return version


def _write_with_source(source: str, lines: Sequence[bytes]) -> None:
    write_lines(source, lines)
    sys.stdout.flush()


def _write(_: str, lines: Sequence[bytes]) -> None:
    write_lines("", lines)
    sys.stdout.flush()
