"""pykube-ng: objects with methods, over plain requests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pykube
import pytest
from pykube.exceptions import HTTPError

from tests.clients.manifests import WAITS, job, paused_job, shell
from tests.daemon.served import until


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[Any]:
    connected = pykube.HTTPClient(pykube.KubeConfig.from_file(str(kubeconfig)))
    yield connected
    connected.session.close()


@pytest.fixture
def namespace(api: Any, namespace_name: str) -> str:
    pykube.Namespace(api, {"metadata": {"name": namespace_name}}).create()
    return namespace_name


@pytest.fixture
def create(api: Any, namespace: str) -> Any:
    def create(body: dict[str, Any]) -> Any:
        metadata = {**body["metadata"], "namespace": namespace}
        made = pykube.Job(api, {**body, "metadata": metadata})
        made.create()
        return made

    return create


def pods_of(one: Any) -> list[Any]:
    query = pykube.Pod.objects(one.api).filter(
        namespace=one.namespace, selector={"job-name": one.name}
    )
    return list(query)


def ended(one: Any) -> str | None:
    """The type of the condition that says that the Job is over."""
    one.reload()
    conditions = one.obj.get("status", {}).get("conditions", ())
    return next((c["type"] for c in conditions if c["type"] in ("Complete", "Failed")), None)


def ready(one: Any) -> int:
    one.reload()
    return int(one.obj.get("status", {}).get("ready", 0))


def test_jobs_run_to_their_ends(create: Any) -> None:
    good, bad = (
        create(job("good", shell("echo one; echo two"))),
        create(job("bad", shell("exit 3"))),
    )
    assert until(lambda: ended(good), "its end") == "Complete"
    assert until(lambda: ended(bad), "its end") == "Failed"
    (pod,) = pods_of(good)
    assert (pod.logs(), pod.logs(container="main", tail_lines=1)) == ("one\ntwo\n", "two\n")
    assert good.obj["status"]["succeeded"] == 1


def test_a_watch_tells_of_a_job_until_it_is_deleted(api: Any, create: Any) -> None:
    made = create(paused_job("seen"))
    watching = pykube.Job.objects(api).filter(
        namespace=made.namespace, field_selector={"metadata.name": "seen"}
    )
    told = []
    for event in watching.watch():
        told.append(event.type)
        if event.type == "ADDED":
            made.delete(propagation_policy="Background")
        if event.type == "DELETED":
            break
    assert (told[0], told[-1]) == ("ADDED", "DELETED")
    assert not made.exists()


def test_a_job_is_changed_scaled_and_deleted(create: Any) -> None:
    made = create(job("many", shell(WAITS), parallelism=2, completions=4))
    # Nothing more happens then: an update of what has changed since would be a conflict.
    until(lambda: ready(made) == 2 or None, "two pods")
    made.labels["by"] = "update"
    made.update()
    made.patch({"metadata": {"annotations": {"by": "patch"}}})
    assert (made.labels["by"], made.annotations["by"]) == ("update", "patch")
    made.scale(0)
    until(lambda: not pods_of(made) or None, "no pods")
    made.delete(propagation_policy="Foreground")
    until(lambda: not made.exists() or None, "it to go")


def test_queries_take_selectors(api: Any, create: Any, namespace: str) -> None:
    for number in range(4):
        create(paused_job(f"p{number}", parity=("even", "odd")[number % 2]))
    jobs = pykube.Job.objects(api).filter(namespace=namespace)
    assert len(jobs) == 4
    assert [one.name for one in jobs.filter(selector={"parity__in": {"odd"}})] == ["p1", "p3"]
    assert jobs.get(name="p2").obj["spec"]["suspend"] is True
    assert jobs.get_or_none(name="other") is None


def test_kinds_are_found_by_discovery(api: Any) -> None:
    assert api.version == ("1", "36")
    found = pykube.object_factory(api, "batch/v1", "Job")
    assert found.endpoint == "jobs"
    (node,) = pykube.Node.objects(api)
    node.cordon()
    assert node.unschedulable
    node.uncordon()


def test_a_refusal_says_what_is_wrong(create: Any) -> None:
    with pytest.raises(HTTPError, match="must be greater than or equal to 0") as error:
        create(job("broken", shell("true"), completions=-1))
    assert error.value.code == 422
