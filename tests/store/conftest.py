from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localjobs.clock import VirtualClock
from localjobs.store.store import Store
from tests.store.invariants import Witness

OpenStore = Callable[[], Store]


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    """A store in memory or on disk; whatever a test does to it, its invariants hold after."""
    path = str(tmp_path / "store.db") if request.param == "sqlite" else None
    opened = Store.open(path, clock=clock)
    witness = Witness(opened)
    yield opened
    opened.flush()
    witness.check()
    opened.close()
    if path is not None:
        reopened = Store.open(path, clock=clock)
        witness.check_reopened(reopened)
        reopened.close()
