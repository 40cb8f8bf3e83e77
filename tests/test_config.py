from pathlib import Path

import pytest

from localjobs import config
from localjobs.config import ImageRule, Node, Settings
from localjobs.errors import ConfigError

EVERYTHING = """
bind = "0.0.0.0"
port = 8443
history = 500
event-ttl = "1h30m"
log-max-size = "2Mi"
log-max-files = 3
log-level = "debug"
pass-environment = ["HTTP_PROXY", "AWS_*"]
shutdown-timeout = 5
detach-on-exit = true

[node]
name = "laptop"
cpu = 2.5
memory = "8Gi"
pods = 20

[[images]]
pattern = "python:*"
command = ["python3", "-u"]
env = { PYTHONUNBUFFERED = "1" }
path = ["/opt/python/bin"]
shell = "/bin/dash"
working-directory = "/srv"
root = "/var/roots/python"

[[images]]
pattern = "mine/*"
"""


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "localjobs.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refusal(tmp_path: Path, text: str | bytes) -> str:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    return message.removeprefix(f"{path}: ")


def test_without_a_file_everything_has_its_default() -> None:
    settings = config.load(None)
    assert settings == Settings()
    assert (settings.bind, settings.node.pods, settings.images) == ("127.0.0.1", 110, ())


def test_every_setting_is_read(tmp_path: Path) -> None:
    assert config.load(write(tmp_path, EVERYTHING)) == Settings(
        bind="0.0.0.0",
        port=8443,
        history=500,
        event_ttl=5400.0,
        log_max_size=2 * 1024 * 1024,
        log_max_files=3,
        log_level="debug",
        pass_environment=("HTTP_PROXY", "AWS_*"),
        shutdown_timeout=5.0,
        detach_on_exit=True,
        node=Node(name="laptop", cpu="2.5", memory="8Gi", pods=20),
        images=(
            ImageRule(
                pattern="python:*",
                command=("python3", "-u"),
                env={"PYTHONUNBUFFERED": "1"},
                path=("/opt/python/bin",),
                shell="/bin/dash",
                working_directory="/srv",
                root="/var/roots/python",
            ),
            ImageRule(pattern="mine/*"),
        ),
    )


def test_flags_are_named_after_settings_and_win(tmp_path: Path) -> None:
    path = write(tmp_path, "port = 1\n[node]\ncpu = 1\nmemory = 7")
    given = {"port": "8000", "node-cpu": "500m", "bind": None}
    settings = config.load(path, given)
    assert (settings.port, settings.node) == (8000, Node(cpu="500m", memory="7"))
    assert settings.bind == Settings().bind


def test_a_flag_that_cannot_be_used_is_named() -> None:
    with pytest.raises(ConfigError, match=r"^--node-pods: expected a whole number.*'many'$"):
        config.load(None, {"node-pods": "many"})


def test_every_setting_of_the_file_has_a_flag_and_help() -> None:
    flags = {flag.name: flag for flag in config.flags()}
    assert {"bind", "port", "event-ttl", "node-memory", "pass-environment"} <= set(flags)
    assert all(flag.help.endswith(".") for flag in flags.values())
    for flag in flags.values():
        if flag.default is not None:
            assert flag.read(flag.default) == flag.default


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 1", "prot: unknown setting (did you mean port?); allowed: bind, "),
        ("event_ttl = 1", "event_ttl: unknown setting (did you mean event-ttl?); allowed: "),
        ("[node]\ncpus = 1", "node.cpus: unknown setting (did you mean cpu?); allowed: cpu, "),
        ("[[images]]\npattern='a'\nenvs = 1", "images[0].envs: unknown setting (did you mean env?"),
        ("[[images]]\nenv = {}", 'images[0].pattern: must be set, such as "python:*"'),
        ("images = 1", "images: expected tables: write [[images]] before each"),
        ("images = [1]", "images[0]: expected a table"),
        ("node = 1", "node: expected a table"),
        ("port = 70000", "port: expected a whole number from 0 to 65535; found 70000"),
        ("port = true", "port: expected a whole number from 0 to 65535; found True"),
        ("port = 1.5", "port: expected a whole number from 0 to 65535; found 1.5"),
        ("bind = ''", "bind: expected a text that is not empty; found ''"),
        ("log-level = 'inof'", "log-level: expected one of debug, info, warning, error (did you"),
        ("log-max-size = '10 MB!'", "log-max-size: expected a size such as 1048576, 500k or 10Mi"),
        ("event-ttl = 'soon'", "event-ttl: expected seconds, or a duration such as 30s, 5m or 1h"),
        ("event-ttl = -1", "event-ttl: expected seconds, or a duration"),
        ("event-ttl = nan", "event-ttl: expected seconds, or a duration"),
        ("detach-on-exit = 'yes'", "detach-on-exit: expected true or false; found 'yes'"),
        ("pass-environment = 'A'", "pass-environment: expected a list of texts"),
        ("pass-environment = ['A-B']", "pass-environment: 'A-B' is no variable's name"),
        ("[node]\nmemory = 'lots'", "node.memory: expected a quantity such as 4"),
        ("[[images]]\npattern='a'\ncommand=[]", "images[0].command: expected a command"),
        ("[[images]]\npattern='a'\nenv={A=1}", "images[0].env: expected a table of texts"),
        ("a = [", "Invalid value (at end of document)"),
        ("a = 1\na = 2", "Cannot overwrite a value (at end of document)"),
        (b"\xff", "not UTF-8 text"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_is_allowed(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    assert refusal(tmp_path, text).startswith(message)


@pytest.mark.parametrize(
    ("written", "size"), [("7", 7), ("3k", 3000), ("3Ki", 3072), ("2 GiB", 2**31), ("1MB", 10**6)]
)
def test_sizes(written: str, size: int) -> None:
    assert config.load(None, {"log-max-size": written}).log_max_size == size


@pytest.mark.parametrize(
    ("written", "seconds"), [("90", 90), ("1.5", 1.5), ("100ms", 0.1), ("1d2h3m4s", 93784)]
)
def test_durations(written: str, seconds: float) -> None:
    assert config.load(None, {"event-ttl": written}).event_ttl == pytest.approx(seconds)


def test_the_file_is_the_named_one_else_the_directory_s_else_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, served = tmp_path / "here", tmp_path / "served"
    here.mkdir()
    served.mkdir()
    monkeypatch.chdir(here)
    assert config.find(served) is None
    write(here, "")
    assert config.find(served) == Path("localjobs.toml")
    assert config.find(served) != write(served, "")
    assert config.find(served) == served / "localjobs.toml"
    assert config.find(served, tmp_path / "no.toml") == tmp_path / "no.toml"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml: cannot be read: No such file"):
        config.load(tmp_path / "no.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        config.load(tmp_path)
