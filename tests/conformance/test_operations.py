"""Recorded sequences of requests, sent over HTTPS, are answered as a real API server did."""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localjobs.clock import SystemClock
from tests.apiserver.serving import serve
from tests.conformance.replay import Outcome, Replay

RECORDED_AT = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
"""The recordings' Tables show how long it is since the dates that they mention."""
SEQUENCES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "operations.json").read_text()
)


class ClockOfThen(SystemClock):
    """Goes on from the time of the recordings."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._ahead = RECORDED_AT - self.now()

    def now(self) -> float:
        return super().now() + self._ahead


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Outcome]]]:
    """All sequences at once, each in its own namespace: watches take two seconds each."""
    folder = tmp_path_factory.mktemp("operations")
    with serve(folder, ClockOfThen()) as served, ThreadPoolExecutor(24) as pool:
        longest_first = sorted(
            SEQUENCES, key=lambda one: not any("do" in step for step in one["steps"])
        )
        yield {
            one["name"]: pool.submit(Replay(served, one["name"]).run, one["steps"])
            for one in longest_first
        }


@pytest.mark.parametrize("name", [one["name"] for one in SEQUENCES])
def test_a_sequence_is_answered_as_recorded(
    name: str, outcomes: dict[str, Future[Outcome]]
) -> None:
    outcome = outcomes[name].result(60)
    for found, expected in zip(outcome.found, outcome.expected, strict=True):
        assert found == expected
