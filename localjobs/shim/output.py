"""A container's stdout and stderr: two pipes, read as they fill, written to its log.

Nothing waits for a pipe to end: a grandchild may hold it for ever. When the main process has ended,
what is in the pipes is read and they are closed.
"""

from __future__ import annotations

import os
import selectors
import time

from localjobs.shim.log_file import LineFormat, LogFile, Rotation

CHUNK = 64 << 10
"""Read from one pipe per turn at most, so that a flood delays nobody else."""

LAST_CHUNKS = 64
"""Read from one pipe at the end at most: more than the largest pipe holds by default."""


class Stream:
    """One pipe's read end."""

    __slots__ = ("_format", "_log", "descriptor")

    def __init__(self, name: str, descriptor: int, log: LogFile) -> None:
        self.descriptor = descriptor
        self._format = LineFormat(name)
        self._log = log
        os.set_blocking(descriptor, False)

    def pump(self) -> bool:
        """Read one chunk into the log. False if there was none: empty for now, or ended."""
        try:
            data = os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return False
        if data and (lines := self._format.feed(data, time.time_ns())):
            self._log.write(lines)
        return bool(data)

    def drain(self) -> None:
        """Read what is left, at most `LAST_CHUNKS`."""
        for _ in range(LAST_CHUNKS):
            if not self.pump():
                break

    def finish(self) -> None:
        """What came last without a line break is a partial line; close."""
        if rest := self._format.finish(time.time_ns()):
            self._log.write(rest)
        os.close(self.descriptor)


class Output:
    """Both streams of one container and the log they share."""

    __slots__ = ("_log", "_selector", "_streams")

    def __init__(self, path: str, selector: selectors.BaseSelector, rotation: Rotation) -> None:
        self._log = LogFile(path, rotation)
        self._selector = selector
        self._streams: list[Stream] = []

    def open(self) -> tuple[int, int]:
        """Make the pipes; return the write ends of stdout and stderr, for the caller to close."""
        stdout, stdout_writer = os.pipe()
        try:
            stderr, stderr_writer = os.pipe()
        except OSError:
            os.close(stdout)
            os.close(stdout_writer)
            raise
        self._streams = [Stream("stdout", stdout, self._log), Stream("stderr", stderr, self._log)]
        return stdout_writer, stderr_writer

    def watch(self) -> None:
        """Read from now on whenever there is something."""
        for stream in self._streams:
            self._selector.register(
                stream.descriptor,
                selectors.EVENT_READ,
                lambda stream=stream: self._readable(stream),
            )

    def close(self) -> None:
        """Read what is in the pipes, then close them and the log."""
        for stream in self._streams:
            if stream.descriptor in self._selector.get_map():
                self._selector.unregister(stream.descriptor)
            stream.drain()
            stream.finish()
        self._streams.clear()
        self._log.close()

    def _readable(self, stream: Stream) -> None:
        # Readable and nothing there: every writer has closed it.
        if not stream.pump():
            self._selector.unregister(stream.descriptor)
            stream.finish()
            self._streams.remove(stream)
