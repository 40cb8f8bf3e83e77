"""How processes are started, and what is said when they cannot be."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from localjobs.kubelet.runtime import Exited, Start, StartFailed
from tests.kubelet.shim_harness import ShimHarness

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may become another user")
as_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


async def failure(harness: ShimHarness, start: Start) -> str:
    harness.runtime.start(start)
    end = await harness.ended(start.container_id)
    assert isinstance(end, StartFailed), end
    return end.message


async def test_a_command_not_in_path(harness: ShimHarness) -> None:
    message = await failure(harness, harness.new_start("a", ("nope", "x")))
    assert message == 'exec: "nope": executable file not found in $PATH'


async def test_path_is_the_containers_own(harness: ShimHarness, tmp_path: Path) -> None:
    program = tmp_path / "only-here"
    program.write_text("#!/bin/sh\nexit 5\n")
    program.chmod(0o755)
    harness.runtime.start(harness.new_start("a", ("only-here",), {"PATH": f"/bin:{tmp_path}"}))
    assert (await harness.exited("a")).exit_code == 5
    message = await failure(harness, harness.new_start("b", ("sh",), {"PATH": "/nowhere"}))
    assert message == 'exec: "sh": executable file not found in $PATH'


async def test_a_relative_directory_in_path_is_refused(
    harness: ShimHarness, tmp_path: Path
) -> None:
    program = tmp_path / "here"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    start = harness.new_start("a", ("here",), {"PATH": "."}, working_directory=str(tmp_path))
    expected = 'exec: "here": cannot run executable found relative to current directory'
    assert await failure(harness, start) == expected


async def test_a_path_that_is_not_there(harness: ShimHarness) -> None:
    message = await failure(harness, harness.new_start("a", ("/no/such/file",)))
    expected = 'exec: "/no/such/file": stat /no/such/file: no such file or directory'
    assert message == expected


async def test_a_file_that_is_not_executable(harness: ShimHarness, tmp_path: Path) -> None:
    path = tmp_path / "plain"
    path.write_text("text")
    message = await failure(harness, harness.new_start("a", (str(path),)))
    assert message == f'exec: "{path}": permission denied'


async def test_a_directory(harness: ShimHarness) -> None:
    assert await failure(harness, harness.new_start("a", ("/",))) == 'exec: "/": is a directory'


async def test_no_format_that_the_kernel_knows(harness: ShimHarness, tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(b"\x00\x01\x02")
    path.chmod(0o755)
    message = await failure(harness, harness.new_start("a", (str(path),)))
    assert message == f"exec {path}: exec format error"


async def test_an_interpreter_that_is_not_there(harness: ShimHarness, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text("#!/no/such/interpreter\n")
    path.chmod(0o755)
    message = await failure(harness, harness.new_start("a", (str(path),)))
    assert message == f"exec {path}: no such file or directory"


async def test_a_working_directory_that_is_not_there(harness: ShimHarness) -> None:
    start = harness.new_start("a", ("/bin/true",), working_directory="/no/such/directory")
    expected = (
        'chdir to cwd ("/no/such/directory") set in config.json failed: no such file or directory'
    )
    assert await failure(harness, start) == expected


async def test_more_environment_than_the_kernel_takes(harness: ShimHarness) -> None:
    environment = {f"V{number}": "x" * 100_000 for number in range(40)}
    message = await failure(harness, harness.new_start("a", ("/bin/true",), environment))
    assert message == "exec /bin/true: argument list too long"


async def test_a_zero_byte_in_an_argument(harness: ShimHarness) -> None:
    message = await failure(harness, harness.new_start("a", ("/bin/echo", "a\0b")))
    assert message.startswith("exec /bin/echo: ")


async def test_a_failed_start_leaves_the_next_one_alone(harness: ShimHarness) -> None:
    before = await open_files(harness)
    for number in range(20):
        await failure(harness, harness.new_start(f"bad-{number}", ("nope",)))
    assert (await harness.run("good", "exit 0")).exit_code == 0
    assert await open_files(harness) == before


async def open_files(harness: ShimHarness) -> int:
    return len(os.listdir(f"/proc/{harness.runtime.shim_pid}/fd"))


async def test_environment_and_working_directory_and_stdin(
    harness: ShimHarness, tmp_path: Path
) -> None:
    script = 'pwd; env | grep -v -e ^PWD= -e ^PATH= -e ^_= -e ^SHLVL= | sort; cat; echo "[$X]"'
    environment = {"X": "a b\nc", "Y": "ü"}
    command = ("/bin/sh", "-c", script)
    harness.runtime.start(harness.new_start("a", command, environment, str(tmp_path)))
    assert (await harness.exited("a")).exit_code == 0
    expected = f"{tmp_path}\nX=a b\nY=ü\nc\n[a b\nc]\n".encode()
    lines = sorted(harness.text("a").splitlines())
    assert lines == sorted(expected.splitlines())


@as_linux
async def test_no_signal_is_blocked_or_ignored_and_no_file_is_left_open(
    harness: ShimHarness,
) -> None:
    script = "grep -E '^Sig(Blk|Ign)' /proc/self/status; ls /proc/self/fd | tr '\\n' ' '; umask"
    await harness.run("a", script)
    lines = harness.text("a").decode().splitlines()
    blocked, ignored = (int(line.split()[1], 16) for line in lines[:2])
    of_the_c_library = 1 << 31 | 1 << 32  # 32 and 33: glibc's posix_spawn leaves them ignored
    assert (blocked, ignored & ~of_the_c_library) == (0, 0)
    assert lines[2].split() == ["0", "1", "2", "3", "0022"]  # 3 is ls's own


async def test_every_process_leads_a_session_of_its_own(harness: ShimHarness) -> None:
    await harness.run("a", "ps -o pid=,pgid=,sid= -p $$")
    assert len(set(harness.text("a").split())) == 1


async def test_the_limit_of_open_files_is_the_daemons(harness: ShimHarness) -> None:
    import resource

    await harness.run("a", "ulimit -n")
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert harness.text("a").decode().strip() == str(soft)


@as_root
async def test_another_user(harness: ShimHarness) -> None:
    start = harness.new_start("a", ("/bin/sh", "-c", "id -u; id -g; id -G; ps -o sid= -p $$"))
    other = Start(
        start.container_id,
        start.command,
        start.environment,
        "/",
        start.log_path,
        user=65534,
        group=4242,
    )
    harness.runtime.start(other)
    end = await harness.exited("a")
    assert end.exit_code == 0
    identity: list[str] = harness.text("a").decode().splitlines()
    assert identity[:2] == ["65534", "4242"]
    assert "0" not in identity[2].split()
    assert int(identity[3]) == (await harness.started("a")).pid


@as_root
async def test_another_user_may_not_run_what_is_not_theirs(
    harness: ShimHarness, tmp_path: Path
) -> None:
    program = tmp_path / "mine"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    start = harness.new_start("a", (str(program),))
    message = await failure(
        harness,
        Start("a", start.command, start.environment, "/", start.log_path, user=65534),
    )
    assert message == f"exec {program}: permission denied"


@pytest.mark.parametrize("code", [0, 1, 42, 127, 128, 137, 143, 255])
async def test_exit_codes(harness: ShimHarness, code: int) -> None:
    end = await harness.run("a", f"exit {code}")
    assert (end.exit_code, end.signal) == (code, None)


async def test_every_signal_that_ends_a_process(harness: ShimHarness) -> None:
    harmless = {signal.SIGCHLD, signal.SIGCONT, signal.SIGURG, signal.SIGWINCH}
    stopping = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
    numbers = sorted(signal.valid_signals() - harmless - stopping - {32, 33})
    for number in numbers:
        name = f"s{int(number)}"
        command = ("/bin/sh", "-c", f"kill -{int(number)} $$; sleep 5")
        harness.runtime.start(harness.new_start(name, command))
    for number in numbers:
        end = await harness.ended(f"s{int(number)}")
        assert isinstance(end, Exited)
        assert (end.exit_code, end.signal) == (None, number)
        assert not end.out_of_memory
