"""What a container starts ends with it, however it hides."""

from __future__ import annotations

import signal
import sys
import textwrap
from pathlib import Path

import pytest

from tests.kubelet.shim_harness import ShimHarness, alive, poll

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and subreapers")

# Forks twice with a session of its own in between, closes all files, clears its environment and its
# name: a daemon as in the book. Its process id is left in the file that is named.
DAEMON = textwrap.dedent(
    """
    import os, sys
    if os.fork():
        os.wait()
        sys.exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid()
    os.closerange(0, 1024)
    with open(sys.argv[1] + ".new", "w") as file:
        file.write(str(os.getpid()))
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    os.execve("/bin/sleep", ["[kworker]", "1000"], {})
    """
)


@pytest.fixture
def daemon(tmp_path: Path) -> str:
    path = tmp_path / "daemon.py"
    path.write_text(DAEMON)
    return f"{sys.executable} -S {path}"


async def pid_in(path: Path) -> int:
    await poll(path.exists)
    return read_pid(path)


def read_pid(path: Path) -> int:
    return int(path.read_text())


async def test_a_daemon_ends_with_its_containers_main_process(
    harness: ShimHarness, daemon: str, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    end = await harness.run("a", f"{daemon} {file}; while ! [ -e {file} ]; do :; done; exit 3")
    assert end.exit_code == 3
    pid = await pid_in(file)
    await poll(lambda: not alive(pid))


async def test_a_daemon_is_killed_with_its_container(
    harness: ShimHarness, daemon: str, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    command = ("/bin/sh", "-c", f"trap '' TERM; {daemon} {file}; while :; do sleep 0.1; done")
    harness.runtime.start(harness.new_start("a", command))
    pid = await pid_in(file)
    assert alive(pid)
    harness.runtime.signal("a", signal.SIGTERM)
    await harness.settle()
    assert alive(pid)
    harness.runtime.kill("a")
    assert (await harness.exited("a")).signal == signal.SIGKILL
    await poll(lambda: not alive(pid))


async def test_a_daemon_of_one_container_is_none_of_anothers(
    harness: ShimHarness, daemon: str, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    command = ("/bin/sh", "-c", f"{daemon} {file}; exec sleep 1000")
    harness.runtime.start(harness.new_start("keeps", command))
    pid = await pid_in(file)
    for number in range(5):
        await harness.run(f"other-{number}", "sleep 0 & exit 0")
    assert alive(pid)
    harness.runtime.kill("keeps")
    await poll(lambda: not alive(pid))


async def test_a_child_that_holds_stdout_delays_nothing(harness: ShimHarness) -> None:
    end = await harness.run("a", "sleep 100 & echo parent $!; exit 0")
    assert end.exit_code == 0
    text = harness.text("a").split()
    assert text[0] == b"parent"
    pid = int(text[1])
    await poll(lambda: not alive(pid))


async def test_a_process_without_the_tag_is_found_by_its_session(
    harness: ShimHarness, tmp_path: Path
) -> None:
    # In a process group of its own, its parent gone, but of the container's session.
    file = tmp_path / "pid"
    script = textwrap.dedent(
        f"""
        import os, resource
        if os.fork():
            os.wait()
            raise SystemExit(0)
        if os.fork():
            os._exit(0)
        os.setpgid(0, 0)
        resource.setrlimit(resource.RLIMIT_RTTIME, (10**6, 10**6))
        with open({str(file)!r}, "w") as f: f.write(str(os.getpid()))
        os.execve("/bin/sleep", ["sleep", "1000"], {{}})
        """
    )
    python = f"{sys.executable} -S -c '{script.replace(chr(39), chr(34))}'"
    await harness.run("a", f"{python}; while ! [ -s {file} ]; do :; done; exit 0")
    pid = int(file.read_text())
    await harness.settle()
    await poll(lambda: not alive(pid))


async def test_an_untagged_child_is_found_by_its_parent(
    harness: ShimHarness, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    script = textwrap.dedent(
        f"""
        import os, resource, time
        if not os.fork():
            resource.setrlimit(resource.RLIMIT_RTTIME, (10**6, 10**6))
            os.setsid()
            with open({str(file)!r}, "w") as f: f.write(str(os.getpid()))
            os.execve("/bin/sleep", ["sleep", "1000"], {{}})
        time.sleep(1000)
        """
    )
    harness.runtime.start(harness.new_start("a", (sys.executable, "-S", "-c", script)))
    await poll(lambda: file.exists() and file.read_text() != "")
    pid = int(file.read_text())
    harness.runtime.kill("a")
    await harness.exited("a")
    await poll(lambda: not alive(pid))


async def test_descendants_that_keep_forking_are_all_killed(
    harness: ShimHarness, tmp_path: Path
) -> None:
    # Each generation lives shortly and starts the next one in a session of its own.
    script = tmp_path / "relay.sh"
    script.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/pids\nsetsid {script} &\nsleep 0.01\n")
    script.chmod(0o755)
    command = ("/bin/sh", "-c", f"setsid {script} & setsid {script} & sleep 0.3; exit 0")
    harness.runtime.start(harness.new_start("a", command))
    await harness.exited("a")

    def still() -> bool:
        pids = [int(line) for line in (tmp_path / "pids").read_text().split()]
        return not any(alive(pid) and _runs(pid, str(script)) for pid in pids)

    await poll(still)
    seen = (tmp_path / "pids").read_text()
    await harness.run("later", "sleep 0.2")
    assert (tmp_path / "pids").read_text() == seen


def _runs(pid: int, text: str) -> bool:
    try:
        return text.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_no_zombies_are_left(harness: ShimHarness) -> None:
    for number in range(10):
        await harness.run(str(number), "(sleep 0.01 &) ; (setsid sleep 100 &) ; exit 0")
    shim = harness.runtime.shim_pid

    def none() -> bool:
        return not children_of(shim)

    await poll(none)


def children_of(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


async def test_forget_kills_what_runs_and_says_nothing(harness: ShimHarness) -> None:
    harness.runtime.start(harness.new_start("a", ("/bin/sleep", "1000")))
    pid = (await harness.started("a")).pid
    harness.runtime.forget("a")
    await poll(lambda: not alive(pid))
    await harness.settle()
    assert [event.container_id for event in harness.events] == ["a"]
