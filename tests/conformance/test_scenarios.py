"""Recorded Jobs of a real control plane end here as they ended there."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from localjobs.control_plane import ControlPlane
from tests.conformance.scenario import Scenario

ENTRIES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "scenarios.json").read_text())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scenarios(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Scenario]]:
    """All scenarios at once: each waits for its own processes and back-offs."""
    plane = ControlPlane.open(tmp_path_factory.mktemp("scenarios"))
    await plane.start()
    running = {
        entry["name"]: Scenario(plane, entry, tmp_path_factory.mktemp(entry["name"]))
        for entry in ENTRIES
    }
    try:
        await asyncio.gather(*(scenario.finish() for scenario in running.values()))
        yield running
    finally:
        await plane.stop()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
async def test_scenario_ends_as_recorded(
    entry: dict[str, Any], scenarios: dict[str, Scenario]
) -> None:
    scenario = scenarios[entry["name"]]
    if scenario.failure is not None:
        raise scenario.failure
    expected = _in_namespace(entry["expect"], scenario.namespace)
    expected = {**expected, "pods": sorted(expected["pods"], key=repr)}
    assert scenario.outcome() == expected


def _in_namespace(expected: dict[str, Any], namespace: str) -> dict[str, Any]:
    text = json.dumps(expected).replace("NS/", f"{namespace}/")
    found: dict[str, Any] = json.loads(text)
    return found
