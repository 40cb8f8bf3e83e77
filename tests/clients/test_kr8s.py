"""kr8s, both of its faces: the synchronous one and the one for asyncio."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kr8s
import pytest
from kr8s._async_utils import as_sync_func
from kr8s.asyncio.objects import Job as AsyncJob
from kr8s.objects import ConfigMap, Event, Job, Namespace, Node, Pod, Secret

from tests.clients.manifests import WAITS, job, paused_job, shell
from tests.daemon.served import until

SECONDS = 60

# A release of kr8s is older than the newest Kubernetes, and says so of every server.
pytestmark = pytest.mark.filterwarnings("ignore:Kubernetes version .* is not supported:UserWarning")


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[Any]:
    connected = kr8s.api(kubeconfig=str(kubeconfig))
    yield connected
    # There is no public way to close what it holds open.
    as_sync_func(connected._session.aclose)()


@pytest.fixture
def namespace(api: Any, namespace_name: str) -> str:
    Namespace({"metadata": {"name": namespace_name}}, api=api).create()
    return namespace_name


@pytest.fixture
def create(api: Any, namespace: str) -> Any:
    def create(body: dict[str, Any], kind: Any = Job) -> Any:
        made = kind(body, namespace=namespace, api=api)
        made.create()
        return made

    return create


def pods_of(api: Any, one: Job) -> list[Any]:
    return list(Pod.list(namespace=one.namespace, label_selector={"job-name": one.name}, api=api))


def running_pod(api: Any, one: Job) -> Any:
    def look() -> Any:
        return next((pod for pod in pods_of(api, one) if pod.status.phase == "Running"), None)

    return until(look, "a pod to run")


def test_it_knows_this_version(api: Any) -> None:
    assert api.version()["minor"] == "36"
    assert api.lookup_kind("jobs") == ("job.batch/v1", "jobs", True)
    assert api.whoami() == "localjobs"


def test_a_job_is_waited_for(api: Any, create: Any) -> None:
    made = create(job("good", shell("echo done")))
    made.wait(["condition=Complete", "condition=Failed"], timeout=SECONDS)
    assert made.status.succeeded == 1
    (pod,) = pods_of(api, made)
    assert list(pod.logs()) == ["done"]
    bad = create(job("bad", shell("exit 1")))
    bad.wait("condition=Failed", timeout=SECONDS)
    assert bad.status.failed == 1
    bad.delete(propagation_policy="Foreground")
    bad.wait("delete", timeout=SECONDS)
    assert pods_of(api, bad) == []


async def test_a_job_is_watched_to_its_end_asynchronously(kubeconfig: Path, namespace: str) -> None:
    api = await kr8s.asyncio.api(kubeconfig=str(kubeconfig))
    made = await AsyncJob(job("watched", shell("true")), namespace=namespace, api=api)
    await made.create()
    seen = []
    async for kind, one in api.watch("jobs", namespace=namespace):
        seen.append(kind)
        if one.status.get("completionTime"):
            break
    assert seen[0] == "ADDED"
    await made.delete("Background")
    await api._session.aclose()


def test_objects_are_read_patched_labelled_and_deleted(api: Any, create: Any) -> None:
    made = create(paused_job("one", a="1", kept="yes"))
    assert made.spec.backoffLimit == 0
    found = Job.get("one", namespace=made.namespace, api=api)
    assert found.metadata.uid == made.metadata.uid
    made.patch({"spec": {"parallelism": 3}})
    assert made.spec.parallelism == 3
    made.patch([{"op": "remove", "path": "/metadata/labels/a"}], type="json")
    made.label({"b": "2"})
    made.annotate({"note": "seen"})
    found.refresh()
    assert (dict(found.labels), dict(found.annotations)) == (
        {"kept": "yes", "b": "2"},
        {"note": "seen"},
    )
    made.remove_label("b")
    assert dict(made.labels) == {"kept": "yes"}
    made.patch({"metadata": {"labels": {"c": "3"}}}, subresource="status")
    made.delete()
    made.wait("delete", timeout=SECONDS)
    assert not found.exists()
    with pytest.raises(kr8s.NotFoundError):
        Job.get("one", namespace=made.namespace, api=api)


def test_a_job_is_scaled(api: Any, create: Any) -> None:
    made = create(job("many", shell(WAITS), parallelism=2, completions=4))
    until(lambda: len(pods_of(api, made)) == 2 or None, "two pods")
    made.scale(0)
    assert made.replicas == 0
    until(lambda: not pods_of(api, made) or None, "no pods")


def test_lists_take_selectors_and_pages(api: Any, create: Any, namespace: str) -> None:
    for number in range(5):
        create(paused_job(f"p{number}", parity=("even", "odd")[number % 2]))

    def names(**options: Any) -> list[str]:
        return [one.name for one in Job.list(namespace=namespace, api=api, **options)]

    assert names() == [f"p{number}" for number in range(5)]
    assert names(label_selector={"parity": "odd"}) == ["p1", "p3"]
    assert names(label_selector="parity in (even)") == ["p0", "p2", "p4"]
    assert names(field_selector={"metadata.name": "p2"}) == ["p2"]
    everywhere = {one.name for one in api.get("jobs.batch", namespace=kr8s.ALL)}
    assert set(names()) <= everywhere


def test_an_invalid_job_is_an_error_with_the_server_s_words(create: Any) -> None:
    with pytest.raises(kr8s.ServerError, match="must be greater than or equal to 0") as error:
        create(job("broken", shell("true"), completions=-1))
    assert error.value.response is not None
    assert error.value.response.status_code == 422


def test_secrets_and_config_maps_reach_the_process(api: Any, create: Any) -> None:
    create({"metadata": {"name": "settings"}, "data": {"level": "debug"}}, ConfigMap)
    password = base64.b64encode(b"hunter2").decode()
    create({"metadata": {"name": "login"}, "data": {"pass": password}}, Secret)
    sources = [{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "login"}}]
    made = create(job("reader", shell("echo $level $pass", envFrom=sources)))
    made.wait("condition=Complete", timeout=SECONDS)
    (pod,) = pods_of(api, made)
    assert list(pod.logs(container="main", tail_lines=1)) == ["debug hunter2"]


def test_a_log_is_followed(api: Any, create: Any, tmp_path: Path) -> None:
    script = f"echo first; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo last"
    pod = running_pod(api, create(job("slow", shell(script))))
    lines = []
    for line in pod.logs(follow=True, timeout=SECONDS):
        lines.append(line)
        (tmp_path / "go").touch()
    assert lines == ["first", "last"]


def test_a_pod_becomes_ready(api: Any, create: Any) -> None:
    made = create(job("waits", shell(WAITS)))
    pod = running_pod(api, made)
    pod.wait("condition=Ready", timeout=SECONDS)
    assert pod.ready()
    made.delete("Background")
    pod.wait("delete", timeout=SECONDS)


def test_events_and_the_node(api: Any, create: Any, namespace: str) -> None:
    create(job("eventful", shell("true"))).wait("condition=Complete", timeout=SECONDS)

    def reasons() -> set[str] | None:
        selector = {"involvedObject.kind": "Job"}
        found = Event.list(namespace=namespace, field_selector=selector, api=api)
        told = {event.raw.reason for event in found}
        return told if "Completed" in told else None

    assert until(reasons, "the events") == {"SuccessfulCreate", "Completed"}
    (node,) = Node.list(api=api)
    node.cordon()
    assert node.unschedulable
    node.uncordon()
    assert not node.unschedulable
