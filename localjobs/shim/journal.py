"""The journal: what the shim must still know after its own death.

An append-only file: a JSON array of messages a line, one line per turn, written before anything in
it is reported. It is not synced to the disk: it must survive the shim, not the machine, with which
the processes end anyway. A line that the shim died in the middle of is dropped.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass, field

from localjobs.shim.own_log import note
from localjobs.shim.protocol import Message, encode

NAME = "journal"

COMPACT_BYTES = 4 << 20
"""The journal is rewritten once it is this long and mostly about what is forgotten."""


@dataclass(slots=True)
class Story:
    """All that happened to one container: how it began, how it ended."""

    tag: int = 0
    began: Message | None = None
    ended: Message | None = None

    def messages(self) -> list[Message]:
        """What to report to a client that knows nothing yet."""
        return [message for message in (self.began, self.ended) if message is not None]


@dataclass(slots=True)
class Recollection:
    """What a journal says: who wrote it, and the containers not forgotten."""

    header: Message | None = None
    stories: dict[str, Story] = field(default_factory=dict)


def recall(path: str) -> Recollection:
    """Read a journal; one that is not there is empty."""
    recollection = Recollection()
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                break
            for message in json.loads(line):
                _retell(recollection, message)
    return recollection


def _retell(recollection: Recollection, message: Message) -> None:
    kind, *rest = message
    if kind == "shim":
        recollection.header = message
    elif kind == "starting":
        recollection.stories[rest[0]] = Story(tag=rest[1])
    elif kind == "forget":
        recollection.stories.pop(rest[0], None)
    elif kind == "started":
        recollection.stories[rest[0]].began = message
    else:
        recollection.stories[rest[0]].ended = message


class Journal:
    """The journal of this shim, and the stories it tells, kept in memory as well."""

    def __init__(self, path: str, header: Message, stories: dict[str, Story]) -> None:
        self._path = path
        self._header = header
        self.stories = stories
        self._unwritten: list[Message] = []
        self._file = -1
        self._size = 0
        self._rewrite()

    def starting(self, container_id: str, tag: int) -> None:
        """A process is about to be started."""
        self.stories[container_id] = Story(tag=tag)
        self._unwritten.append(["starting", container_id, tag])

    def record(self, message: Message) -> None:
        """A container began or ended: a message as it is sent to the client."""
        story = self.stories[message[1]]
        if message[0] == "started":
            story.began = message
        else:
            story.ended = message
        self._unwritten.append(message)

    def forget(self, container_id: str) -> None:
        """Nobody will ask for this container again."""
        if self.stories.pop(container_id, None) is not None:
            self._unwritten.append(["forget", container_id])

    def flush(self) -> bool:
        """Write what was recorded since the last flush, in one write; whether all is written.

        On a full disk it is kept and tried again with the next flush: the shim still knows all of
        it, and must not take the processes down with it.
        """
        if not self._unwritten:
            return True
        data = encode(self._unwritten) + b"\n"
        try:
            written = os.write(self._file, data)
            if written < len(data):
                os.ftruncate(self._file, self._size)
                raise OSError(f"short write: {written} of {len(data)} bytes")
        except OSError as error:
            note(f"journal: {error}")
            return False
        self._unwritten.clear()
        self._size += len(data)
        if self._size > COMPACT_BYTES and self._size > 400 * len(self.stories):
            self._compact()
        return True

    def close(self) -> None:
        """Write the rest and close."""
        self.flush()
        os.close(self._file)

    def _compact(self) -> None:
        try:
            self._rewrite()
        except OSError as error:
            note(f"journal: {error}")  # the long one goes on

    def _rewrite(self) -> None:
        # A rename puts the new journal in place at once: a reader sees the old or the new one.
        lines = [[self._header]]
        for name, story in self.stories.items():
            lines.append([["starting", name, story.tag], *story.messages()])
        temporary = f"{self._path}.new"
        data = b"".join(encode(line) + b"\n" for line in lines)
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        try:
            with open(file, "wb", closefd=False) as stream:
                stream.write(data)
            os.rename(temporary, self._path)
        except OSError:
            os.close(file)
            os.unlink(temporary)
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = file, len(data)
