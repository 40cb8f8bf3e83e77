"""Whatever dies, nothing is lost and nothing runs twice."""

import signal
from functools import partial
from pathlib import Path

from tests.daemon.served import Served, until

INDEXES, PARALLELISM, DEATHS = 400, 16, 6

JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {{name: many}}
spec:
  completions: {indexes}
  parallelism: {parallelism}
  completionMode: Indexed
  backoffLimitPerIndex: 0
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: c
          image: busybox
          command:
            - sh
            - -c
            - |
              echo ran >> {ran}/$JOB_COMPLETION_INDEX
              sleep 0.0$((JOB_COMPLETION_INDEX % 7))
              [ $((JOB_COMPLETION_INDEX % 10)) != 3 ]
"""


def test_a_daemon_killed_six_times_runs_every_index_exactly_once(tmp_path: Path) -> None:
    directory, ran = tmp_path / "jobs.d", tmp_path / "ran"
    directory.mkdir()
    ran.mkdir()
    served = Served(directory)
    served.start()
    job = JOB.format(indexes=INDEXES, parallelism=PARALLELISM, ran=ran)
    served.drop("many.yaml", job)
    for death in range(1, DEATHS + 1):
        wanted = death * INDEXES // (DEATHS + 2)
        until(partial(_have_run, ran, wanted), f"{wanted} indexes to run")
        assert served.stop(signal.SIGKILL) == -signal.SIGKILL
        served.start()
    job_status = served.finished("many.yaml")["status"]
    served.stop()
    failed = [index for index in range(INDEXES) if index % 10 == 3]
    assert {path.name: path.read_text() for path in ran.iterdir()} == {
        str(index): "ran\n" for index in range(INDEXES)
    }
    assert job_status["failed"] == len(failed)
    assert job_status["succeeded"] == INDEXES - len(failed)
    assert job_status["failedIndexes"] == ",".join(map(str, failed))
    assert [one["reason"] for one in job_status["conditions"]] == ["FailedIndexes"] * 2
    assert "active" not in job_status


def _have_run(ran: Path, wanted: int) -> bool | None:
    return len(list(ran.iterdir())) >= wanted or None
