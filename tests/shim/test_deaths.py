"""Whoever dies, nothing is lost and nothing runs twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from localjobs.errors import RuntimeUnavailable
from localjobs.kubelet.runtime import Exited, Lost, Started
from localjobs.kubelet.shim_client import ShimClient
from localjobs.kubelet.shim_connection import dial
from localjobs.shim.protocol import pack
from tests.kubelet.shim_harness import ShimHarness, alive, poll

# A daemon that starts containers and is then killed: no goodbye of any kind.
DAEMON = textwrap.dedent(
    """
    import asyncio, sys
    from pathlib import Path
    from localjobs.kubelet.runtime import Start
    from localjobs.kubelet.shim_client import ShimClient
    from localjobs.kubelet.shim_connection import ShimTerms

    async def main(directory):
        client = ShimClient(Path(directory) / "shim", ShimTerms(5.0))
        client.listen(lambda events: print(len(events), flush=True))
        await client.connect()
        for number in range(50):
            script = f"echo {number} >> {directory}/ran; sleep 0.{number:02}; exit {number}"
            log = f"{directory}/logs/{number}.log"
            client.start(Start(str(number), ("/bin/sh", "-c", script), {}, "/", log))
        await asyncio.Event().wait()

    asyncio.run(main(sys.argv[1]))
    """
)


async def test_a_killed_daemon_loses_no_exit_and_nothing_runs_twice(tmp_path: Path) -> None:
    daemon = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DAEMON,
        str(tmp_path),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert daemon.stdout is not None
    assert await daemon.stdout.readline(), "it ended by itself"
    daemon.kill()
    await daemon.communicate()
    harness = ShimHarness(tmp_path)
    # Asked again for all of them, before it knows: the first requests may not have been read.
    for number in range(50):
        harness.runtime.start(
            harness.new_start(
                str(number), ("/bin/sh", "-c", f"echo {number} >> {tmp_path}/ran; exit {number}")
            )
        )
    await harness.connect()
    for number in range(50):
        assert (await harness.exited(str(number))).exit_code == number
    assert sorted(map(int, (tmp_path / "ran").read_text().split())) == list(range(50))
    await harness.aclose()


async def test_exits_while_no_daemon_is_there_are_kept(harness: ShimHarness) -> None:
    script = f"while ! [ -e {harness.directory}/go ]; do sleep 0.01; done; echo done; exit 11"
    harness.runtime.start(harness.new_start("a", ("/bin/sh", "-c", script)))
    await harness.started("a")
    boot = harness.runtime.boot_id
    await harness.abandon_daemon()
    (harness.directory / "go").touch()
    await harness.logged("a", b"done")
    await harness.connect()
    assert (await harness.exited("a")).exit_code == 11
    assert harness.runtime.boot_id == boot


async def test_exits_outlive_a_shim_that_left_in_peace(tmp_path: Path) -> None:
    harness = ShimHarness(tmp_path, grace_seconds=0.05)
    await harness.connect()
    boot, pid = harness.runtime.boot_id, harness.runtime.shim_pid
    end = await harness.run("a", "exit 12")
    await harness.abandon_daemon()
    await poll(lambda: not alive(pid))
    await harness.connect()
    assert harness.runtime.boot_id != boot
    assert await harness.exited("a") == end
    await harness.aclose()


async def test_a_shim_stays_while_a_process_is_left(tmp_path: Path) -> None:
    harness = ShimHarness(tmp_path, grace_seconds=0.05)
    await harness.connect()
    boot = harness.runtime.boot_id
    script = f"while ! [ -e {tmp_path}/go ]; do sleep 0.01; done; exit 13"
    harness.runtime.start(harness.new_start("a", ("/bin/sh", "-c", script)))
    await harness.started("a")
    await harness.abandon_daemon()
    pause = await asyncio.create_subprocess_exec("/bin/sleep", "0.3")
    await pause.wait()
    await harness.connect()
    assert harness.runtime.boot_id == boot
    (tmp_path / "go").touch()
    assert (await harness.exited("a")).exit_code == 13
    await harness.aclose()


async def test_a_killed_shim_takes_its_processes_along(harness: ShimHarness) -> None:
    hidden = harness.directory / "hidden"
    script = f"setsid sh -c 'echo $$ > {hidden}; exec sleep 1000' & exec sleep 1000"
    harness.runtime.start(harness.new_start("a", ("/bin/sh", "-c", script)))
    harness.runtime.start(harness.new_start("b", ("/bin/sleep", "1000")))
    pids = [(await harness.started(name)).pid for name in ("a", "b")]
    await poll(lambda: hidden.exists() and hidden.read_text() != "")
    pids.append(int(hidden.read_text()))
    boot = harness.runtime.boot_id
    await harness.crash()
    for name in ("a", "b"):
        assert isinstance(await harness.ended(name), Lost)
    assert not any(alive(pid) for pid in pids)
    await poll(lambda: harness.runtime.boot_id not in ("", boot))


async def test_shim_and_daemon_killed_together(tmp_path: Path) -> None:
    harness = ShimHarness(tmp_path)
    await harness.runtime.connect()
    harness.runtime.start(harness.new_start("a", ("/bin/sleep", "1000")))
    pid = (await harness.started("a")).pid
    await harness.crash()
    await harness.abandon_daemon()
    await harness.connect()
    assert isinstance(await harness.ended("a"), Lost)
    assert not alive(pid)
    await harness.aclose()


async def test_requests_made_while_the_shim_dies_go_to_the_next(harness: ShimHarness) -> None:
    await harness.crash()
    for number in range(20):
        harness.runtime.start(harness.new_start(str(number), ("/bin/sh", "-c", "exit 5")))
    for number in range(20):
        end = await harness.ended(str(number))
        # Either the dead one never saw it, or it had begun and is lost. It is never forgotten.
        assert isinstance(end, Lost) or (isinstance(end, Exited) and end.exit_code == 5)


async def test_a_terminated_shim_goes_as_a_node_does(harness: ShimHarness) -> None:
    harness.runtime.start(harness.new_start("a", ("/bin/sleep", "1000")))
    pid = (await harness.started("a")).pid
    os.kill(harness.runtime.shim_pid, signal.SIGTERM)
    assert isinstance(await harness.ended("a"), Lost)
    await poll(lambda: not alive(pid))


async def test_a_shim_that_fails_kills_what_it_owns(harness: ShimHarness) -> None:
    harness.runtime.start(harness.new_start("a", ("/bin/sleep", "1000")))
    pid = (await harness.started("a")).pid
    shim = harness.runtime.shim_pid
    await harness.abandon_daemon()
    sock = await dial(harness.directory / "shim")
    assert sock is not None
    with sock:
        sock.setblocking(True)
        sock.sendall(pack([["start", "too", "few"]]))
        await poll(lambda: not alive(shim))
        assert not alive(pid)
    await harness.connect()
    assert isinstance(await harness.ended("a"), Lost)


async def test_a_torn_journal_is_read_up_to_the_tear(tmp_path: Path) -> None:
    harness = ShimHarness(tmp_path, grace_seconds=0.05)
    await harness.connect()
    end = await harness.run("a", "exit 3")
    pid = harness.runtime.shim_pid
    await harness.abandon_daemon()
    await poll(lambda: not alive(pid))
    with (tmp_path / "shim" / "journal").open("a") as journal:
        journal.write('[["starting","torn",1],["star')
    await harness.connect()
    assert await harness.exited("a") == end
    assert {event.container_id for event in harness.events} == {"a"}
    await harness.aclose()


async def test_processes_of_another_shim_are_left_alone(tmp_path: Path) -> None:
    one, other = ShimHarness(tmp_path / "one"), ShimHarness(tmp_path / "other")
    await one.connect()
    await other.connect()
    other.runtime.start(other.new_start("a", ("/bin/sleep", "1000")))
    pid = (await other.started("a")).pid
    one.runtime.start(one.new_start("a", ("/bin/sleep", "1000")))
    await one.started("a")
    await one.crash()
    assert isinstance(await one.ended("a"), Lost)
    assert alive(pid)
    await one.aclose()
    await other.aclose()
    assert not alive(pid)


async def test_a_second_daemon_takes_over_and_the_first_is_told(tmp_path: Path) -> None:
    first, second = ShimClient(tmp_path / "shim"), ShimClient(tmp_path / "shim")
    await first.connect()
    await second.connect()
    with pytest.raises(RuntimeUnavailable, match="another daemon took over"):
        await first.run()
    await second.shutdown()


async def test_the_socket_and_the_journal_are_private(harness: ShimHarness) -> None:
    directory = harness.directory / "shim"
    assert directory.stat().st_mode & 0o777 == 0o700
    for name in ("shim.sock", "journal", "lock", "shim.log"):
        assert (directory / name).stat().st_mode & 0o777 == 0o600


async def test_environments_are_in_no_file(harness: ShimHarness) -> None:
    environment = {"TOKEN": "hunter2-hunter2"}
    harness.runtime.start(harness.new_start("a", ("/bin/true",), environment))
    await harness.exited("a")
    for path in (harness.directory / "shim").iterdir():
        if path.is_file():
            assert b"hunter2" not in path.read_bytes()


async def test_a_long_directory_name(tmp_path: Path) -> None:
    harness = ShimHarness(tmp_path / ("d" * 120) / ("e" * 120))
    await harness.connect()
    assert (await harness.run("a", "exit 2")).exit_code == 2
    await harness.aclose()


async def test_shutdown_ends_all_and_keeps_their_ends(tmp_path: Path) -> None:
    harness = ShimHarness(tmp_path)
    await harness.connect()
    harness.runtime.start(harness.new_start("a", ("/bin/sleep", "1000")))
    started = await harness.started("a")
    pid = harness.runtime.shim_pid
    await harness.runtime.shutdown()
    assert not alive(pid)
    assert not alive(started.pid)
    again = ShimHarness(tmp_path)
    await again.connect()
    assert (await again.exited("a")).signal == signal.SIGKILL
    await again.aclose()
    await harness.aclose()


async def test_the_journal_forgets_and_is_compacted(
    harness: ShimHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        harness.runtime.start(harness.new_start(f"n{number}", ("/bin/true",)))
    for number in range(300):
        await harness.exited(f"n{number}")
        harness.runtime.forget(f"n{number}")
    await harness.settle()
    journal = harness.directory / "shim" / "journal"
    grown = journal.stat().st_size
    boot = harness.runtime.boot_id
    await harness.crash()
    await poll(lambda: harness.runtime.boot_id not in ("", boot))
    assert journal.stat().st_size < grown / 20
    assert isinstance(json.loads(journal.read_text().splitlines()[0]), list)


async def test_started_is_the_first_event_of_all_that_start(harness: ShimHarness) -> None:
    for number in range(30):
        harness.runtime.start(harness.new_start(str(number), ("/bin/true",)))
    for number in range(30):
        await harness.exited(str(number))
    for number in range(30):
        kinds = [type(event) for event in harness.events if event.container_id == str(number)]
        assert kinds == [Started, Exited]
