from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kubelet.shim_harness import ShimHarness


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ShimHarness]:
    made = ShimHarness(tmp_path)
    await made.connect()
    yield made
    await made.aclose()
