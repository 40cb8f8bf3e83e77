"""One daemon for each worker, and every kubectl that the machine has."""

import os
import re
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tests.daemon.client import Client
from tests.daemon.served import Served
from tests.kubectl.client import Kubectl, binaries, minor_version


def _missing(what: str) -> NoReturn:
    """On a developer's machine a kubectl may be missing; where it counts, it may not."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A daemon that serves an empty directory."""
    directory = tmp_path_factory.mktemp("kubectl") / "jobs.d"
    directory.mkdir()
    with Served(directory, "--shutdown-timeout", "5") as served:
        yield served


@pytest.fixture(scope="session", params=sorted(binaries()) or ["none"])
def binary(request: pytest.FixtureRequest) -> str:
    """The path of a kubectl."""
    if request.param not in binaries():
        _missing("there is no kubectl on PATH")
    return binaries()[request.param]


@pytest.fixture(scope="session")
def recording_binary() -> str:
    """The path of a kubectl of the version that the recordings were made with."""
    for path in binaries().values():
        if minor_version(path) == "1.33":
            return path
    _missing("there is no kubectl 1.33")


@pytest.fixture
def kubectl(
    binary: str,
    served: Served,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Kubectl:
    """A kubectl with a home for its version, and a namespace for the test."""
    return in_namespace(binary, served, request, tmp_path_factory)


@pytest.fixture
def recording_kubectl(
    recording_binary: str,
    served: Served,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Kubectl:
    """The kubectl of the recordings, with a namespace for the test."""
    return in_namespace(recording_binary, served, request, tmp_path_factory)


def in_namespace(
    binary: str,
    served: Served,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Kubectl:
    """A kubectl for one test. What it has discovered is kept from test to test."""
    name = os.path.basename(binary)
    home = tmp_path_factory.getbasetemp() / f"home-{name}"
    home.mkdir(exist_ok=True)
    namespace = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:63].strip("-")
    Client(served.state).ask("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
    return Kubectl(binary, str(served.state / "kubeconfig"), home, namespace)
