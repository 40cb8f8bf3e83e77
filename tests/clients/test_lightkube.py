"""lightkube: typed dataclasses, generic resources, and its client for asyncio."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import lightkube
import pytest
from lightkube.core.exceptions import ApiError, ConditionError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.batch_v1 import JobSpec
from lightkube.models.core_v1 import Container, PodSpec, PodTemplateSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import ConfigMap, Event, Namespace, Node, Pod, Secret
from lightkube.types import CascadeType, PatchType

from tests.clients.manifests import WAITS, paused_job
from tests.clients.manifests import job as job_body
from tests.clients.manifests import shell as shell_body
from tests.daemon.served import until

GenericJob = create_namespaced_resource("batch", "v1", "Job", "jobs")


@pytest.fixture(scope="module")
def client(kubeconfig: Path) -> Iterator[lightkube.Client]:
    config = lightkube.KubeConfig.from_file(kubeconfig)
    with lightkube.Client(config, field_manager="tester") as connected:
        yield connected


@pytest.fixture
def namespace(client: lightkube.Client, namespace_name: str) -> str:
    client.create(Namespace(metadata=ObjectMeta(name=namespace_name)))
    return namespace_name


def typed(name: str, script: str, **spec: Any) -> Job:
    container = Container(name="main", image="busybox", command=["sh", "-c", script])
    template = PodTemplateSpec(spec=PodSpec(restartPolicy="Never", containers=[container]))
    return Job(
        metadata=ObjectMeta(name=name),
        spec=JobSpec(template=template, backoffLimit=0, **spec),
    )


def pods_of(client: lightkube.Client, namespace: str, name: str) -> list[Pod]:
    return list(client.list(Pod, namespace=namespace, labels={"job-name": name}))


def running_pod(client: lightkube.Client, namespace: str, name: str) -> str:
    labels = {"job-name": name}
    for kind, pod in client.watch(Pod, namespace=namespace, labels=labels, server_timeout=60):
        if kind != "DELETED" and pod.status is not None and pod.status.phase == "Running":
            return str(pod.metadata.name)
    raise AssertionError(f"no pod of {name} runs")


def names(listed: Any) -> list[str]:
    return [one.metadata.name for one in listed]


def test_a_typed_job_is_waited_for(client: lightkube.Client, namespace: str) -> None:
    client.create(typed("good", "echo done"), namespace=namespace)
    done = client.wait(Job, "good", namespace=namespace, for_conditions=["Complete"])
    assert done.status is not None
    assert done.status.succeeded == 1
    (name,) = names(pods_of(client, namespace, "good"))
    assert list(client.log(name, namespace=namespace)) == ["done\n"]
    client.create(typed("bad", "exit 2"), namespace=namespace)
    with pytest.raises(ConditionError, match="backoff limit"):
        client.wait(
            Job,
            "bad",
            namespace=namespace,
            for_conditions=["Complete"],
            raise_for_conditions=["Failed"],
        )


async def test_the_asynchronous_client_does_the_same(kubeconfig: Path, namespace: str) -> None:
    config = lightkube.KubeConfig.from_file(kubeconfig)
    async with lightkube.AsyncClient(config) as client:
        await client.create(typed("good", "true"), namespace=namespace)
        done = await client.wait(Job, "good", namespace=namespace, for_conditions=["Complete"])
        assert done.status is not None
        assert done.status.completionTime is not None
        listed = [one async for one in client.list(Pod, namespace=namespace)]
        assert len(listed) == 1
        await client.delete(Job, "good", namespace=namespace, cascade=CascadeType.FOREGROUND)


def test_objects_are_created_replaced_and_deleted(client: lightkube.Client, namespace: str) -> None:
    client.create(typed("one", "true", suspend=True), namespace=namespace)
    # The controller writes a status once, and is done with it.
    made = client.wait(Job, "one", namespace=namespace, for_conditions=["Suspended"])
    assert made.spec is not None
    assert made.spec.completionMode == "NonIndexed"
    with pytest.raises(ApiError, match="already exists") as error:
        client.create(typed("one", "true"), namespace=namespace)
    assert (error.value.status.code, error.value.status.reason) == (409, "AlreadyExists")
    made.spec.parallelism = 2
    replaced = client.replace(made)
    assert replaced.spec is not None
    assert replaced.spec.parallelism == 2
    with pytest.raises(ApiError) as error:
        client.replace(made)
    assert (error.value.status.code, error.value.status.reason) == (409, "Conflict")
    client.delete(Job, "one", namespace=namespace, cascade=CascadeType.BACKGROUND)
    with pytest.raises(ApiError) as error:
        client.get(Job, "one", namespace=namespace)
    assert error.value.status.code == 404


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        (PatchType.STRATEGIC, {"metadata": {"labels": {"b": "2"}}}, {"a": "1", "b": "2"}),
        (PatchType.MERGE, {"metadata": {"labels": {"a": None, "b": "2"}}}, {"b": "2"}),
        (PatchType.JSON, [{"op": "add", "path": "/metadata/labels/c", "value": "3"}], None),
        (PatchType.APPLY, None, {"a": "1", "d": "4"}),
    ],
)
def test_every_kind_of_patch(
    client: lightkube.Client, namespace: str, kind: PatchType, body: Any, expected: Any
) -> None:
    client.create(GenericJob(paused_job("one", a="1")), namespace=namespace)
    if kind is PatchType.APPLY:
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"labels": {"d": "4"}}}
    patched = client.patch(GenericJob, "one", body, namespace=namespace, patch_type=kind)
    assert patched.metadata is not None
    assert patched.metadata.labels == (expected or {"a": "1", "c": "3"})


def test_apply_creates_and_conflicts(client: lightkube.Client, namespace: str) -> None:
    def apply(manager: str, label: str, **options: Any) -> Any:
        body = {**paused_job("one", team=label), "apiVersion": "batch/v1", "kind": "Job"}
        made = GenericJob(body)
        return client.apply(made, namespace=namespace, field_manager=manager, **options)

    apply("one", "a")
    with pytest.raises(ApiError) as error:
        apply("two", "b")
    assert (error.value.status.code, error.value.status.reason) == (409, "Conflict")
    assert error.value.status.details is not None
    (cause,) = error.value.status.details.causes
    assert (cause.reason, cause.field) == ("FieldManagerConflict", ".metadata.labels.team")
    forced = apply("two", "b", force=True)
    assert forced.metadata.labels == {"team": "b"}


def test_generic_resources_need_no_models(client: lightkube.Client, namespace: str) -> None:
    client.create(GenericJob(job_body("plain", shell_body("true"))), namespace=namespace)
    done = client.wait(GenericJob, "plain", namespace=namespace, for_conditions=["Complete"])
    assert done.status is not None
    assert done.status["succeeded"] == 1
    patch = {"status": {"conditions": [{"type": "Noted", "status": "True"}]}}
    status = client.patch(
        GenericJob.Status, "plain", patch, namespace=namespace, patch_type=PatchType.STRATEGIC
    )
    assert status.status is not None
    types = {one["type"] for one in status.status["conditions"]}
    assert types == {"SuccessCriteriaMet", "Complete", "Noted"}


def test_lists_come_in_chunks_and_by_selectors(client: lightkube.Client, namespace: str) -> None:
    for number in range(5):
        body = paused_job(f"p{number}", parity=("even", "odd")[number % 2])
        client.create(GenericJob(body), namespace=namespace)
    listed = client.list(Job, namespace=namespace, chunk_size=2)
    assert names(listed) == [f"p{number}" for number in range(5)]
    assert listed.resourceVersion
    odd = client.list(Job, namespace=namespace, labels={"parity": ["odd", "other"]})
    assert names(odd) == ["p1", "p3"]
    assert names(client.list(Job, namespace=namespace, fields={"metadata.name": "p4"})) == ["p4"]
    everywhere = client.list(Job, namespace="*", labels={"parity": "even"})
    assert {"p0", "p2", "p4"} <= set(names(everywhere))
    client.deletecollection(Job, namespace=namespace)
    until(lambda: not names(client.list(Job, namespace=namespace)) or None, "the Jobs to go")


@pytest.mark.parametrize("cascade", [CascadeType.BACKGROUND, CascadeType.FOREGROUND])
def test_a_deleted_job_takes_its_pods_along(
    client: lightkube.Client, namespace: str, cascade: CascadeType
) -> None:
    client.create(typed("one", WAITS), namespace=namespace)
    running_pod(client, namespace, "one")
    client.delete(Job, "one", namespace=namespace, cascade=cascade)
    until(lambda: not pods_of(client, namespace, "one") or None, "the pod to go")
    until(lambda: not names(client.list(Job, namespace=namespace)) or None, "the Job to go")


def test_orphans_stay(client: lightkube.Client, namespace: str) -> None:
    client.create(typed("one", WAITS), namespace=namespace)
    running = running_pod(client, namespace, "one")
    client.delete(Job, "one", namespace=namespace, cascade=CascadeType.ORPHAN)
    assert names(pods_of(client, namespace, "one")) == [running]
    client.delete(Pod, running, namespace=namespace)
    until(lambda: not pods_of(client, namespace, "one") or None, "the pod to go")


def test_secrets_and_config_maps_reach_the_process(
    client: lightkube.Client, namespace: str
) -> None:
    client.create(
        ConfigMap(metadata=ObjectMeta(name="settings"), data={"level": "debug"}),
        namespace=namespace,
    )
    client.create(
        Secret(metadata=ObjectMeta(name="login"), stringData={"pass": "hunter2"}),
        namespace=namespace,
    )
    sources = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "login"}}]
    pod_spec = shell_body("echo $level $pass", envFrom=sources)
    client.create(GenericJob(job_body("reader", pod_spec)), namespace=namespace)
    client.wait(Job, "reader", namespace=namespace, for_conditions=["Complete"])
    (name,) = names(pods_of(client, namespace, "reader"))
    assert list(client.log(name, namespace=namespace)) == ["debug hunter2\n"]


def test_a_log_is_followed(client: lightkube.Client, namespace: str, tmp_path: Path) -> None:
    script = f"echo first; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo last"
    client.create(typed("slow", script), namespace=namespace)
    lines = []
    name = running_pod(client, namespace, "slow")
    for line in client.log(name, namespace=namespace, follow=True, newlines=False):
        lines.append(line)
        (tmp_path / "go").touch()
    assert lines == ["first", "last"]


def test_an_eviction_is_a_subresource(client: lightkube.Client, namespace: str) -> None:
    client.create(typed("moved", WAITS), namespace=namespace)
    name = running_pod(client, namespace, "moved")
    eviction = Pod.Eviction(metadata=ObjectMeta(name=name, namespace=namespace))
    client.create(eviction, name, namespace=namespace)
    until(lambda: name not in names(pods_of(client, namespace, "moved")) or None, "it to go")


def test_a_watch_is_resumed_where_a_list_ended(client: lightkube.Client, namespace: str) -> None:
    client.create(typed("before", "true", suspend=True), namespace=namespace)
    listed = client.list(Job, namespace=namespace)
    assert names(listed) == ["before"]  # its version is known once it has been read
    version = listed.resourceVersion
    client.create(typed("after", "true"), namespace=namespace)
    for _, one in client.watch(Job, namespace=namespace, resource_version=version):
        assert one.metadata is not None
        if one.metadata.name == "after":
            break
    client.delete(Job, "after", namespace=namespace, cascade=CascadeType.BACKGROUND)
    for kind, _ in client.watch(
        Job, namespace=namespace, resource_version=version, fields={"metadata.name": "after"}
    ):
        if kind == "DELETED":
            break


def test_events_nodes_and_refusals(client: lightkube.Client, namespace: str) -> None:
    client.create(typed("eventful", "true"), namespace=namespace)
    client.wait(Job, "eventful", namespace=namespace, for_conditions=["Complete"])

    def reasons() -> set[str | None] | None:
        fields = {"involvedObject.kind": "Job"}
        found = {event.reason for event in client.list(Event, namespace=namespace, fields=fields)}
        return found if "Completed" in found else None

    assert until(reasons, "the events") == {"SuccessfulCreate", "Completed"}
    assert len(list(client.list(Node))) == 1
    with pytest.raises(ApiError, match="must be greater than or equal to 0") as error:
        client.create(typed("broken", "true", completions=-1), namespace=namespace)
    assert isinstance(error.value, httpx2.HTTPStatusError)
