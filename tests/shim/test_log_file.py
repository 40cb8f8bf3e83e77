from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.shim.log_file import LONGEST_LINE, LineFormat, LogFile, Rotation, stamp

AT = 1_700_000_000_123_456_789
HEAD = b"2023-11-14T22:13:20.123456789Z stdout "


def content(formatted: bytes) -> bytes:
    """The bytes that a reader gets back."""
    back = b""
    for line in formatted.split(b"\n")[:-1]:
        _, _, tag, text = line.split(b" ", 3)
        back += text + (b"\n" if tag == b"F" else b"")
    return back


def test_stamps_have_nanoseconds() -> None:
    assert stamp(AT) == b"2023-11-14T22:13:20.123456789Z"
    assert stamp(5) == b"1970-01-01T00:00:00.000000005Z"


def test_a_line_comes_when_it_is_complete() -> None:
    lines = LineFormat("stdout")
    assert lines.feed(b"on", AT) == b""
    assert lines.feed(b"e\ntwo\nthr", AT) == HEAD + b"F one\n" + HEAD + b"F two\n"
    assert lines.finish(AT) == HEAD + b"P thr\n"
    assert lines.finish(AT) == b""


def test_a_long_line_is_cut_in_pieces_of_16_kib() -> None:
    text = b"x" * (2 * LONGEST_LINE + 10)
    lines = LineFormat("stdout").feed(text + b"\n", AT).split(b"\n")
    assert [line[: len(HEAD) + 2] for line in lines[:-1]] == [
        HEAD + b"P ",
        HEAD + b"P ",
        HEAD + b"F ",
    ]
    assert [len(line) - len(HEAD) - 2 for line in lines[:-1]] == [LONGEST_LINE, LONGEST_LINE, 10]


def test_a_line_without_end_is_not_kept_in_memory() -> None:
    lines = LineFormat("stdout")
    formatted = b"".join(lines.feed(b"y" * 1000, AT) for _ in range(100))
    assert 100_000 - len(content(formatted)) <= LONGEST_LINE


def test_a_line_of_just_the_length_is_whole() -> None:
    formatted = LineFormat("stdout").feed(b"z" * LONGEST_LINE + b"\n", AT)
    assert formatted.startswith(HEAD + b"F z")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=50),
            st.sampled_from([b"\n", b"\n\n", b"a" * 20_000, b"b" * LONGEST_LINE, b"c\n" * 9000]),
        ),
        max_size=12,
    )
)
def test_no_byte_is_lost_however_it_comes(chunks: list[bytes]) -> None:
    lines = LineFormat("stdout")
    formatted = b"".join(lines.feed(chunk, AT) for chunk in chunks) + lines.finish(AT)
    assert content(formatted) == b"".join(chunks)
    longest = max((len(line) for line in formatted.split(b"\n")), default=0)
    assert longest <= len(HEAD) + 2 + LONGEST_LINE


def test_rotation_keeps_five_files(tmp_path: Path) -> None:
    log = LogFile(str(tmp_path / "deep" / "er" / "c.log"), Rotation(max_bytes=100, max_files=5))
    for number in range(30):
        log.write(b"%03d " % number + b"x" * 45 + b"\n")
    log.close()
    folder = tmp_path / "deep" / "er"
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    # The last line filled a file: it stays under the log's own name until there is another.
    assert sorted(texts) == ["c.log", *(f"c.log.{number}" for number in range(1, 5))]
    assert texts["c.log"].startswith("028")
    assert texts["c.log.4"].startswith("020")


def test_a_restarted_writer_appends(tmp_path: Path) -> None:
    for text in (b"one\n", b"two\n"):
        log = LogFile(str(tmp_path / "c.log"), Rotation())
        log.write(text)
        log.close()
    assert (tmp_path / "c.log").read_bytes() == b"one\ntwo\n"


def test_a_disk_that_takes_no_more_is_said_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    log = LogFile(str(tmp_path / "file" / "c.log"), Rotation())
    log.write(b"one\n")
    log.write(b"two\n")
    log.close()
    assert len(capfd.readouterr().err.splitlines()) == 1
