"""Which processes belong to which container, daemons included, and how all of them are killed.

Every process that a container starts inherits the hard limit RLIMIT_RTTIME of its parent, through
fork, exec, setsid and a change of user. That limit (microseconds of real-time scheduling without a
blocking call, by default infinite) is set to a number of ours near 2**62, over 100,000 years, that
no other container has: it limits nothing, it disturbs nobody, and it says whose process this is. A
process that sets that limit itself is still found by its session or its parents.

New processes are found without listing /proc each time: process ids are given out in order, the
kernel tells the last one (/proc/loadavg), and only those given out since the last look are looked
at.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Collection, Iterable

TAGS_PER_SHIM = 1 << 32
HIGHEST_TAG = 1 << 62

FULL_SCAN = 2000
"""With more new process ids than this, listing /proc costs less than asking for each."""

SECOND_LOOK = 256
"""An id may be given out just before its process can be seen: this many are looked at again."""

SOMEBODYS = -2
"""The tag of a descendant that hid its own and whose parents are gone: killed with the last."""

ROUNDS = 20
"""How often new descendants are sought and killed before the caller gets its turn again."""

_RTTIME = getattr(resource, "RLIMIT_RTTIME", -1)


def choose_tags() -> int:
    """The first tag of a range that is unlikely to be another shim's, below any limit inherited."""
    if _RTTIME < 0:
        return 0
    hard = resource.getrlimit(_RTTIME)[1]
    ceiling = HIGHEST_TAG if hard == resource.RLIM_INFINITY else min(hard, HIGHEST_TAG)
    ranges = max(ceiling // TAGS_PER_SHIM - 1, 1)
    return (1 + int.from_bytes(os.urandom(8), "big") % ranges) * TAGS_PER_SHIM


def tag_of(pid: int) -> int:
    """The tag that a process inherited, or any other number. ProcessLookupError if it is gone."""
    if _RTTIME < 0:
        return 0
    try:
        return resource.prlimit(pid, _RTTIME)[1]
    except PermissionError:
        # Another user's: only sudo and its like make such a process ours.
        return _tag_from_limits(pid)


def _tag_from_limits(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/limits", "rb") as limits:
            for line in limits:
                if line.startswith(b"Max realtime timeout"):
                    hard = line.split()[4]
                    return int(hard) if hard.isdigit() else -1
    except OSError:
        raise ProcessLookupError from None
    return -1


def all_pids() -> list[int]:
    """Every process there is; none where there is no /proc."""
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except FileNotFoundError:
        return []


def kill_tagged(tags: range) -> list[int]:
    """SIGKILL every process whose tag is in `tags`, whoever its parent is; return their ids."""
    killed: set[int] = set()

    def tagged(pid: int) -> bool:
        return tag_of(pid) in tags

    for _ in range(ROUNDS):
        found = [pid for pid in all_pids() if pid not in killed and _kill_if(pid, tagged)]
        if not found:
            break
        killed.update(found)
    return sorted(killed)


def _kill_if(pid: int, is_ours: Callable[[int], bool]) -> bool:
    # The descriptor pins the process: its id cannot pass to another between check and signal.
    if pid == os.getpid():
        return False
    try:
        process = os.pidfd_open(pid)
    except OSError:
        return False  # gone, or a thread's id
    try:
        if not is_ours(pid):
            return False
        signal.pidfd_send_signal(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return False
    else:
        return True
    finally:
        os.close(process)


def _stat_fields(pid: int) -> list[bytes]:
    """What /proc/PID/stat says after the name: [1] parent, [3] session, [19] start time."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()
    except OSError:
        raise ProcessLookupError from None


class Census:
    """The descendants of this shim's containers. A container is known by its tag."""

    def __init__(self, base: int) -> None:
        self._base = base
        self._count = 0
        self._mains: dict[int, int] = {}
        self._living: set[int] = set()
        self._descendants: dict[int, int] = {}
        self._untagged: dict[int, bytes] = {}
        """When the descendants without a tag were started: what tells them from others."""
        self._joined: dict[int, int] = {}
        """Tags of commands run in a container that could not bear its tag, and that tag."""
        self._own = {os.getpid()}
        self._uncertain: list[int] = []
        self._load = _open_load()
        self._cursor = self._last_pid()

    @property
    def tags(self) -> range:
        """Every tag that this shim gives out."""
        return range(self._base - TAGS_PER_SHIM + 1, self._base + 1)

    def next_tag(self) -> int:
        """A tag for the next container. They fall, because a limit without privilege can only."""
        self._count += 1
        return self._base - self._count

    def mark(self, tag: int) -> None:
        """Let the processes that are started from now on inherit `tag`."""
        if _RTTIME >= 0:
            resource.setrlimit(_RTTIME, (tag, tag))

    def join(self, tag: int) -> int:
        """Let the processes that are started from now on be this container's; their own tag."""
        try:
            self.mark(tag)
        except ValueError:  # without privilege a limit can only fall
            own = self.next_tag()
            self.mark(own)
            self._joined[own] = tag
            return own
        return tag

    def left(self, tag: int) -> None:
        """A command that bore this tag (see `join`) has ended."""
        if tag in self._joined:
            self.look()
            host = self._joined[tag]
            if not any(_bears(pid, tag) for pid, its in self._descendants.items() if its == host):
                del self._joined[tag]

    def families(self) -> dict[int, list[int]]:
        """The processes of each container, as of the last look, by its tag."""
        found: dict[int, list[int]] = {}
        for pid, tag in (*self._mains.items(), *self._descendants.items()):
            found.setdefault(tag, []).append(pid)
        return found

    def enlist(self, pid: int, tag: int) -> None:
        """A container's main process was started."""
        self._mains[pid] = tag
        self._living.add(tag)

    def reaped(self, pid: int) -> None:
        """A process is gone for good; its id may come back as another's."""
        self._living.discard(self._mains.pop(pid, 0))
        self._drop(pid)

    def kill(self, tags: Collection[int]) -> bool:
        """SIGKILL all descendants of these containers; False if new ones keep coming.

        What an ended container left behind is killed as well whenever it is seen. A process that
        is being killed forks no more, so a round that finds no new one is the last.
        """
        killed: set[int] = set()
        for _ in range(ROUNDS):
            self.look()
            found = {
                pid: tag
                for pid, tag in self._descendants.items()
                if pid not in killed and self._is_over(tag, tags)
            }
            if not found:
                return True
            killed.update(found)
            for pid, tag in found.items():
                self._kill(pid, tag)
        return False

    def _drop(self, pid: int) -> None:
        self._descendants.pop(pid, None)
        self._untagged.pop(pid, None)

    def _is_over(self, tag: int, tags: Collection[int]) -> bool:
        if tag == SOMEBODYS:
            return self._living.issubset(tags)
        return tag in tags or tag not in self._living

    def _kill(self, pid: int, tag: int) -> None:
        def is_same(pid: int) -> bool:
            return self._tag_of(pid) == tag or _stat_fields(pid)[19] == self._untagged.get(pid)

        if not _kill_if(pid, is_same):
            self._drop(pid)

    def look(self) -> None:
        """Take the processes into account that were started since the last look."""
        last = self._last_pid()
        unseen, self._uncertain = self._uncertain, []
        for pid in unseen:
            self._examine(pid)
        if last < 0 or last < self._cursor or last - self._cursor > FULL_SCAN:
            self._examine_all(all_pids())
        elif last > self._cursor:
            new = range(self._cursor + 1, last + 1)
            missing = [pid for pid in new if pid not in self._mains and not self._examine(pid)]
            self._uncertain = missing[-SECOND_LOOK:]
        self._cursor = last

    def _examine_all(self, pids: Iterable[int]) -> None:
        present = {pid for pid in pids if pid in self._mains or self._examine(pid)}
        for pid in self._descendants.keys() - present:
            self._drop(pid)

    def _examine(self, pid: int) -> bool:
        """Note whose process this is. False if there is none of this id (yet)."""
        if pid in self._own:
            return True
        try:
            tag = self._tag_of(pid)
            if tag not in self.tags:
                tag = self._by_family(pid)
        except ProcessLookupError:
            return False
        if tag:
            self._descendants[pid] = tag
        return True

    def _tag_of(self, pid: int) -> int:
        tag = tag_of(pid)
        return self._joined.get(tag, tag)

    def _by_family(self, pid: int) -> int:
        """The container whose session or known process this process comes from; 0 is none."""
        fields = _stat_fields(pid)
        parent, session = int(fields[1]), int(fields[3])
        mains = self._mains
        tag = mains.get(session) or mains.get(parent) or self._descendants.get(parent, 0)
        if not tag and parent in self._own:
            tag = SOMEBODYS  # orphans become the shim's own children
        if tag:
            self._untagged[pid] = fields[19]
        return tag

    def _last_pid(self) -> int:
        """The process id given out last; -1 if the kernel does not say."""
        if self._load < 0:
            return -1
        return int(os.pread(self._load, 128, 0).rpartition(b" ")[2]) or -1


def _bears(pid: int, tag: int) -> bool:
    try:
        return tag_of(pid) == tag
    except ProcessLookupError:
        return False


def _open_load() -> int:
    try:
        return os.open("/proc/loadavg", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return -1
