from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from localjobs.cli import main
from tests.daemon.served import Served

Localjobs = Callable[..., Result]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One daemon for all the verbs that talk to one; tests name their Jobs differently."""
    directory = tmp_path_factory.mktemp("served") / "jobs.d"
    directory.mkdir()
    with Served(directory) as daemon:
        yield daemon


@pytest.fixture
def localjobs(served: Served) -> Localjobs:
    """Calls a verb for the served directory: `localjobs("ps", "-A")`."""

    def call(verb: str, *arguments: str | Path) -> Result:
        return CliRunner().invoke(main, [verb, *map(str, arguments), "-d", str(served.directory)])

    return call
