import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localjobs.kubelet.processes import PROC, heeds

pytestmark = pytest.mark.skipif(not PROC.joinpath("self").exists(), reason="needs /proc")


@pytest.fixture
def shells() -> Iterator[list["subprocess.Popen[bytes]"]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def shell(shells: list["subprocess.Popen[bytes]"], script: str) -> int:
    """A shell that runs the script, which says when it is ready."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        ["/bin/sh", "-c", script], stdout=pipe, stdin=pipe, start_new_session=True
    )
    shells.append(process)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process.pid


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo ready; read x", False),
        ("trap 'exit 0' TERM; echo ready; read x", True),
        ("trap '' TERM; echo ready; read x", True),
        ("(trap 'exit 0' TERM; echo ready; read x); exit $?", True),
    ],
)
def test_a_signal_means_something_to_who_handles_or_ignores_it(
    shells: list["subprocess.Popen[bytes]"], script: str, expected: bool
) -> None:
    pid = shell(shells, script)
    assert heeds(pid, os.getpid(), signal.SIGTERM) is expected


def test_what_cannot_be_seen_may_heed(tmp_path: Path) -> None:
    assert heeds(os.getpid(), 0, signal.SIGTERM)
    assert heeds(os.getpid(), 1, signal.SIGUSR2)  # no child of process 1
    assert heeds(1, os.getpid(), signal.SIGTERM, proc=tmp_path)
