"""How verbs find the daemon, and what they say if there is none."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from localjobs.cli import main
from tests.cli.manifests import manifest
from tests.daemon.served import Served, until


def test_kubeconfig_is_printed_wherever_the_verb_is_called(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{served.directory / '.localjobs' / 'kubeconfig'}\n"
    run = CliRunner().invoke
    assert run(main, ["kubeconfig", "-d", str(served.directory)]).stdout == path
    monkeypatch.chdir(served.directory.parent)
    assert run(main, ["kubeconfig"]).stdout == path
    monkeypatch.chdir(served.directory)
    assert run(main, ["kubeconfig"]).stdout == path
    monkeypatch.chdir("/")
    assert run(main, ["kubeconfig"], env={"LOCALJOBS_DIR": str(served.directory)}).stdout == path


def test_without_a_daemon_it_says_what_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["ps"])
    assert result.exit_code == 1
    assert "no daemon serves jobs.d or the current directory" in result.stderr
    assert "start one: localjobs serve" in result.stderr
    named = CliRunner().invoke(main, ["ps", "-d", str(tmp_path)])
    assert named.exit_code == 1
    assert named.stderr == (
        f"Error: no daemon serves {tmp_path}; start one: localjobs serve {tmp_path}\n"
    )
    missing = CliRunner().invoke(main, ["ps", "-d", str(tmp_path / "no")])
    assert missing.exit_code == 2
    assert "there is no directory" in missing.stderr


@pytest.mark.parametrize("text", ["{", "a: 1", "clusters: 7"])
def test_a_damaged_kubeconfig_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / ".localjobs").mkdir()
    (tmp_path / ".localjobs" / "kubeconfig").write_text(text)
    result = CliRunner().invoke(main, ["ps", "-d", str(tmp_path)])
    assert result.exit_code == 1
    assert ".localjobs/kubeconfig is no kubeconfig of a daemon" in result.stderr


def test_a_port_that_somebody_else_has_now_is_no_daemon(served: Served, tmp_path: Path) -> None:
    kubeconfig = (served.state / "kubeconfig").read_text()
    (tmp_path / ".localjobs").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        old = kubeconfig.partition("https://127.0.0.1:")[2].split()[0]
        (tmp_path / ".localjobs" / "kubeconfig").write_text(kubeconfig.replace(old, str(port)))
        command = [sys.executable, "-m", "localjobs", "ps", "-d", str(tmp_path)]
        asking = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        other.settimeout(30)
        for _ in range(2):  # is anybody there; what is there
            peer, _ = other.accept()
            peer.sendall(b"SSH-2.0-other\r\n")
            peer.close()
        _, errors = asking.communicate(timeout=30)
    assert asking.returncode == 1
    assert f"no daemon serves {tmp_path}" in errors


def test_a_daemon_that_dies_ends_what_follows_it(tmp_path: Path) -> None:
    directory = tmp_path / "jobs.d"
    directory.mkdir()
    served = Served(directory)
    served.start()
    served.drop("a.json", manifest("a", "echo here; sleep 1000"))
    until(lambda: served.job("a.json"), "the Job")
    following = subprocess.Popen(
        [sys.executable, "-m", "localjobs", "logs", "a", "-f", "-d", str(directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert following.stdout is not None
    assert following.stdout.readline() == "here\n"
    served.stop(signal.SIGTERM)
    _, errors = following.communicate(timeout=30)
    assert following.returncode == 1
    assert f"no daemon serves {directory}" in errors
    after = CliRunner().invoke(main, ["ps", "-d", str(directory)])
    assert (after.exit_code, after.stderr.startswith("Error: no daemon serves")) == (1, True)
