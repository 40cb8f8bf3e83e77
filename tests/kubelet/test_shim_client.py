from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kubelet.runtime_contract import RuntimeContract
from tests.kubelet.shim_harness import ShimHarness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ShimHarness]:
    made = ShimHarness(tmp_path)
    await made.connect()
    yield made
    await made.aclose()


class TestShimClient(RuntimeContract):
    pass


async def test_a_shim_launched_ahead_is_the_one_that_is_connected_to(tmp_path: Path) -> None:
    made = ShimHarness(tmp_path)
    made.runtime.launch_ahead()
    made.runtime.launch_ahead()  # one listens already
    (launched,) = made.runtime._children
    await made.connect()
    assert made.runtime.shim_pid == launched
    await made.aclose()
