"""kubernetes_asyncio: the official models, on an event loop."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from kubernetes_asyncio import client, config, dynamic, utils, watch
from kubernetes_asyncio.client.exceptions import ApiException

from tests.clients.manifests import WAITS, job, paused_job, shell

SECONDS = 60


@pytest.fixture
async def api(kubeconfig: Path) -> AsyncIterator[Any]:
    configuration = client.Configuration()
    await config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    async with client.ApiClient(configuration) as connected:
        yield connected


@pytest.fixture
def batch(api: Any) -> Any:
    return client.BatchV1Api(api)


@pytest.fixture
def core(api: Any) -> Any:
    return client.CoreV1Api(api)


@pytest.fixture
async def namespace(core: Any, namespace_name: str) -> str:
    await core.create_namespace({"metadata": {"name": namespace_name}})
    return namespace_name


async def seen(listing: Any, namespace: str, wanted: Any, **options: Any) -> list[Any]:
    """The events of a watch, up to the first one that is wanted."""
    events = []
    async with watch.Watch().stream(
        listing, namespace, timeout_seconds=SECONDS, **options
    ) as stream:
        async for event in stream:
            events.append(event)
            if wanted(event):
                return events
    raise AssertionError(f"not in {SECONDS} s: {[event['type'] for event in events]}")


async def finished(batch: Any, namespace: str, name: str) -> Any:
    """The Job, when it has finished."""
    selector = f"metadata.name={name}"
    events = await seen(batch.list_namespaced_job, namespace, ended, field_selector=selector)
    return events[-1]["object"]


def ended(event: Any) -> bool:
    return bool({"Complete", "Failed"} & reasons(event["object"]).keys())


def reasons(one: Any) -> dict[str, str]:
    return {c.type: c.reason for c in one.status.conditions or () if c.status == "True"}


async def pods_of(core: Any, namespace: str, name: str) -> list[Any]:
    listed = await core.list_namespaced_pod(namespace, label_selector=f"job-name={name}")
    found: list[Any] = listed.items
    return found


async def test_jobs_run_side_by_side_to_their_ends(batch: Any, core: Any, namespace: str) -> None:
    bodies = (
        job("good", shell("echo done")),
        job("bad", shell("echo oops >&2; exit 3")),
        job("many", shell("echo $JOB_COMPLETION_INDEX"), completions=3, completionMode="Indexed"),
    )
    await asyncio.gather(*(batch.create_namespaced_job(namespace, body) for body in bodies))
    good, bad, many = await asyncio.gather(
        *(finished(batch, namespace, name) for name in ("good", "bad", "many"))
    )
    assert reasons(good)["Complete"] == "CompletionsReached"
    assert reasons(bad)["Failed"] == "BackoffLimitExceeded"
    assert many.status.completed_indexes == "0-2"
    (failed,) = await pods_of(core, namespace, "bad")
    assert failed.status.container_statuses[0].state.terminated.exit_code == 3
    assert await core.read_namespaced_pod_log(failed.metadata.name, namespace) == "oops\n"


async def test_a_log_is_followed_to_its_end(
    batch: Any, core: Any, namespace: str, tmp_path: Path
) -> None:
    script = f"echo first; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo last"
    await batch.create_namespaced_job(namespace, job("slow", shell(script)))
    events = await seen(core.list_namespaced_pod, namespace, runs)
    lines = []
    async with watch.Watch().stream(
        core.read_namespaced_pod_log, events[-1]["object"].metadata.name, namespace
    ) as stream:
        async for line in stream:
            lines.append(line)
            (tmp_path / "go").touch()
    assert lines == ["first\n", "last\n"]


def runs(event: Any) -> bool:
    return bool(event["object"].status.phase == "Running")


async def test_a_watch_goes_on_where_another_ended(batch: Any, namespace: str) -> None:
    created = await batch.create_namespaced_job(namespace, paused_job("one"))
    await batch.delete_namespaced_job("one", namespace, propagation_policy="Background")
    events = await seen(
        batch.list_namespaced_job,
        namespace,
        lambda event: event["type"] == "DELETED",
        resource_version=created.metadata.resource_version,
    )
    assert {event["object"].metadata.uid for event in events} == {created.metadata.uid}


async def test_a_version_from_long_ago_is_gone(batch: Any, namespace: str) -> None:
    with pytest.raises(ApiException) as error:
        await seen(batch.list_namespaced_job, namespace, ended, resource_version="1")
    assert error.value.status == 410
    assert "too old resource version: 1" in str(error.value.reason)


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
async def test_a_deleted_job_takes_its_pods_along(
    batch: Any, core: Any, namespace: str, policy: str
) -> None:
    await batch.create_namespaced_job(namespace, job("one", shell(WAITS)))
    running = (await seen(core.list_namespaced_pod, namespace, runs))[-1]["object"]
    options = client.V1DeleteOptions(propagation_policy=policy)
    await batch.delete_namespaced_job("one", namespace, body=options)
    await seen(
        core.list_namespaced_pod,
        namespace,
        lambda event: event["type"] == "DELETED",
        resource_version=running.metadata.resource_version,
    )
    assert await pods_of(core, namespace, "one") == []


async def test_patches_of_every_kind(batch: Any, namespace: str) -> None:
    await batch.create_namespaced_job(namespace, paused_job("one", a="1"))
    merged = await batch.patch_namespaced_job("one", namespace, {"metadata": {"labels": {"b": ""}}})
    assert merged.metadata.labels == {"a": "1", "b": ""}
    removal = [{"op": "remove", "path": "/metadata/labels/b"}]
    assert (await batch.patch_namespaced_job("one", namespace, removal)).metadata.labels == {
        "a": "1"
    }
    applied = await batch.patch_namespaced_job(
        "applied",
        namespace,
        paused_job("applied"),
        field_manager="me",
        force=True,
        _content_type="application/apply-patch+yaml",
    )
    (owner,) = applied.metadata.managed_fields
    assert (owner.manager, owner.operation) == ("me", "Apply")


async def test_objects_are_created_from_dictionaries(api: Any, core: Any, namespace: str) -> None:
    secret = {"metadata": {"name": "login"}, "stringData": {"user": "me"}}
    listed = {"apiVersion": "v1", "kind": "List", "items": [paused_job("one"), paused_job("two")]}
    await utils.create_from_dict(
        api, {"apiVersion": "v1", "kind": "Secret", **secret}, namespace=namespace
    )
    await utils.create_from_dict(api, listed, namespace=namespace)
    assert (await core.read_namespaced_secret("login", namespace)).data == {"user": "bWU="}
    with pytest.raises(utils.FailToCreateError, match="AlreadyExists"):
        await utils.create_from_dict(api, listed, namespace=namespace)


async def test_the_dynamic_client_discovers_and_watches(api: Any, namespace: str) -> None:
    discovered = await dynamic.DynamicClient(api)
    jobs = await discovered.resources.get(api_version="batch/v1", kind="Job")
    await jobs.server_side_apply(paused_job("one"), namespace=namespace, field_manager="me")
    watcher = watch.Watch()
    async for event in discovered.watch(
        jobs, namespace=namespace, timeout=SECONDS, watcher=watcher
    ):
        assert (event["type"], event["object"].metadata.name) == ("ADDED", "one")
        break
    await watcher.close()


async def test_a_refusal_says_what_is_wrong(batch: Any, namespace: str) -> None:
    with pytest.raises(ApiException) as error:
        await batch.create_namespaced_job(namespace, job("broken", shell("true"), completions=-1))
    assert (error.value.status, error.value.reason) == (422, "Unprocessable Entity")
    assert "spec.completions" in str(error.value.body)
