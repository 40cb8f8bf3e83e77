"""What containers write, and that it is all in the log when their end is reported."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from localjobs.kubelet.runtime import Exited
from localjobs.shim.log_file import Rotation
from tests.kubelet.shim_harness import ShimHarness, alive, poll

LINE = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z (stdout|stderr) [FP] ")


async def test_lines_have_a_stamp_a_stream_and_a_tag(harness: ShimHarness) -> None:
    await harness.run("a", "echo out; sleep 0.05; echo err >&2; sleep 0.05; printf 'no\\nend'")
    lines = harness.log("a").splitlines()
    assert all(LINE.match(line) for line in lines)
    assert [line.split(b" ", 1)[1] for line in lines] == [
        b"stdout F out",
        b"stderr F err",
        b"stdout F no",
        b"stdout P end",
    ]
    stamps = [line.split(b" ")[0] for line in lines]
    assert stamps == sorted(stamps)


async def test_no_output_makes_no_file(harness: ShimHarness) -> None:
    await harness.run("a", "exit 0")
    assert not (harness.directory / "logs" / "a.log").exists()


async def test_bytes_are_kept(harness: ShimHarness) -> None:
    await harness.run("a", r"printf '\377\000\001\r\n\n x \n'")
    assert harness.text("a") == b"\xff\x00\x01\r\n\n x \n"


async def test_output_is_there_while_it_runs(harness: ShimHarness) -> None:
    harness.runtime.start(harness.new_start("a", ("/bin/sh", "-c", "echo early; exec sleep 1000")))
    await harness.logged("a", b"stdout F early\n")
    harness.runtime.kill("a")
    await harness.exited("a")


async def test_closing_stdout_is_no_end(harness: ShimHarness) -> None:
    end = await harness.run("a", "echo x; exec >&-; sleep 0.1; echo late >&2; exit 6")
    assert end.exit_code == 6
    assert harness.text("a") == b"x\nlate\n"


async def test_much_output_is_complete_at_the_end(harness: ShimHarness) -> None:
    end = await harness.run("a", "seq 200000; exit 9")
    assert end.exit_code == 9
    assert harness.text("a") == b"".join(b"%d\n" % number for number in range(1, 200001))


async def test_what_is_left_in_the_pipe_at_the_end_is_read(harness: ShimHarness) -> None:
    for number in range(20):
        name = f"a{number}"
        command = (sys.executable, "-S", "-c", "import os; os.write(1, b'x' * 60000)")
        harness.runtime.start(harness.new_start(name, command))
    for number in range(20):
        await harness.exited(f"a{number}")
        assert harness.text(f"a{number}") == b"x" * 60000


async def test_a_flood_is_rotated_and_delays_nobody(harness: ShimHarness) -> None:
    harness.runtime.start(harness.new_start("flood", ("/usr/bin/yes", "y" * 100)))
    newest = harness.directory / "logs" / "flood.log"
    await harness.logged("flood", b"y")
    for number in range(5):
        assert (await harness.run(f"small-{number}", "echo hi")).exit_code == 0
        assert harness.text(f"small-{number}") == b"hi\n"
    await poll(lambda: Path(f"{newest}.4").exists())
    before = resident(harness.runtime.shim_pid)
    first = os.stat(f"{newest}.4").st_ino
    await poll(lambda: _inode(f"{newest}.4") != first)
    assert resident(harness.runtime.shim_pid) < before + 4096
    harness.runtime.kill("flood")
    await harness.exited("flood")
    files = sorted(path.name for path in newest.parent.glob("flood.log*"))
    assert set(files) <= {"flood.log", *(f"flood.log.{number}" for number in range(1, 5))}
    sizes = [os.stat(f"{newest}.{number}").st_size for number in range(1, 5)]
    full = Rotation().max_bytes
    assert all(full <= size < full + (1 << 20) for size in sizes)
    assert harness.log("flood", ".2").endswith(b"\n")


def _inode(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return 0


def resident(pid: int) -> int:
    """Resident memory in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


async def test_a_log_that_cannot_be_written_harms_no_container(harness: ShimHarness) -> None:
    (harness.directory / "logs").mkdir()
    (harness.directory / "logs" / "a.log").mkdir()
    assert (await harness.run("a", "seq 100000; exit 4")).exit_code == 4
    assert (await harness.run("b", "echo fine")).exit_code == 0
    assert harness.text("b") == b"fine\n"
    said = (harness.directory / "shim" / "shim.log").read_text()
    assert len(said.splitlines()) == 1
    assert "a.log: " in said


async def test_hundreds_at_once(harness: ShimHarness) -> None:
    count = 300
    for number in range(count):
        script = (
            f"echo start; read x < {harness.directory}/gate; echo {number}; exit {number % 200}"
        )
        harness.runtime.start(harness.new_start(str(number), ("/bin/sh", "-c", script)))
    # Nobody ends before all have begun: the gate is a pipe that opens when it is written to.
    gate = harness.directory / "gate"
    if not gate.exists():
        os.mkfifo(gate)
    for number in range(count):
        await harness.started(str(number))
        await harness.logged(str(number), b"start")
    writer = os.open(gate, os.O_RDWR)
    os.write(writer, b"go\n" * count)
    for number in range(count):
        assert (await harness.exited(str(number))).exit_code == number % 200
        assert harness.text(str(number)) == b"start\n%d\n" % number
    os.close(writer)


async def test_many_short_ones(harness: ShimHarness) -> None:
    count = 1000
    for number in range(count):
        harness.runtime.start(harness.new_start(f"n{number}", ("/bin/true",)))
    for number in range(count):
        assert (await harness.exited(f"n{number}")).exit_code == 0
    assert len(harness.events) == 2 * count
    assert (
        len(
            {
                event.pid
                for event in harness.events
                if not isinstance(event, Exited) and hasattr(event, "pid")
            }
        )
        > count // 2
    )


async def test_stopping_and_continuing_is_no_end(harness: ShimHarness) -> None:
    import signal

    harness.runtime.start(harness.new_start("a", ("/bin/sleep", "1000")))
    pid = (await harness.started("a")).pid
    harness.runtime.signal("a", signal.SIGSTOP)
    await harness.settle()
    harness.runtime.signal("a", signal.SIGCONT)
    await harness.settle()
    assert alive(pid)
    assert len(harness.events) == 1
    harness.runtime.signal("a", signal.SIGHUP)
    assert (await harness.exited("a")).signal == signal.SIGHUP
