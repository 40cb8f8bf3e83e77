"""The verbs that change Jobs: delete, suspend, resume."""

from pathlib import Path

import pytest

from tests.cli.conftest import Localjobs
from tests.cli.manifests import manifest
from tests.daemon.served import Served, until


def runs(localjobs: Localjobs, name: str) -> None:
    """Return once a pod of the Job runs."""
    until(lambda: "Running: running" in localjobs("why", name).stdout or None, f"{name} to run")


@pytest.mark.parametrize("cascade", ["background", "foreground", "orphan"])
def test_a_deleted_job_is_gone_when_delete_returns(
    served: Served, localjobs: Localjobs, cascade: str
) -> None:
    name = f"del-{cascade}"
    served.drop(f"{name}.json", manifest(name, "sleep 1000"))
    runs(localjobs, name)
    result = localjobs("delete", name, "--cascade", cascade)
    assert (result.exit_code, result.stdout) == (0, f"job.batch/{name} deleted\n")
    assert localjobs("ps", name).exit_code == 1


def test_no_wait_returns_at_once(served: Served, localjobs: Localjobs) -> None:
    stubborn = "trap '' TERM; while true; do sleep 0.1; done"
    served.drop("del-later.json", manifest("del-later", stubborn))
    runs(localjobs, "del-later")
    result = localjobs("delete", "del-later", "--no-wait", "--cascade", "foreground")
    assert result.stdout == "job.batch/del-later marked for deletion\n"
    why = localjobs("why", "del-later")
    assert "Terminating: the Job is being deleted" in why.stdout
    assert "its deletion waits for the finalizers foregroundDeletion" in why.stdout


def test_one_mistake_keeps_no_other_from_being_deleted(
    served: Served, localjobs: Localjobs
) -> None:
    served.drop("del-one.json", manifest("del-one", "true"))
    served.finished("del-one.json")
    result = localjobs("delete", "del-none", "del-one")
    assert result.exit_code == 1
    assert result.stdout == "job.batch/del-one deleted\n"
    assert "there is no job 'del-none'" in result.stderr


def test_all_deletes_the_namespaces_jobs_and_no_others(
    served: Served, localjobs: Localjobs
) -> None:
    for name in ("all-a", "all-b"):
        served.drop(f"{name}.json", manifest(name, "true", namespace="doomed"))
        served.finished(f"{name}.json")
    served.drop("all-c.json", manifest("all-c", "true"))
    served.finished("all-c.json")
    result = localjobs("delete", "--all", "-n", "doomed")
    assert result.stdout == "job.batch/all-a deleted\njob.batch/all-b deleted\n"
    assert localjobs("ps", "all-c").exit_code == 0
    again = localjobs("delete", "--all", "-n", "doomed")
    assert (again.exit_code, again.stderr) == (0, "no jobs in namespace 'doomed'\n")


@pytest.mark.parametrize("arguments", [(), ("--all", "x")])
def test_what_to_delete_must_be_said_once(localjobs: Localjobs, arguments: tuple[str, ...]) -> None:
    result = localjobs("delete", *arguments)
    assert result.exit_code == 2
    assert "name the Jobs to delete, or say --all" in result.stderr


def test_a_job_is_suspended_and_goes_on(
    served: Served, localjobs: Localjobs, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    script = f"echo started; until [ -e {go} ]; do sleep 0.02; done; echo done"
    served.drop("pause.json", manifest("pause", script))
    runs(localjobs, "pause")
    assert localjobs("suspend", "pause").stdout == "job.batch/pause suspended\n"
    assert localjobs("suspend", "pause").stdout == "job.batch/pause already suspended\n"
    until(lambda: " Suspended " in localjobs("ps", "pause").stdout or None, "the suspension")
    assert "Suspended: spec.suspend is true" in localjobs("why", "pause").stdout
    # The pod is gone, and what it wrote is not.
    until(lambda: "pods: none" in localjobs("why", "pause").stdout or None, "the pod to go")
    assert localjobs("logs", "pause").stdout == "started\n"
    assert localjobs("resume", "pause").stdout == "job.batch/pause resumed\n"
    assert localjobs("resume", "pause").stdout == "job.batch/pause not suspended\n"
    go.touch()
    assert served.finished("pause.json")["status"]["succeeded"] == 1
    first, second = (
        localjobs("logs", "pause", "--attempt", "0", "--no-prefix"),
        localjobs("logs", "pause", "--attempt", "last"),
    )
    assert (first.stdout, second.stdout) == ("started\n", "started\ndone\n")
    finished = localjobs("suspend", "pause")
    assert finished.exit_code == 1
    assert "job.batch/pause is Complete: it does not run any more" in finished.stderr


@pytest.mark.parametrize("verb", ["suspend", "resume", "why", "logs"])
def test_a_job_must_be_named_and_known(localjobs: Localjobs, verb: str) -> None:
    assert localjobs(verb).exit_code == 2
    unknown = localjobs(verb, "no-such-job")
    assert unknown.exit_code == 1
    assert "there is no job 'no-such-job' in namespace 'default'" in unknown.stderr
