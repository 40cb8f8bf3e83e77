"""Every example does what its header says, all of them served from one directory."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon.served import Served, conditions, reason, until

EXAMPLES = Path(__file__).parent.parent / "examples"
FILES = sorted(path.name for path in EXAMPLES.glob("*.yaml"))
PI = "3.14159265358979323846264338327950288419716939937510"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("examples") / "copy"
    shutil.copytree(EXAMPLES, directory)
    with Served(directory) as served:
        yield served


def _finished(served: Served, number: str) -> dict[str, Any]:
    [name] = [file for file in FILES if file.startswith(number)]
    assert not (served.status(name) or {}).get("errors")
    return served.finished(name)


def _log(pod: dict[str, Any]) -> list[str]:
    """What a pod wrote, without the stamps."""
    lines = Path(pod["log"]).read_text().splitlines()
    return [line.split(" ", 3)[3] for line in lines]


def _logs(job: dict[str, Any]) -> list[str]:
    return [line for pod in job["pods"] for line in _log(pod)]


def test_every_example_says_what_to_expect_and_is_tested_here() -> None:
    for name in FILES:
        comment = (EXAMPLES / name).read_text().split("apiVersion")[0]
        assert "\n# Expect: " in comment, name
    tested = {
        name.split("_")[1] for name in globals() if name[:6] == "test_0" or name[:6] == "test_1"
    }
    assert tested == {name[:2] for name in FILES}


def test_the_server_would_accept_every_example() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localjobs", "validate", str(EXAMPLES)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, "error" in done.stdout + done.stderr) == (0, False)
    for name in FILES:
        assert f"{name}:" in done.stdout + done.stderr


def test_01_digits_of_pi(served: Served) -> None:
    job = _finished(served, "01")
    assert conditions(job) >= {"Complete"}
    [digits] = _logs(job)
    assert digits.startswith(PI)
    assert len(digits) == 1001


def test_02_static_work(served: Served) -> None:
    job = _finished(served, "02")
    assert job["status"]["completedIndexes"] == "0-4"
    colours = ["red", "orange", "yellow", "green", "blue"]
    assert _logs(job) == [f"index {i} works on {colour}" for i, colour in enumerate(colours)]


def test_03_work_queue(served: Served) -> None:
    job = _finished(served, "03")
    assert (reason(job), job["status"]["succeeded"]) == ("CompletionsReached", 3)
    assert sorted(_logs(job)) == sorted(f"item {n}" for n in range(20))


def test_04_exit_code_policy(served: Served) -> None:
    job = _finished(served, "04")
    assert (reason(job), job["status"]["failed"]) == ("PodFailurePolicy", 1)
    [message] = {one["message"] for one in job["status"]["conditions"] if one["type"] == "Failed"}
    assert "exit code 42 matching FailJob rule at index 0" in message


def test_05_back_off_per_index(served: Served) -> None:
    job = _finished(served, "05")
    status = job["status"]
    assert reason(job) == "FailedIndexes"
    assert (status["completedIndexes"], status["failedIndexes"]) == ("0,2,4", "1,3")


def test_06_success_policy(served: Served) -> None:
    job = _finished(served, "06")
    assert (reason(job), job["status"]["completedIndexes"]) == ("SuccessPolicy", "0")


def test_07_deadline(served: Served) -> None:
    job = _finished(served, "07")
    assert (reason(job), job["status"]["failed"]) == ("DeadlineExceeded", 1)


def test_08_suspend_and_resume(served: Served) -> None:
    [name] = [file for file in FILES if file.startswith("08")]
    job = served.job_when(name, lambda job: "Suspended" in conditions(job))
    assert not job.get("pods")
    text = (served.directory / name).read_text()
    assert text.count("suspend: true") == 1
    served.drop(name, text.replace("suspend: true", "suspend: false"))
    job = served.finished(name)
    assert (reason(job), job["status"]["succeeded"]) == ("CompletionsReached", 2)


def test_09_time_to_live(served: Served) -> None:
    [name] = [file for file in FILES if file.startswith("09")]
    job = served.job_when(name, lambda job: "deletedAt" in job)
    assert reason(job) == "CompletionsReached"


def test_10_several_containers(served: Served) -> None:
    job = _finished(served, "10")
    assert (reason(job), job["status"]["succeeded"]) == ("CompletionsReached", 1)
    folder = Path(job["pods"][0]["log"]).parent
    logs = until(lambda: _three(folder), "three logs")
    assert logs == ["fetched", "preparing", "reporting"]


def _three(folder: Path) -> list[str] | None:
    last = [path.read_text().split()[-1] for path in folder.glob("*.log")]
    return sorted(last) if len(last) == 3 else None


def test_11_retry_on_failure(served: Served) -> None:
    job = _finished(served, "11")
    assert (reason(job), job["pods"][0]["restarts"]) == ("CompletionsReached", 1)
    assert len(job["pods"]) == 1


def test_12_configuration(served: Served) -> None:
    job = _finished(served, "12")
    assert _logs(job) == ["hello world", "the password has 11 characters"]


def test_13_probes_and_hooks(served: Served) -> None:
    job = _finished(served, "13")
    [pod] = job["pods"]
    assert (reason(job), pod["restarts"]) == ("CompletionsReached", 1)
    last = Path(pod["log"])
    first = last.with_name(last.name.replace("_main_1", "_main_0"))
    words = [line.split(" ", 3)[3] for line in first.read_text().splitlines()]
    assert words == ["hooked", "stopping"]
    assert _log(pod) == ["second attempt"]


def test_14_memory_limit(served: Served) -> None:
    job = _finished(served, "14")
    [pod] = job["pods"]
    assert reason(job) == "BackoffLimitExceeded"
    assert (pod["exitCode"], pod["reason"]) == (137, "OOMKilled")
