from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.manifests.harness import Served


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """An empty directory; nothing temporary is left in it."""
    path = tmp_path / "jobs.d"
    path.mkdir()
    yield path
    assert not list(tmp_path.rglob(".localjobs-*"))


@pytest_asyncio.fixture
async def served(directory: Path) -> AsyncIterator[Served]:
    """A served directory that is empty at first."""
    found = Served(directory)
    await found.start()
    yield found
    await found.directory.stop()
    found.store.close()
