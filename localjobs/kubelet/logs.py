"""Reading container logs with the meaning that `kubectl logs` gives its options.

The rules are the kubelet's (cri-client/pkg/logs/logs.go): `tail_lines` counts lines of the file,
pieces of long lines included; of those, what is older than `since_time` is left out; `limit_bytes`
cuts what is left. Unlike the kubelet, which shows the newest file only, this reads the rotated ones
too. A log that is not there is empty: its file is made with the first byte.

Lines are `<RFC 3339 with nanoseconds> stdout|stderr F|P <bytes>`; what is not is skipped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from enum import Enum

from msgspec import Struct

from localjobs.clock import Clock
from localjobs.kubelet.log_reader import LogReader

FOLLOW_SECONDS = 0.25
"""How often a log that is followed is looked at."""


class Stream(Enum):
    """Which of a container's streams to read (v1.PodLogOptions.stream)."""

    ALL = "All"
    STDOUT = "Stdout"
    STDERR = "Stderr"


class LogOptions(Struct, frozen=True):
    """What of a log to read: v1.PodLogOptions without the parts that choose the container."""

    tail_lines: int | None = None
    since_time: float | None = None
    """Seconds since the epoch."""
    timestamps: bool = False
    """Put its time before each line."""
    limit_bytes: int | None = None
    stream: Stream = Stream.ALL


class Entry(Struct, frozen=True):
    """One line of the file. `content` ends with a line break unless it is a partial line."""

    timestamp: bytes
    stream: bytes
    content: bytes


def parse_entry(line: bytes) -> Entry | None:
    """Take a line of the file, with its line break, apart; None if it is not an entry."""
    parts = line.split(b" ", 3)
    if len(parts) != 4 or parts[1] not in (b"stdout", b"stderr"):
        return None
    timestamp, stream, tag, content = parts
    return Entry(timestamp, stream, content.removesuffix(b"\n") if tag == b"P" else content)


def render_time(at: float) -> bytes:
    """A time as entries carry it. Always of one length, so that they compare as bytes."""
    seconds, nanoseconds = divmod(round(at * 1e6) * 1000, 1_000_000_000)
    head = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{head}.{nanoseconds:09d}Z".encode()


class Selection:
    """Applies options, all but `tail_lines`, to the lines of a log, in their order."""

    def __init__(self, options: LogOptions) -> None:
        self._left = options.limit_bytes
        self._timestamps = options.timestamps
        self._since = render_time(options.since_time) if options.since_time is not None else b""
        self._stream = (
            b"" if options.stream is Stream.ALL else options.stream.value.lower().encode()
        )
        self._at_line_start = True

    @property
    def is_full(self) -> bool:
        """Whether `limit_bytes` is reached: nothing more will be shown."""
        return self._left is not None and self._left <= 0

    def show(self, lines: Iterable[bytes]) -> bytes:
        """What a client gets to see of these lines of the file."""
        entries = (entry for line in lines if (entry := parse_entry(line)) is not None)
        shown = b"".join(self._show(entry) for entry in entries if self._wants(entry))
        if self._left is not None:
            shown = shown[: self._left]
            self._left -= len(shown)
        return shown

    def _wants(self, entry: Entry) -> bool:
        return entry.timestamp >= self._since and entry.stream.startswith(self._stream)

    def _show(self, entry: Entry) -> bytes:
        begins, self._at_line_start = self._at_line_start, entry.content.endswith(b"\n")
        if self._timestamps and begins:
            return entry.timestamp + b" " + entry.content
        return entry.content


def read_log(path: str, options: LogOptions) -> Iterator[bytes]:
    """What there is now, a piece at a time."""
    selection = Selection(options)
    with closing(LogReader(path)) as reader:
        if options.tail_lines is not None:
            reader.skip_to_tail(options.tail_lines)
        yield from _pieces(reader, selection)


async def stream_log(path: str, options: LogOptions) -> AsyncIterator[bytes]:
    """As `read_log`, giving way to the loop between the pieces."""
    for piece in read_log(path, options):
        yield piece
        await asyncio.sleep(0)


async def follow_log(
    path: str, options: LogOptions, finished: asyncio.Event, clock: Clock
) -> AsyncIterator[bytes]:
    """What there is and what comes, until the container is `finished` and all is told."""
    selection = Selection(options)
    with closing(LogReader(path)) as reader:
        if options.tail_lines is not None:
            reader.skip_to_tail(options.tail_lines)
        while True:
            # The log is complete once the container is finished: one more look, and no other.
            last = finished.is_set()
            for piece in _pieces(reader, selection):
                yield piece
            if last or selection.is_full:
                return
            await _pause(finished, clock)


def _pieces(reader: LogReader, selection: Selection) -> Iterator[bytes]:
    while not selection.is_full and (lines := reader.read_lines()):
        if shown := selection.show(lines):
            yield shown


async def _pause(finished: asyncio.Event, clock: Clock) -> None:
    """Until the next look is due, or the container is finished."""
    due = asyncio.Event()
    timer = clock.call_at(clock.now() + FOLLOW_SECONDS, due.set)
    waits = [asyncio.ensure_future(event.wait()) for event in (due, finished)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
        for wait in waits:
            wait.cancel()
