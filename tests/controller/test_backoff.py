from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localjobs.api import timestamps
from localjobs.api.pod import PodView
from localjobs.controller.backoff import (
    NO_BACKOFF,
    BackoffRecord,
    delay,
    index_backoff_ends_at,
)
from tests.controller.simulator import START, Simulation


def ended(at: float, phase: str = "Failed", **counts: str) -> PodView:
    finished = timestamps.render(START + at)
    annotations = {
        f"batch.kubernetes.io/job-index-{key.replace('_', '-')}-count": value
        for key, value in counts.items()
    }
    return PodView.of(
        {
            "metadata": {"name": "p", "uid": f"u{at}", "annotations": annotations},
            "status": {
                "phase": phase,
                "containerStatuses": [
                    {"name": "c", "state": {"terminated": {"exitCode": 1, "finishedAt": finished}}}
                ],
            },
        }
    )


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 320), (7, 600), (100, 600)],
)
def test_the_delay_doubles_up_to_ten_minutes(failures: int, seconds: float) -> None:
    assert delay(failures) == seconds


@given(st.integers(0, 10_000))
def test_the_delay_never_shrinks(failures: int) -> None:
    assert delay(failures) <= delay(failures + 1) <= 600


def test_failures_add_up_and_the_last_one_is_waited_from() -> None:
    record = NO_BACKOFF.after([], [ended(5), ended(3)])
    assert record == BackoffRecord(2, START + 5)
    assert record.ends_at == START + 25
    assert record.after([], [ended(40)]) == BackoffRecord(3, START + 40)
    assert record.after([], []) is record


def test_a_success_forgives_what_failed_before_it() -> None:
    record = BackoffRecord(4, START)
    assert record.after([ended(9, "Succeeded")], []) == NO_BACKOFF
    assert record.after([ended(9, "Succeeded")], [ended(9)]) == NO_BACKOFF
    later = record.after([ended(9, "Succeeded")], [ended(3), ended(10), ended(12)])
    assert later == BackoffRecord(2, START + 12)


def test_an_index_waits_by_all_its_failures() -> None:
    assert index_backoff_ends_at(ended(0)) == START + 10
    assert index_backoff_ends_at(ended(0, failure="1", ignored_failure="2")) == START + 80


def test_the_measured_timing_of_a_cluster() -> None:
    """completions 8, parallelism 2, backoffLimit 6, every pod fails after 31 s.

    Measured: the next pairs start 20 s, 80 s and 320 s after the last failure, and the Job has
    failed 9 min 6 s after its start with 8 failed pods. (No fraction is lost here between a
    pod's creation and its start, as it is there.)
    """
    simulation = Simulation({"completions": 8, "parallelism": 2, "backoffLimit": 6})
    starts: list[float] = []
    while not simulation.view.is_finished:
        simulation.settle()
        running = simulation.names(active=True)
        if running:
            starts.append(simulation.now - START)
            for name in running:
                simulation.start_pod(name)
            simulation.now += 31
            for name in running:
                simulation.end_pod(name, 42)
        elif not simulation.view.is_finished:
            assert simulation.wake_at is not None
            simulation.now = simulation.wake_at
    assert starts == [0, 51, 162, 513]
    assert simulation.view.status.failed == 8
    assert simulation.now - START == pytest.approx(9 * 60 + 6, abs=5)
    assert simulation.conditions()[-1] == ("Failed", "True", "BackoffLimitExceeded")
