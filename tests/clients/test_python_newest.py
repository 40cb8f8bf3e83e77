"""What only new releases of the official Python client have: asyncio, and informers."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes import aio, client, config
from kubernetes.informer import ADDED, DELETED, MODIFIED, SharedInformer

from tests.clients.manifests import job, paused_job, shell

SECONDS = 60


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[Any]:
    with config.new_client_from_config(str(kubeconfig)) as connected:
        yield connected
        connected.rest_client.pool_manager.clear()


@pytest.fixture
def namespace(api: Any, namespace_name: str) -> str:
    client.CoreV1Api(api).create_namespace({"metadata": {"name": namespace_name}})
    return namespace_name


async def test_a_job_is_watched_to_its_end_asynchronously(kubeconfig: Path, namespace: str) -> None:
    async with await aio.config.new_client_from_config(str(kubeconfig)) as api:
        batch, core = aio.client.BatchV1Api(api), aio.client.CoreV1Api(api)
        await batch.create_namespaced_job(namespace, job("watched", shell("echo hello")))
        async with aio.watch.Watch() as watching:
            async for event in watching.stream(
                batch.list_namespaced_job, namespace, timeout_seconds=SECONDS
            ):
                if event["object"].status.completion_time:
                    watching.stop()
        (pod,) = (await core.list_namespaced_pod(namespace)).items
        assert await core.read_namespaced_pod_log(pod.metadata.name, namespace) == "hello\n"
        await batch.delete_namespaced_job("watched", namespace, propagation_policy="Background")


def test_an_informer_follows_jobs(api: Any, namespace: str) -> None:
    batch = client.BatchV1Api(api)
    informer = SharedInformer(batch.list_namespaced_job, namespace=namespace)
    seen = {kind: threading.Event() for kind in (ADDED, MODIFIED, DELETED)}
    for kind, event in seen.items():
        informer.add_event_handler(kind, lambda _, event=event: event.set())
    informer.start()
    batch.create_namespaced_job(namespace, paused_job("informed"))
    assert seen[ADDED].wait(SECONDS)
    batch.patch_namespaced_job("informed", namespace, {"spec": {"suspend": False}})
    assert seen[MODIFIED].wait(SECONDS)
    assert [one.metadata.name for one in informer.cache.list()] == ["informed"]
    batch.delete_namespaced_job("informed", namespace, propagation_policy="Background")
    assert seen[DELETED].wait(SECONDS)
    informer.stop()
