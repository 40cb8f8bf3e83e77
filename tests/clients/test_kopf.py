"""A kopf operator runs beside the daemon and reacts to its Jobs."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from tests.clients.manifests import job, paused_job, shell
from tests.daemon.served import Served, until

SECONDS = 60
OPERATOR = str(Path(__file__).with_name("operator.py"))


@dataclass
class Operator:
    process: subprocess.Popen[bytes]
    log: Path
    deletions: Path


@pytest.fixture(scope="module")
def operator(served: Served, kubeconfig: Path) -> Iterator[Operator]:
    folder = served.directory.parent
    log, deletions = folder / "operator.log", folder / "deletions"
    deletions.touch()
    command = [
        sys.executable,
        "-m",
        "kopf",
        "run",
        "--all-namespaces",
        "--standalone",
        str(OPERATOR),
    ]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "DELETIONS": str(deletions)}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    yield Operator(process, log, deletions)
    process.send_signal(signal.SIGTERM)
    assert process.wait(SECONDS) == 0
    told = log.read_text()
    assert "Traceback" not in told, told
    assert "[ERROR" not in told, told


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[Any]:
    with config.new_client_from_config(str(kubeconfig)) as connected:
        yield connected
        connected.rest_client.pool_manager.clear()


@pytest.fixture(scope="module")
def batch(api: Any) -> Any:
    return client.BatchV1Api(api)


@pytest.fixture
def namespace(api: Any, namespace_name: str) -> str:
    client.CoreV1Api(api).create_namespace({"metadata": {"name": namespace_name}})
    return namespace_name


def labelled(batch: Any, namespace: str, name: str, **labels: str) -> Any:
    """The Job, once the operator has given it these labels."""

    def look() -> Any:
        found = batch.read_namespaced_job(name, namespace)
        return found if labels.items() <= found.metadata.labels.items() else None

    return until(look, f"{name} to be labelled {labels}")


def watched(name: str, body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "metadata": {"name": name, "labels": {"watched": "yes"}}}


def gone(batch: Any, namespace: str, name: str) -> bool:
    try:
        batch.read_namespaced_job(name, namespace)
    except ApiException as error:
        return bool(error.status == 404)
    return False


def test_an_operator_follows_a_job_from_creation_to_deletion(
    operator: Operator, batch: Any, api: Any, namespace: str
) -> None:
    batch.create_namespaced_job(namespace, watched("followed", job("", shell("true"))))
    done = labelled(batch, namespace, "followed", marked="yes", succeeded="1")
    assert done.metadata.finalizers == ["localjobs.dev/operator"]
    noted = done.metadata.annotations["localjobs.dev/completed"]
    assert noted == f"{done.status.completion_time:%Y-%m-%dT%H:%M:%SZ}"
    core = client.CoreV1Api(api)

    def told() -> Any:
        events = core.list_namespaced_event(namespace, field_selector="reason=Marked").items
        return events[0] if events else None

    assert until(told, "the operator's event").involved_object.name == "followed"
    batch.delete_namespaced_job("followed", namespace, propagation_policy="Background")
    until(lambda: gone(batch, namespace, "followed") or None, "the operator to let it go")
    assert "followed" in operator.deletions.read_text().split()


def test_an_operator_sees_that_a_job_is_resumed(
    operator: Operator, batch: Any, namespace: str
) -> None:
    batch.create_namespaced_job(namespace, watched("paused", paused_job("")))
    labelled(batch, namespace, "paused", marked="yes")
    assert operator.process.poll() is None
    batch.patch_namespaced_job("paused", namespace, {"spec": {"suspend": False}})
    labelled(batch, namespace, "paused", resumed="yes", succeeded="1")


def test_an_operator_leaves_others_alone(operator: Operator, batch: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, job("other", shell("true")))
    batch.create_namespaced_job(namespace, watched("mine", job("", shell("true"))))
    labelled(batch, namespace, "mine", succeeded="1")
    other = batch.read_namespaced_job("other", namespace)
    assert other.metadata.finalizers is None
    assert "marked" not in other.metadata.labels
    assert operator.process.poll() is None
