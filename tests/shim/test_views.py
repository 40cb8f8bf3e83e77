"""Private views of the file system. What a view shows, the machine never sees."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from localjobs.kubelet.runtime import Exited, Mount, Start, StartFailed
from tests.kubelet.shim_harness import ShimHarness

as_root = pytest.mark.skipif(os.getuid() != 0, reason="only root may mount and drop privileges")


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ShimHarness]:
    made = ShimHarness(tmp_path)
    await made.connect()
    if not made.runtime.supports_mounts:
        await made.aclose()
        pytest.skip("this machine allows no mount namespaces")
    before = mounts_of("self")
    yield made
    assert mounts_of("self") == before, "a mount leaked to the machine"
    await made.aclose()


def mounts_of(pid: int | str) -> list[str]:
    lines = Path(f"/proc/{pid}/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in lines]


async def run(harness: ShimHarness, name: str, script: str, *mounts: Mount) -> Exited:
    start(harness, name, script, *mounts)
    return await harness.exited(name)


def start(harness: ShimHarness, name: str, script: str, *mounts: Mount) -> None:
    plain = harness.new_start(name, ("/bin/sh", "-c", script))
    harness.runtime.start(
        Start(name, plain.command, plain.environment, "/", plain.log_path, mounts)
    )


def exists(path: str) -> bool:
    return os.path.lexists(path)


def a_directory(harness: ShimHarness, name: str) -> Path:
    path = harness.directory / name
    path.mkdir(parents=True)
    return path


def a_file(harness: ShimHarness, name: str, text: str = "") -> Path:
    path = harness.directory / name
    path.write_text(text)
    return path


async def test_a_termination_log_of_its_own(harness: ShimHarness) -> None:
    for name in ("a", "b"):
        mount = Mount(str(a_file(harness, f"{name}.term")), "/dev/termination-log")
        start(harness, name, f"printf 'end of {name}' > /dev/termination-log; exit 2", mount)
    for name in ("a", "b"):
        assert (await harness.exited(name)).exit_code == 2
        assert (harness.directory / f"{name}.term").read_text() == f"end of {name}"
    assert not exists("/dev/termination-log")


async def test_devices_still_work(harness: ShimHarness) -> None:
    mount = Mount(str(a_file(harness, "t")), "/dev/termination-log")
    script = (
        "echo x > /dev/null && head -c 3 /dev/zero | wc -c && head -c 4 /dev/urandom | wc -c && "
        "echo y > /dev/stdout && echo z > /dev/stderr && test -d /dev/shm && test -c /dev/full && "
        "(echo 1 > /dev/full) 2>/dev/null || echo full; cat /dev/fd/0 && test -d /dev/pts/."
    )
    end = await run(harness, "a", script, mount)
    assert sorted(harness.text("a").split()) == sorted([b"3", b"4", b"y", b"z", b"full"])
    assert end.exit_code == 0


async def test_a_volume_at_a_path_that_is_not_there(harness: ShimHarness) -> None:
    volume = a_directory(harness, "volume")
    end = await run(harness, "a", "echo x > /v/y; pwd; ls -d /v /etc", Mount(str(volume), "/v"))
    assert end.exit_code == 0
    assert (volume / "y").read_text() == "x\n"
    assert harness.text("a") == b"/\n/etc\n/v\n"
    assert not exists("/v")


async def test_a_deep_path_that_is_not_there(harness: ShimHarness) -> None:
    one, two = a_directory(harness, "one"), a_directory(harness, "two")
    (one / "file").write_text("1")
    (two / "file").write_text("2")
    mounts = (Mount(str(one), "/data/in/deep"), Mount(str(two), "/data/out"))
    await run(harness, "a", "cat /data/in/deep/file /data/out/file; ls /data", *mounts)
    assert harness.text("a").split() == [b"12in", b"out"]
    assert not exists("/data/in")


async def test_a_file_at_a_path_that_is_not_there(harness: ShimHarness) -> None:
    source = a_file(harness, "source", "text")
    target = harness.directory / "there" / "file"
    await run(harness, "a", f"cat {target}; echo more >> {target}", Mount(str(source), str(target)))
    assert harness.text("a") == b"text"
    assert source.read_text() == "textmore\n"
    assert not target.parent.exists()


async def test_what_is_beside_a_new_mount_point_is_still_the_machines(harness: ShimHarness) -> None:
    home, volume = a_directory(harness, "home"), a_directory(harness, "volume")
    (home / "kept").write_text("old")
    (home / "sub").mkdir()
    (home / "link").symlink_to("kept")
    for number in range(200):  # more than are bound one by one
        (home / f"f{number}").touch()
    script = f"cd {home}; cat link; echo new > kept; echo s > sub/s; echo v > volume/v; ls | wc -l"
    end = await run(harness, "a", script, Mount(str(volume), str(home / "volume")))
    assert end.exit_code == 0
    assert harness.text("a").split() == [b"old204"]
    assert (home / "kept").read_text() == "new\n"
    assert (home / "sub" / "s").read_text() == "s\n"
    assert (volume / "v").read_text() == "v\n"
    assert not (home / "volume").exists()


async def test_over_an_existing_directory(harness: ShimHarness) -> None:
    volume = a_directory(harness, "volume")
    (volume / "only").touch()
    await run(harness, "a", "ls /usr/local/bin", Mount(str(volume), "/usr/local/bin"))
    assert harness.text("a") == b"only\n"


async def test_read_only(harness: ShimHarness) -> None:
    volume = a_directory(harness, "volume")
    end = await run(harness, "a", "touch /v/x", Mount(str(volume), "/v", read_only=True))
    assert end.exit_code != 0
    assert b"Read-only file system" in harness.text("a")
    assert list(volume.iterdir()) == []
    (volume / "machine-may").touch()


async def test_the_same_volume_seen_by_two_containers(harness: ShimHarness) -> None:
    volume = a_directory(harness, "volume")
    mount = Mount(str(volume), "/shared")
    script = "while ! [ -e /shared/flag ]; do sleep 0.01; done; cat /shared/flag"
    start(harness, "reader", script, mount)
    await run(harness, "writer", "echo up > /shared/f; mv /shared/f /shared/flag", mount)
    await harness.exited("reader")
    assert harness.text("reader") == b"up\n"


async def test_a_mount_point_within_a_volume(harness: ShimHarness) -> None:
    outer, inner = a_directory(harness, "outer"), a_directory(harness, "inner")
    (inner / "file").write_text("in")
    # The order does not matter: what is deeper is mounted later.
    mounts = (Mount(str(inner), "/v/a/b"), Mount(str(outer), "/v"))
    await run(harness, "a", "cat /v/a/b/file; touch /v/made", *mounts)
    assert harness.text("a") == b"in"
    assert (outer / "made").exists()
    assert list((outer / "a" / "b").iterdir()) == []  # made in the volume, as runc does


async def test_a_target_behind_a_symbolic_link(harness: ShimHarness) -> None:
    real, volume = a_directory(harness, "real"), a_directory(harness, "volume")
    (volume / "file").write_text("here")
    (harness.directory / "link").symlink_to(real)
    target = harness.directory / "link" / "point"
    await run(harness, "a", f"cat {real}/point/file", Mount(str(volume), str(target)))
    assert harness.text("a") == b"here"
    assert list(real.iterdir()) == []


async def test_the_working_directory_may_be_in_a_volume(harness: ShimHarness) -> None:
    volume = a_directory(harness, "volume")
    plain = harness.new_start("a", ("/bin/sh", "-c", "pwd; touch here"))
    mounts = (Mount(str(volume), "/work-here"),)
    harness.runtime.start(
        Start("a", plain.command, plain.environment, "/work-here", plain.log_path, mounts)
    )
    await harness.exited("a")
    assert harness.text("a") == b"/work-here\n"
    assert (volume / "here").exists()


async def test_a_source_that_is_not_there(harness: ShimHarness) -> None:
    start(harness, "a", "true", Mount("/no/such/source", "/v"))
    end = await harness.ended("a")
    assert isinstance(end, StartFailed)
    assert end.message == 'mount "/no/such/source" at "/v": no such file or directory'
    assert (await run(harness, "b", "exit 0")).exit_code == 0


async def test_without_mounts_the_next_one_sees_the_machine(harness: ShimHarness) -> None:
    volume = a_directory(harness, "volume")
    await run(harness, "a", "true", Mount(str(volume), "/v"))
    await run(harness, "b", "ls -d /v; readlink /proc/self/ns/mnt")
    await run(harness, "c", "readlink /proc/self/ns/mnt")
    assert b"/v\n" not in harness.text("b")
    assert harness.text("b").splitlines()[-1] == harness.text("c").splitlines()[-1]


async def test_views_end_with_their_processes(harness: ShimHarness) -> None:
    shim = harness.runtime.shim_pid
    before = len(mounts_of(shim))
    volume = a_directory(harness, "volume")
    for number in range(20):
        await run(harness, str(number), "true", Mount(str(volume), "/v"))
    assert len(mounts_of(shim)) == before
    volume.rmdir()
    assert not volume.exists()


async def test_a_root_of_its_own(harness: ShimHarness) -> None:
    root = a_directory(harness, "root")
    for name in ("bin", "lib", "lib64", "usr", "proc", "dev", "volume"):
        (root / name).mkdir()
    (root / "marker").write_text("mine")
    volume = a_directory(harness, "volume")
    binds = [Mount(f"/{name}", f"/{name}") for name in ("usr", "lib", "lib64", "bin")]
    mounts = (Mount(str(root), "/"), *binds, Mount(str(volume), "/volume"))
    script = "cat /marker; ls /; echo x > /volume/x; echo n > /dev/null"
    end = await run(harness, "a", script, *mounts)
    assert end.exit_code == 0, harness.text("a")
    assert harness.text("a").split()[0] == b"minebin"
    assert b"volume" in harness.text("a")
    assert b"etc" not in harness.text("a")
    assert (volume / "x").read_text() == "x\n"


@as_root
async def test_the_machines_later_mounts_are_seen(tmp_path: Path) -> None:
    shared, volume = tmp_path / "shared", tmp_path / "volume"
    shared.mkdir()
    volume.mkdir()
    command("mount", "-t", "tmpfs", "tmpfs", str(shared))
    command("mount", "--make-shared", str(shared))
    harness = ShimHarness(tmp_path)
    try:
        await harness.connect()
        (shared / "point").mkdir()
        command("mount", "-t", "tmpfs", "tmpfs", str(shared / "point"))
        (shared / "point" / "file").write_text("later")
        await run(harness, "a", f"cat {shared}/point/file", Mount(str(volume), "/v"))
        assert harness.text("a") == b"later"
    finally:
        command("umount", "-R", str(shared))
        await harness.aclose()


def command(*words: str) -> None:
    subprocess.run(words, check=True)


# Root without CAP_SYS_ADMIN has what any user has: a user namespace, or nothing.
UNPRIVILEGED = textwrap.dedent(
    """
    import asyncio, ctypes, sys
    from pathlib import Path
    PR_CAPBSET_DROP, CAP_SYS_ADMIN = 24, 21
    assert ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) == 0
    from localjobs.kubelet.runtime import Mount
    from tests.kubelet.shim_harness import ShimHarness
    from tests.shim.test_views import run, start

    async def main(directory):
        harness = ShimHarness(directory)
        await harness.connect()
        print(harness.runtime.supports_mounts)
        volume = directory / "volume"
        volume.mkdir()
        log = directory / "log"
        log.touch()
        mounts = (Mount(str(volume), "/v"), Mount(str(log), "/dev/termination-log"))
        if harness.runtime.supports_mounts:
            script = "id -u; echo x > /v/x; echo t > /dev/termination-log; echo n > /dev/null"
            print((await run(harness, "a", script, *mounts)).exit_code)
            print(harness.text("a").decode().strip(), (volume / "x").read_text().strip())
            print(log.read_text().strip())
            read_only = Mount(str(volume), "/v", read_only=True)
            print((await run(harness, "b", "echo x > /v/z", read_only)).exit_code)
            print((await run(harness, "c", "sleep 100 & exit 0")).exit_code)
        else:
            start(harness, "a", "true", *mounts)
            print((await harness.ended("a")).message)
        await harness.aclose()

    asyncio.run(main(Path(sys.argv[1])))
    """
)


@as_root
async def test_without_privilege(tmp_path: Path) -> None:
    lines = await unprivileged(tmp_path)
    if lines[0] == "True":
        assert lines[1:] == ["0", "0 x", "t", "2", "0"]
    else:
        assert lines[1:] == [
            'mount "/dev/termination-log": this machine allows no private mount namespace'
        ]
    assert mounts_of("self") == mounts_of(os.getppid())


async def unprivileged(directory: Path) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        UNPRIVILEGED,
        str(directory),
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    output, _ = await process.communicate()
    return output.decode().splitlines()
