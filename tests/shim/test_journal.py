from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.shim import journal as journals
from localjobs.shim.journal import Journal, Story, recall
from localjobs.shim.protocol import Message

HEADER: Message = ["shim", 1, "boot", "machine", 2**40]

STEPS = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(["start", "exit", "fail", "forget"])),
    max_size=30,
)


def write(journal: Journal, name: str, step: str) -> None:
    """Do what the shim would do, if it can happen at this point."""
    story = journal.stories.get(name)
    if step == "start" and story is None:
        journal.starting(name, 7)
        journal.record(["started", name, 42, 1.5])
    elif step == "fail" and story is None:
        journal.starting(name, 8)
        journal.record(["failed", name, 'exec: "ü"', 1.5])
    elif step == "exit" and story is not None and story.ended is None:
        journal.record(["exited", name, 2.5, 0, None, False])
    elif step == "forget":
        journal.forget(name)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.sampled_from([10, journals.COMPACT_BYTES]))
def test_what_was_written_is_recalled(steps: list[tuple[str, str]], compact: int) -> None:
    usual, journals.COMPACT_BYTES = journals.COMPACT_BYTES, compact
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/journal"
            journal = Journal(path, HEADER, {})
            for name, step in steps:
                write(journal, name, step)
                journal.flush()
            told = dict(journal.stories)
            journal.close()
            recollection = recall(path)
            assert recollection.header == HEADER
            assert recollection.stories == told
    finally:
        journals.COMPACT_BYTES = usual


@settings(max_examples=40, deadline=None)
@given(STEPS, st.integers(0, 2000))
def test_a_tear_anywhere_loses_only_what_was_not_written(
    steps: list[tuple[str, str]], size: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        journal = Journal(str(path), HEADER, {})
        for name, step in steps:
            write(journal, name, step)
            journal.flush()
        journal.close()
        data = path.read_bytes()
        header = data.index(b"\n") + 1
        path.write_bytes(data[: max(header, size)])
        recollection = recall(str(path))
        assert recollection.header == HEADER
        assert set(recollection.stories) <= {"a", "b", "c", "d"}


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    assert recall(str(tmp_path / "none")).stories == {}
    assert recall(str(tmp_path / "none")).header is None


def test_a_new_journal_holds_the_old_stories(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    ended: Message = ["exited", "a", 2.0, 3, None, False]
    stories = {
        "a": Story(5, ["started", "a", 9, 1.0], ended),
        "b": Story(6, None, ["lost", "b", 3.0]),
    }
    Journal(path, HEADER, stories).close()
    assert recall(path).stories == stories


def test_nothing_is_written_before_flush_and_all_of_it_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(str(path), HEADER, {})
    journal.starting("a", 1)
    journal.record(["started", "a", 2, 3.0])
    assert len(path.read_bytes().splitlines()) == 1
    journal.flush()
    assert len(path.read_bytes().splitlines()) == 2
    journal.close()


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "journal"
    journal = Journal(str(path), HEADER, {})
    journal.starting("a", 1)

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        journal.flush()
    journal.record(["lost", "a", 1.0])
    journal.close()
    assert recall(str(path)).stories == {"a": Story(1, None, ["lost", "a", 1.0])}
