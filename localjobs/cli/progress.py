"""How Jobs get on, for whoever watches: a live line per Job on a terminal, else plain lines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Protocol

from localjobs.api import objects
from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.controller.explanation import summary

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.table import Table

_COLOURS = ("red", "green", "yellow", "blue", "magenta", "cyan")


class Progress(Protocol):
    """Shows Jobs as they change, and lines of text."""

    def show(self, jobs: Iterable[Object]) -> None:
        """These are all the Jobs, as they are now."""

    def see(self, pod: Object) -> None:
        """A pod, which may have something to complain about."""

    def say(self, text: str) -> None:
        """One line."""

    def log(self, source: str, lines: Sequence[bytes]) -> None:
        """Lines that a pod wrote."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def progress_for(stream: IO[str]) -> Progress:
    """Live on a terminal, plain in a pipe."""
    return LiveProgress(stream) if stream.isatty() else PlainProgress(stream)


class Complaints:
    """What pods wait for that somebody should do something about; each is told once."""

    _ORDINARY = ("ContainerCreating", "PodInitializing", "CrashLoopBackOff")

    def __init__(self) -> None:
        self._told: set[str] = set()

    def of(self, pod: Object) -> Iterable[str]:
        """What is new."""
        for text in self._complaints(pod):
            if text not in self._told:
                self._told.add(text)
                yield text

    def _complaints(self, pod: Object) -> Iterable[str]:
        status, name = pod.get("status") or {}, objects.name(pod)
        for condition in status.get("conditions") or ():
            if condition.get("reason") == "Unschedulable":
                yield f"pod {name} waits: {condition['message']}"
        for member in ("initContainerStatuses", "containerStatuses"):
            for one in status.get(member) or ():
                waiting = (one.get("state") or {}).get("waiting") or {}
                if waiting.get("reason") and waiting["reason"] not in self._ORDINARY:
                    yield f"pod {name} waits: {waiting['reason']}: {waiting.get('message', '')}"


class PlainProgress:
    """A line whenever a Job's numbers change."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._last: dict[str, str] = {}
        self._complaints = Complaints()

    def show(self, jobs: Iterable[Object]) -> None:
        for job in jobs:
            line = f"job {objects.namespace(job)}/{objects.name(job)}: {numbers(job)}"
            if self._last.get(objects.uid(job)) != line and numbers(job):
                self._last[objects.uid(job)] = line
                self.say(line)

    def see(self, pod: Object) -> None:
        for text in self._complaints.of(pod):
            self.say(text)

    def say(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def log(self, source: str, lines: Sequence[bytes]) -> None:
        write_log(source, lines)

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        return


def write_log(source: str, lines: Sequence[bytes]) -> None:
    """Lines of a log to standard output, as they are, each with its source in front."""
    prefix = f"[{source}] ".encode()
    sys.stdout.buffer.write(b"".join(prefix + line + b"\n" for line in lines))
    sys.stdout.flush()


def numbers(job: Object) -> str:
    """How many pods have ended how; "" before any has."""
    status = job.get("status") or {}
    counts = [f"{status[key]} {key}" for key in ("succeeded", "failed") if status.get(key)]
    return ", ".join(counts)


class LiveProgress:
    """A table at the foot of the terminal, which what is said scrolls past."""

    def __init__(self, stream: IO[str]) -> None:
        from rich.console import Console

        self._console: Console = Console(file=stream, highlight=False)
        self._live: Live | None = None
        self._jobs: tuple[Object, ...] = ()
        self._complaints = Complaints()

    def show(self, jobs: Iterable[Object]) -> None:
        self._jobs = tuple(jobs)  # drawn when the next refresh is due

    def see(self, pod: Object) -> None:
        for text in self._complaints.of(pod):
            self.say(text)

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)

    def log(self, source: str, lines: Sequence[bytes]) -> None:
        if not sys.stdout.isatty():
            write_log(source, lines)
            return
        from rich.text import Text

        colour = _COLOURS[sum(source.encode()) % len(_COLOURS)]
        for line in lines:
            shown = Text(f"[{source}] ", style=colour)
            shown.append_text(Text.from_ansi(line.decode(errors="replace")))
            self._console.print(shown, soft_wrap=True)

    def __enter__(self) -> LiveProgress:
        from rich.live import Live

        self._live = Live(
            get_renderable=self._table,
            console=self._console,
            refresh_per_second=8,
            transient=True,
            redirect_stdout=False,
        )
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def _table(self) -> Table:
        from rich.table import Table

        table = Table(box=None, show_header=False, pad_edge=False)
        for job in self._jobs:
            view = JobView.of(job)
            wanted = "" if view.spec.completions is None else f"/{view.spec.completions}"
            done = f"{view.status.succeeded}{wanted}"
            table.add_row(f"[bold]{view.namespace}/{view.name}[/bold]", done, summary(view))
        return table
