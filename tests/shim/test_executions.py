from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from localjobs.kubelet.runtime import Executed, Mount
from localjobs.shim import census
from localjobs.shim.census import Census
from localjobs.shim.executions import MOST_OUTPUT
from tests.kubelet.shim_harness import ShimHarness, alive, poll

SLEEPS = ("/bin/sh", "-c", "exec sleep 1000")


async def begin(harness: ShimHarness, name: str = "a") -> None:
    harness.runtime.start(harness.new_start(name, SLEEPS, {"COLOUR": "red"}, "/usr"))
    await harness.started(name)


async def test_a_command_has_the_containers_environment_and_directory(
    harness: ShimHarness,
) -> None:
    await begin(harness)
    done = await harness.execute("x", "a", "sh", "-c", "echo $COLOUR; pwd; echo no >&2; exit 3")
    assert done == Executed("a", "x", 3, "red\n/usr\nno\n")


async def test_a_command_has_the_containers_view(harness: ShimHarness, tmp_path: Path) -> None:
    if not harness.runtime.supports_mounts:
        pytest.skip("this machine allows no private mount namespace")
    volume = tmp_path / "volume"
    volume.mkdir()
    start = harness.new_start("a", SLEEPS)
    harness.runtime.start(replace(start, mounts=(Mount(str(volume), "/no-such-place"),)))
    await harness.started("a")
    done = await harness.execute("x", "a", "touch", "/no-such-place/file")
    assert (done.exit_code, [path.name for path in volume.iterdir()]) == (0, ["file"])
    assert (await harness.run("b", "test ! -e /no-such-place")).exit_code == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs processes of other users")
async def test_a_command_has_the_containers_user(harness: ShimHarness) -> None:
    harness.runtime.start(replace(harness.new_start("a", SLEEPS), user=65534, group=65534))
    await harness.started("a")
    assert (await harness.execute("x", "a", "id", "-u")).output == "65534\n"


async def test_what_cannot_be_run_says_why(harness: ShimHarness) -> None:
    await begin(harness)
    missing = await harness.execute("x", "a", "no-such-command")
    reason = 'exec: "no-such-command": executable file not found in $PATH'
    assert missing == Executed("a", "x", None, reason)
    nowhere = await harness.execute("y", "nobody", "true")
    assert nowhere == Executed("nobody", "y", None, "container is not running")


async def test_a_command_can_be_aborted(harness: ShimHarness) -> None:
    await begin(harness)
    harness.runtime.execute("a", "x", ("sleep", "1000"))
    harness.runtime.abort("a", "x")
    assert (await harness.executed("x")).exit_code == 137


async def test_what_a_command_leaves_behind_ends_with_the_container(harness: ShimHarness) -> None:
    await begin(harness)
    done = await harness.execute("x", "a", "sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    left = int(done.output)
    assert alive(left)
    harness.runtime.kill("a")
    await harness.exited("a")
    await poll(lambda: not alive(left))


async def test_a_command_ends_with_its_container(harness: ShimHarness) -> None:
    await begin(harness)
    harness.runtime.execute("a", "x", ("sleep", "1000"))
    harness.runtime.kill("a")
    assert (await harness.executed("x")).exit_code == 137


async def test_a_flood_of_output_is_cut(harness: ShimHarness) -> None:
    await begin(harness)
    done = await harness.execute("x", "a", "sh", "-c", "yes | head -c 1000000")
    assert (done.exit_code, len(done.output)) == (0, MOST_OUTPUT)


async def test_a_shim_that_dies_takes_commands_with_it(harness: ShimHarness) -> None:
    await begin(harness)
    harness.runtime.execute("a", "x", ("sleep", "1000"))
    await harness.execute("y", "a", "true")
    await harness.crash()
    assert (await harness.executed("x")).exit_code is None


def test_where_a_tag_cannot_be_borne_again_another_stands_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Without privilege a limit can only fall, so that an older container's tag is out of reach.
    lowest = 1 << 61

    def mark(self: Census, tag: int) -> None:
        nonlocal lowest
        if tag > lowest:
            raise ValueError("not allowed to raise maximum limit")
        lowest = tag

    bears: dict[int, int] = {}
    monkeypatch.setattr(Census, "mark", mark)
    monkeypatch.setattr(census, "tag_of", lambda pid: bears[pid])
    counted = Census(1 << 60)
    host, other = counted.next_tag(), counted.next_tag()
    counted.mark(host)
    assert counted.join(host) == host
    counted.mark(other)
    own = counted.join(host)
    assert own < other
    child = 2**30  # more than any process has
    bears[child] = own
    counted._examine(child)
    assert counted.families() == {host: [child]}
    counted.left(own)
    assert own in counted._joined  # what it has started bears it still
    bears[child] = other
    counted.left(own)
    assert own not in counted._joined
