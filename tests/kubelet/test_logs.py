from __future__ import annotations

import asyncio
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.clock import VirtualClock
from localjobs.kubelet import log_reader
from localjobs.kubelet.logs import (
    FOLLOW_SECONDS,
    LogOptions,
    Stream,
    follow_log,
    parse_entry,
    read_log,
    render_time,
    stream_log,
)
from localjobs.shim.log_file import stamp

START = 1_700_000_000


def line(text: str, at: float = START, stream: str = "stdout", tag: str = "F") -> bytes:
    return render_time(at) + f" {stream} {tag} {text}\n".encode()


def write(path: Path, *lines: bytes) -> str:
    with path.open("ab") as file:
        file.writelines(lines)
    return str(path)


def rotate(path: Path) -> None:
    for number in range(log_reader.ROTATED_FILES, 0, -1):
        newer = path if number == 1 else Path(f"{path}.{number - 1}")
        if newer.exists():
            newer.replace(f"{path}.{number}")


def read(path: str, **options: object) -> bytes:
    return b"".join(read_log(path, LogOptions(**options)))  # type: ignore[arg-type] # test's brevity


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "c.log"


def test_a_log_that_is_not_there_is_empty(log: Path) -> None:
    assert read(str(log)) == b""
    assert read(str(log), tail_lines=5) == b""


def test_stamps_and_tags_are_not_shown(log: Path) -> None:
    path = write(log, line("a b  c"), line("", stream="stderr"), line("end", tag="P"))
    assert read(path) == b"a b  c\n\nend"


def test_timestamps_are_put_before_whole_lines(log: Path) -> None:
    path = write(log, line("one-", tag="P"), line("line"), line("two", START + 1.5))
    assert read(path, timestamps=True) == (
        b"2023-11-14T22:13:20.000000000Z one-line\n2023-11-14T22:13:21.500000000Z two\n"
    )


def test_since_time_leaves_out_what_is_older(log: Path) -> None:
    path = write(log, *(line(str(number), START + number) for number in range(5)))
    assert read(path, since_time=START + 3.0) == b"3\n4\n"
    assert read(path, since_time=START + 3.000001) == b"4\n"


def test_tail_counts_before_since_filters(log: Path) -> None:
    path = write(log, *(line(str(number), START + number) for number in range(5)))
    assert read(path, tail_lines=3, since_time=float(START)) == b"2\n3\n4\n"
    assert read(path, tail_lines=1, since_time=START + 1.0) == b"4\n"
    assert read(path, tail_lines=3, since_time=START + 4.0) == b"4\n"


def test_limit_bytes_cuts_anywhere(log: Path) -> None:
    path = write(log, line("abc"), line("def"))
    assert read(path, limit_bytes=5) == b"abc\nd"
    assert read(path, limit_bytes=100) == b"abc\ndef\n"


def test_one_stream(log: Path) -> None:
    path = write(log, line("out"), line("err", stream="stderr"))
    assert read(path, stream=Stream.STDOUT) == b"out\n"
    assert read(path, stream=Stream.STDERR) == b"err\n"


def test_what_is_no_entry_is_skipped(log: Path) -> None:
    path = write(log, b"rubbish\n", line("good"), b"x y z w\n", b"unfinished")
    assert read(path) == b"good\n"
    assert parse_entry(b"rubbish\n") is None


def test_rotated_files_come_first(log: Path) -> None:
    for number in range(4):
        write(log, line(f"{number}a"), line(f"{number}b"))
        rotate(log)
    write(log, line("4a"))
    assert read(str(log)) == b"0a\n0b\n1a\n1b\n2a\n2b\n3a\n3b\n4a\n"
    assert read(str(log), tail_lines=4) == b"2b\n3a\n3b\n4a\n"
    rotate(log)  # nothing is written yet, so there is no newest file
    assert read(str(log)) == b"0a\n0b\n1a\n1b\n2a\n2b\n3a\n3b\n4a\n"


def test_times_compare_as_the_shim_writes_them() -> None:
    assert render_time(START + 0.25) == stamp(START * 10**9 + 250_000_000)
    times = [0.0, 1.0, 1e9, 1e9 + 0.000001, 2e9]
    assert all(render_time(a) < render_time(b) for a, b in pairwise(times))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 300), max_size=40),
    st.integers(0, 45),
    st.sets(st.integers(0, 40), max_size=3),
)
def test_tail_is_the_end_of_all(lengths: list[int], tail: int, rotations: set[int]) -> None:
    block, log_reader.BLOCK = log_reader.BLOCK, 64
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "log"
            for number, length in enumerate(lengths):
                write(path, line("x" * length + str(number)))
                if number in rotations:
                    rotate(path)
            everything = read(str(path)).splitlines()
            assert len(everything) == len(lengths)
            expected = everything[-tail:] if tail else []
            assert read(str(path), tail_lines=tail).splitlines() == expected
    finally:
        log_reader.BLOCK = block


async def test_streaming_gives_the_same(log: Path) -> None:
    path = write(log, *(line("x" * 1000) for _ in range(500)))
    pieces = [piece async for piece in stream_log(path, LogOptions())]
    assert len(pieces) > 1
    assert b"".join(pieces) == read(path)


class Follower:
    """Follows a log on a virtual clock."""

    def __init__(self, path: Path, options: LogOptions | None = None) -> None:
        self.clock = VirtualClock()
        self.finished = asyncio.Event()
        self.seen = b""
        self._iterator = follow_log(str(path), options or LogOptions(), self.finished, self.clock)
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        async for piece in self._iterator:
            self.seen += piece

    async def look(self) -> bytes:
        """Let it look once more; return what it has seen so far."""
        for _ in range(10):
            await asyncio.sleep(0)
        self.clock.advance(FOLLOW_SECONDS)
        for _ in range(10):
            await asyncio.sleep(0)
        return self.seen


async def test_following_sees_what_comes_across_rotations(log: Path) -> None:
    follower = Follower(log)
    assert await follower.look() == b""
    write(log, line("1"))
    assert await follower.look() == b"1\n"
    write(log, line("2"))
    rotate(log)
    assert await follower.look() == b"1\n2\n"
    write(log, line("3"))
    rotate(log)
    write(log, line("4"))
    rotate(log)
    write(log, line("5"))
    assert await follower.look() == b"1\n2\n3\n4\n5\n"
    write(log, line("6"))
    follower.finished.set()
    await follower.task
    assert follower.seen == b"1\n2\n3\n4\n5\n6\n"


async def test_following_waits_for_the_rest_of_a_line(log: Path) -> None:
    follower = Follower(log)
    whole = line("whole")
    write(log, whole[:20])
    assert await follower.look() == b""
    write(log, whole[20:])
    assert await follower.look() == b"whole\n"
    follower.finished.set()
    await follower.task


async def test_following_from_the_tail_up_to_a_limit(log: Path) -> None:
    write(log, line("old"), line("new"))
    follower = Follower(log, LogOptions(tail_lines=1, limit_bytes=6))
    assert await follower.look() == b"new\n"
    write(log, line("more"))
    await follower.look()
    await follower.task
    assert follower.seen == b"new\nmo"


async def test_a_follower_that_leaves_lets_go(log: Path) -> None:
    write(log, line("x"))
    iterator = follow_log(str(log), LogOptions(), asyncio.Event(), VirtualClock())
    assert await anext(iterator) == b"x\n"
    await iterator.aclose()  # type: ignore[attr-defined] # it is a generator


async def test_following_a_finished_log_ends_at_once(log: Path) -> None:
    write(log, line("x"))
    follower = Follower(log)
    follower.finished.set()
    await follower.task
    assert follower.seen == b"x\n"
