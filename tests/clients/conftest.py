"""One served directory for each module of clients."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.served import Served

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A daemon that serves an empty directory."""
    directory = tmp_path_factory.mktemp("clients") / "jobs.d"
    directory.mkdir()
    with Served(directory) as served:
        yield served


@pytest.fixture(scope="module")
def kubeconfig(served: Served) -> Path:
    """What the clients find the daemon by."""
    return served.directory / ".localjobs" / "kubeconfig"


@pytest.fixture
def namespace_name() -> str:
    """A name that no other test of the module uses."""
    return f"n{next(_numbers)}"
