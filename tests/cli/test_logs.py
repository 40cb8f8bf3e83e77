import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Localjobs
from tests.cli.manifests import manifest, manifest_of
from tests.daemon.served import Served, until

INDEXED: dict[str, Any] = {
    "completions": 4,
    "parallelism": 4,
    "completionMode": "Indexed",
    "backoffLimitPerIndex": 0,
}
SCRIPT = "echo one $JOB_COMPLETION_INDEX; echo two; [ $JOB_COMPLETION_INDEX != 2 ]"


@pytest.fixture(scope="module", autouse=True)
def indexed(served: Served) -> None:
    served.drop("log-four.json", manifest("log-four", SCRIPT, **INDEXED))
    served.finished("log-four.json")


@pytest.mark.parametrize(
    ("options", "indexes"),
    [
        ((), [0, 1, 2, 3]),
        (("--index", "0,2-3"), [0, 2, 3]),
        (("--index", "1", "--prefix"), [1]),
        (("--attempt", "last"), [0, 1, 2, 3]),
        (("--attempt", "0", "-c", "c"), [0, 1, 2, 3]),
        (("--failed", "--prefix"), [2]),
        (("--follow",), [0, 1, 2, 3]),
    ],
)
def test_logs_are_chosen(
    localjobs: Localjobs, options: tuple[str, ...], indexes: list[int]
) -> None:
    result = localjobs("logs", "log-four", *options)
    assert result.exit_code == 0, result.output
    lines = sorted(re.sub("-[a-z0-9]{5}]", "]", line) for line in result.stdout.splitlines())
    assert lines == sorted(
        f"[log-four-{index}] {text}" for index in indexes for text in (f"one {index}", "two")
    )


def test_several_indexes_come_in_their_order(localjobs: Localjobs) -> None:
    told = localjobs("logs", "log-four", "--no-prefix").stdout
    assert told == "".join(f"one {index}\ntwo\n" for index in range(4))


def test_tail_and_timestamps(localjobs: Localjobs) -> None:
    told = localjobs("logs", "log-four", "--index", "3", "--tail", "1", "--timestamps").stdout
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two\n", told)


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        (("--index", "4"), 2, 'too large index: "4"; the Job has the indexes 0-3'),
        (("--index", "3-1"), 2, "non-increasing order, previous: 3, current: 1"),
        (("--index", "a"), 2, 'cannot convert string to integer for index: "a"'),
        (("--index", ""), 2, "no index is given"),
        (("--attempt", "-1"), 2, "'-1' is not all, last or a number from 0 on"),
        (("--tail", "-1"), 2, "-1 is not in the range x>=0"),
        (("-f", "--failed"), 2, "it does not go with -f"),
        (("-c", "d"), 1, "job 'log-four' has no container 'd'; it has c"),
        (("--attempt", "7"), 1, "no log of job 'log-four' is what was asked for"),
    ],
)
def test_mistakes_are_named(
    localjobs: Localjobs, options: tuple[str, ...], status: int, message: str
) -> None:
    result = localjobs("logs", "log-four", *options)
    assert (result.exit_code, result.stdout) == (status, "")
    assert message in result.stderr


def test_each_restart_is_an_attempt(served: Served, localjobs: Localjobs, tmp_path: Path) -> None:
    script = f"echo run; mkdir {tmp_path}/ran"
    script = f"if [ -e {tmp_path}/ran ]; then echo again; else {script}; exit 1; fi"
    served.drop("log-restart.json", manifest("log-restart", script, "OnFailure"))
    served.finished("log-restart.json")
    by_attempt = [
        localjobs("logs", "log-restart", "--attempt", which).stdout for which in ("0", "1", "last")
    ]
    assert by_attempt == ["run\n", "again\n", "again\n"]
    assert localjobs("logs", "log-restart", "--failed").stdout == "run\n"
    every = re.sub("-[a-z0-9]{5}(?=[]#])", "", localjobs("logs", "log-restart").stdout)
    assert every == "[log] run\n[log#1] again\n".replace("log", "log-restart")


def test_an_index_is_only_for_indexed_jobs(served: Served, localjobs: Localjobs) -> None:
    served.drop("log-plain.json", manifest("log-plain", "printf 'no line break'"))
    served.finished("log-plain.json")
    result = localjobs("logs", "log-plain", "--index", "0")
    assert result.exit_code == 2
    assert "job 'log-plain' is not Indexed" in result.stderr
    assert localjobs("logs", "log-plain").stdout == "no line break"


def test_containers_are_named_where_there_are_several(served: Served, localjobs: Localjobs) -> None:
    both = [
        {"name": name, "image": "busybox", "command": ["sh", "-c", f"echo {name}"]}
        for name in ("left", "right")
    ]
    served.drop("log-both.json", manifest_of("log-both", both))
    served.finished("log-both.json")
    told = re.sub("-[a-z0-9]{5}/", "/", localjobs("logs", "log-both").stdout)
    assert told == "[log-both/left] left\n[log-both/right] right\n"
    assert localjobs("logs", "log-both", "-c", "right").stdout == "right\n"


def test_nothing_yet_is_no_mistake(served: Served, localjobs: Localjobs) -> None:
    served.drop("log-none.json", manifest("log-none", "true", suspend=True))
    until(lambda: served.job("log-none.json"), "the Job")
    result = localjobs("logs", "log-none")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "localjobs why log-none tells more" in result.stderr


def test_following_shows_what_comes_until_the_job_is_finished(
    served: Served, tmp_path: Path
) -> None:
    wait = f"until [ -e {tmp_path}/$JOB_COMPLETION_INDEX ]; do sleep 0.02; done"
    script = f"echo begin $JOB_COMPLETION_INDEX; {wait}; printf end"
    spec: dict[str, Any] = {"completions": 2, "completionMode": "Indexed"}
    served.drop("log-follow.json", manifest("log-follow", script, **spec))
    until(lambda: served.job("log-follow.json"), "the Job")
    command = [sys.executable, "-m", "localjobs", "logs", "-f", "log-follow"]
    following = subprocess.Popen(
        [*command, "-d", str(served.directory)], stdout=subprocess.PIPE, text=True
    )
    assert following.stdout is not None
    assert following.stdout.readline().endswith("] begin 0\n")
    (tmp_path / "0").touch()
    # The second pod is made once the first has ended; whose line comes first is chance.
    both = sorted(following.stdout.readline().partition("] ")[2] for _ in range(2))
    assert both == ["begin 1\n", "end\n"]
    (tmp_path / "1").touch()
    rest, _ = following.communicate(timeout=30)
    assert rest.endswith("] end\n")
    assert rest.count("\n") == 1
    assert following.returncode == 0
