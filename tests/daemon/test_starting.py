"""Starting: what cannot work is refused at once, clearly, and leaves nothing running."""

import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.daemon.client import PODS, Client
from tests.daemon.jobs import job, shims
from tests.daemon.served import Served, reason

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
LIMIT_SECONDS = 60

is_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root and setpriv"
)


def serve(
    *arguments: object, command: Sequence[str] = (sys.executable,)
) -> subprocess.CompletedProcess[str]:
    """Start a daemon that is expected not to start."""
    return subprocess.run(
        [*command, "-m", "localjobs", "serve", *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
    )


@pytest.fixture
def nobodys_python() -> list[str]:
    """An interpreter that another user may run: that of the tests may lie in a private place."""
    for python in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = [*AS_NOBODY, "env", f"PYTHONPATH={os.pathsep.join(filter(None, sys.path))}"]
        tried = subprocess.run(
            [*command, python, "-c", "import localjobs"], check=False, capture_output=True
        )
        if tried.returncode == 0:
            return [*command, python]
    pytest.skip("no interpreter that another user may run")


def _folder(path: Path, owner: int | None = None) -> Path:
    path.mkdir()
    if owner is not None:
        os.chown(path, owner, owner)
        _open_the_way_to(path)
    return path


def _open_the_way_to(path: Path) -> None:
    """What pytest makes is private: a user of another id could not come this far."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if parent.is_relative_to(tempfile.gettempdir()) and not mode & 0o001:
            parent.chmod(mode | 0o711)


def test_a_mistake_in_a_flag_or_a_setting_is_told(tmp_path: Path) -> None:
    directory = _folder(tmp_path / "jobs.d")
    settings = tmp_path / "settings.toml"
    settings.write_text("prot = 6443\n")
    mistakes = {
        ("--port", "http"): (1, "--port: expected a whole number from 0 to 65535; found 'http'"),
        ("--log-level", "loud"): (1, "--log-level: expected one of debug, info, warning, error"),
        ("--bind", "no.such.host.invalid"): (1, "'no.such.host.invalid' is no address of this"),
        ("--bind", "192.0.2.1"): (1, "cannot listen on 192.0.2.1"),
        ("--config", settings): (1, "prot: unknown setting (did you mean port?)"),
        ("--config", tmp_path / "none.toml"): (1, "none.toml: cannot be read: No such file"),
        ("--prot", "1"): (2, "No such option"),
    }
    for flags, (status, message) in mistakes.items():
        done = serve(directory, *flags)
        assert (done.returncode, done.stdout) == (status, ""), flags
        assert message in done.stderr, flags
        assert "Traceback" not in done.stderr, flags
    (directory / "localjobs.toml").write_text("port = = 1\n")
    done = serve(directory)
    assert (done.returncode, "localjobs.toml: Invalid value" in done.stderr) == (1, True)
    assert not shims(directory)


def test_what_cannot_be_served_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("missing", "file"):
        done = serve(tmp_path / name)
        assert done.returncode == 2
        assert f"there is no directory {str(tmp_path / name)!r}" in done.stderr


def test_a_second_daemon_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    directory = _folder(tmp_path / "jobs.d")
    with Served(directory) as served:
        assert served.process is not None
        done = serve(directory)
        assert done.returncode == 1
        assert f"another localjobs, process {served.process.pid}, serves" in done.stderr
        served.drop("a.yaml", job("a", "true", tmp_path))
        assert reason(served.finished("a.yaml")) == "CompletionsReached"


def test_a_port_in_use_is_told_and_leaves_no_process(tmp_path: Path) -> None:
    directory = _folder(tmp_path / "jobs.d")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = serve(directory, "--port", port)
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not shims(directory)


def test_a_damaged_database_is_told_and_kept(tmp_path: Path) -> None:
    directory = _folder(tmp_path / "jobs.d")
    state = _folder(directory / ".localjobs")
    (state / "localjobs.db").write_bytes(b"no database " * 1000)
    done = serve(directory)
    assert done.returncode == 1
    assert "cannot use the database" in done.stderr
    assert "Traceback" not in done.stderr
    assert (state / "localjobs.db").read_bytes() == b"no database " * 1000


@is_root
def test_a_directory_that_may_not_be_written_is_told(
    tmp_path: Path, nobodys_python: list[str]
) -> None:
    directory = _folder(tmp_path / "jobs.d", NOBODY)
    os.chown(directory, 0, 0)
    done = serve(directory, command=nobodys_python)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{directory}/.localjobs" in done.stderr
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
    directory.chmod(0o700)
    for hidden in (directory, _folder(directory / "hidden")):
        done = serve(hidden, command=nobodys_python)
        assert done.returncode != 0
        assert str(hidden) in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["with space and 'quote'", "größe-目录", "d" * 200])
def test_a_directory_of_any_name_is_served(tmp_path: Path, name: str) -> None:
    directory = _folder(tmp_path / name)
    with Served(directory) as served:
        served.drop("ä b.yaml", job("a", "echo hello", tmp_path))
        pod = served.finished("ä b.yaml")["pods"][0]
        assert Path(pod["log"]).read_text().endswith("stdout F hello\n")
        # What it prints can be pasted into a shell.
        script = served.said.splitlines()[-1] + '; cat "$KUBECONFIG"'
        shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        assert Client(served.state).server in shown.stdout
        assert len(shims(directory)) == 1
        assert served.stop() == 0
    assert not shims(directory)


@is_root
def test_another_user_serves_as_well(tmp_path: Path, nobodys_python: list[str]) -> None:
    directory = _folder(tmp_path / "jobs.d", NOBODY)
    (directory / "secret.yaml").write_text("kind: Job")
    (directory / "secret.yaml").chmod(0)
    mounted = {
        "volumes": [{"name": "data", "emptyDir": {}}],
        "container": {"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
    }
    with Served(directory, command=nobodys_python) as served:
        assert "cannot be read: Permission denied" in served.errors("secret.yaml")
        (directory / "a.yaml").write_text(job("a", "id -u", tmp_path))
        (directory / "mounted.yaml").write_text(
            job("mounted", "echo seen > /data/file && cat /data/file", tmp_path, mounted)
        )
        pod = served.finished("a.yaml")["pods"][0]
        assert Path(pod["log"]).read_text().endswith(f"stdout F {NOBODY}\n")
        pod = served.finished("mounted.yaml")["pods"][0]
        assert Path(pod["log"]).read_text().endswith("stdout F seen\n")
        assert {path.lstat().st_uid for path in _everything(served.state)} == {NOBODY}
        _check_private(served.state)


def test_what_the_daemon_keeps_is_private(tmp_path: Path) -> None:
    directory = _folder(tmp_path / "jobs.d")
    mask = os.umask(0)
    try:
        with Served(directory) as served:
            served.drop("a.yaml", job("a", "echo hello", tmp_path))
            served.finished("a.yaml")
            _check_private(served.state)
    finally:
        os.umask(mask)


def _everything(state: Path) -> list[Path]:
    return [state, *state.rglob("*")]


def _check_private(state: Path) -> None:
    """Nobody else gets into the folder, nor could read its secrets if it were opened."""
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    private = {"kubeconfig", "token", "tls.key", "lock", "localjobs.db", "localjobs.db-wal",
               "shim/shim.sock", "shim/journal", "shim/lock"}  # fmt: skip
    for name in private:
        mode = (state / name).stat().st_mode
        assert stat.S_IMODE(mode) & 0o077 == 0, name
    for path in _everything(state):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o002 == 0 or "messages" in path.parts, path


@is_root
def test_others_cannot_reach_the_shim(tmp_path: Path, nobodys_python: list[str]) -> None:
    directory = _folder(tmp_path / "jobs.d")
    directory.chmod(0o755)
    _open_the_way_to(directory)
    script = "import socket,sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    with Served(directory) as served:
        command = [*nobodys_python, "-c", script, ".localjobs/shim/shim.sock"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=directory)
        assert "PermissionError" in done.stderr
        Client(served.state).get(PODS)
