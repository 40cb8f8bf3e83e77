"""The official Python client: its typed models, its watches and its dynamic client.

`test_python_28.py` runs these tests once more with an old release.
"""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes
import pytest
from kubernetes import client, config, dynamic, utils, watch
from kubernetes.client.exceptions import ApiException

from tests.clients.manifests import WAITS, job, paused_job, shell
from tests.daemon.served import until

SECONDS = 60


@pytest.fixture(scope="module")
def api(kubeconfig: Path) -> Iterator[Any]:
    with config.new_client_from_config(str(kubeconfig)) as connected:
        yield connected
        connected.rest_client.pool_manager.clear()


@pytest.fixture(scope="module")
def batch(api: Any) -> Any:
    return client.BatchV1Api(api)


@pytest.fixture(scope="module")
def core(api: Any) -> Any:
    return client.CoreV1Api(api)


@pytest.fixture
def namespace(core: Any, namespace_name: str) -> str:
    core.create_namespace({"metadata": {"name": namespace_name}})
    return namespace_name


@pytest.fixture
def jobs(api: Any) -> Any:
    """Jobs, as the dynamic client finds them by discovery."""
    return dynamic.DynamicClient(api).resources.get(api_version="batch/v1", kind="Job")


def finished(batch: Any, namespace: str, name: str, resource_version: str = "0") -> Any:
    """The Job when it has finished, by a watch of it alone."""
    watching = watch.Watch()
    for event in watching.stream(
        batch.list_namespaced_job,
        namespace,
        field_selector=f"metadata.name={name}",
        resource_version=resource_version,
        timeout_seconds=SECONDS,
    ):
        if is_finished(event["object"]):
            watching.stop()
            return event["object"]
    raise AssertionError(f"{name} does not finish in {SECONDS} s")


def is_finished(one: Any) -> bool:
    return bool({"Complete", "Failed"} & true_conditions(one))


def is_suspended(batch: Any, namespace: str, name: str) -> bool:
    return "Suspended" in true_conditions(batch.read_namespaced_job(name, namespace))


def true_conditions(one: Any) -> set[str]:
    return {c.type for c in one.status.conditions or () if c.status == "True"}


def log_of(core: Any, namespace: str, job_name: str, **options: Any) -> str:
    (pod,) = pods_of(core, namespace, job_name)
    text: str = core.read_namespaced_pod_log(pod.metadata.name, namespace, **options)
    return text


def pods_of(core: Any, namespace: str, job_name: str) -> list[Any]:
    selector = f"batch.kubernetes.io/job-name={job_name}"
    pods: list[Any] = core.list_namespaced_pod(namespace, label_selector=selector).items
    return pods


def running_pod(core: Any, namespace: str, job_name: str) -> Any:
    """The Job's pod, once it runs."""
    selector = f"job-name={job_name}"
    watching = watch.Watch()
    for event in watching.stream(
        core.list_namespaced_pod, namespace, label_selector=selector, timeout_seconds=SECONDS
    ):
        if event["type"] != "DELETED" and event["object"].status.phase == "Running":
            watching.stop()
            return event["object"]
    raise AssertionError(f"no pod of {job_name} runs within {SECONDS} s")


def names(listed: Any) -> list[str]:
    return [one.metadata.name for one in listed.items]


def refused(error: pytest.ExceptionInfo[ApiException]) -> tuple[int, str]:
    """The code and the reason of a refusal, which has a Status as its body."""
    status = error.value
    assert status.headers["Content-Type"] == "application/json"
    assert '"kind":"Status"' in status.body.replace(" ", "")
    return status.status, status.reason


def test_this_is_the_release_that_is_meant() -> None:
    assert kubernetes.__version__.startswith(os.environ.get("EXPECTED_KUBERNETES_CLIENT", ""))


def test_a_job_of_typed_models_runs_to_its_end(batch: Any, core: Any, namespace: str) -> None:
    container = client.V1Container(
        name="main", image="busybox", command=["sh", "-c", "echo index $JOB_COMPLETION_INDEX"]
    )
    template = client.V1PodTemplateSpec(
        spec=client.V1PodSpec(restart_policy="Never", containers=[container])
    )
    body = client.V1Job(
        api_version="batch/v1",
        kind="Job",
        metadata=client.V1ObjectMeta(generate_name="typed-"),
        spec=client.V1JobSpec(
            completions=3, parallelism=2, completion_mode="Indexed", template=template
        ),
    )
    created = batch.create_namespaced_job(namespace, body)
    name = created.metadata.name
    assert name.startswith("typed-")
    assert created.spec.backoff_limit == 6
    assert created.spec.selector.match_labels == {
        "batch.kubernetes.io/controller-uid": created.metadata.uid
    }
    ended = finished(batch, namespace, name)
    assert true_conditions(ended) == {"SuccessCriteriaMet", "Complete"}
    assert (ended.status.succeeded, ended.status.completed_indexes) == (3, "0-2")
    assert ended.status.start_time <= ended.status.completion_time
    logs = {
        core.read_namespaced_pod_log(pod.metadata.name, namespace)
        for pod in pods_of(core, namespace, name)
    }
    assert logs == {"index 0\n", "index 1\n", "index 2\n"}


def test_a_watch_tells_of_every_step_and_can_be_resumed(
    batch: Any, core: Any, namespace: str
) -> None:
    created = batch.create_namespaced_job(namespace, job("steps", shell("exit 3")))
    ended = finished(batch, namespace, "steps")
    assert true_conditions(ended) == {"FailureTarget", "Failed"}
    batch.delete_namespaced_job("steps", namespace, propagation_policy="Background")
    watching = watch.Watch()
    seen = []
    for event in watching.stream(
        batch.list_namespaced_job,
        namespace,
        resource_version=created.metadata.resource_version,
        timeout_seconds=SECONDS,
    ):
        seen.append((event["type"], event["object"].metadata.name))
        if event["type"] == "DELETED":
            watching.stop()
    assert seen[0] == ("MODIFIED", "steps")
    assert seen[-1] == ("DELETED", "steps")
    assert until(lambda: not pods_of(core, namespace, "steps") or None, "its pods to go")


def test_a_watch_ends_when_its_time_is_over(batch: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, paused_job("still"))
    watching = watch.Watch()
    seen = []
    for event in watching.stream(batch.list_namespaced_job, namespace, timeout_seconds=1):
        seen.append(event["type"])
        watching.stop()
    assert seen == ["ADDED"]


def test_objects_are_created_read_replaced_and_deleted(batch: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, paused_job("one"))
    with pytest.raises(ApiException) as error:
        batch.create_namespaced_job(namespace, paused_job("one"))
    assert refused(error) == (409, "Conflict")
    # The controller writes a status once, and is done with it.
    until(lambda: is_suspended(batch, namespace, "one") or None, "the controller to see it")
    read = batch.read_namespaced_job("one", namespace)
    assert read.spec.suspend is True
    read.spec.parallelism = 2
    replaced = batch.replace_namespaced_job("one", namespace, read)
    assert (replaced.spec.parallelism, replaced.metadata.generation) == (2, 2)
    with pytest.raises(ApiException) as error:
        batch.replace_namespaced_job("one", namespace, read)
    assert refused(error) == (409, "Conflict")
    assert "the object has been modified" in error.value.body
    batch.delete_namespaced_job("one", namespace, propagation_policy="Background")
    with pytest.raises(ApiException) as error:
        batch.read_namespaced_job("one", namespace)
    assert refused(error) == (404, "Not Found")


def test_an_invalid_job_is_refused_with_its_fields(batch: Any, namespace: str) -> None:
    broken = job("broken", shell("true"), completions=-1)
    with pytest.raises(ApiException) as error:
        batch.create_namespaced_job(namespace, broken)
    assert refused(error) == (422, "Unprocessable Entity")
    assert "spec.completions" in error.value.body
    assert "must be greater than or equal to 0" in error.value.body


def test_a_dry_run_leaves_nothing(batch: Any, namespace: str) -> None:
    answer = batch.create_namespaced_job(namespace, paused_job("dry"), dry_run="All")
    assert answer.metadata.uid
    assert names(batch.list_namespaced_job(namespace)) == []


def test_a_typed_patch_merges_strategically(batch: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, paused_job("one", a="1"))
    patched = batch.patch_namespaced_job("one", namespace, {"metadata": {"labels": {"b": "2"}}})
    assert patched.metadata.labels == {"a": "1", "b": "2"}
    operations = [{"op": "remove", "path": "/metadata/labels/a"}]
    patched = batch.patch_namespaced_job("one", namespace, operations)
    assert patched.metadata.labels == {"b": "2"}


def test_every_kind_of_patch(batch: Any, jobs: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, paused_job("one", a="1"))

    def patch(kind: str, body: Any) -> dict[str, str]:
        found = jobs.patch(
            body, "one", namespace, content_type=f"application/{kind}"
        ).to_dict()  # the dynamic client's own objects know no equality
        return found["metadata"].get("labels", {})  # type: ignore[no-any-return]

    assert patch("strategic-merge-patch+json", {"metadata": {"labels": {"b": "2"}}}) == {
        "a": "1",
        "b": "2",
    }
    assert patch("merge-patch+json", {"metadata": {"labels": {"a": None}}}) == {"b": "2"}
    move = [{"op": "move", "from": "/metadata/labels/b", "path": "/metadata/labels/c"}]
    assert patch("json-patch+json", move) == {"c": "2"}
    with pytest.raises(ApiException) as error:
        patch("json-patch+json", [{"op": "test", "path": "/metadata/labels/c", "value": "3"}])
    assert error.value.status == 422


def test_server_side_apply_creates_owns_and_conflicts(jobs: Any, namespace: str) -> None:
    applied = paused_job("applied", team="a")

    def apply(labels: dict[str, str], manager: str, **options: Any) -> Any:
        body = {**applied, "metadata": {"name": "applied", "labels": labels}}
        return jobs.server_side_apply(body, namespace=namespace, field_manager=manager, **options)

    created = apply({"team": "a", "stage": "x"}, "one")
    (owner,) = created.metadata.managedFields
    assert (owner.manager, owner.operation) == ("one", "Apply")
    with pytest.raises(ApiException) as error:
        apply({"team": "b"}, "two")
    assert error.value.status == 409
    assert '"FieldManagerConflict"' in str(error.value.body)
    apply({"team": "b"}, "two", force_conflicts=True)
    left = apply({"team": "b"}, "one").to_dict()
    assert left["metadata"]["labels"] == {"team": "b"}


def test_lists_come_in_pages_and_by_labels(batch: Any, namespace: str) -> None:
    for number in range(7):
        body = paused_job(f"p{number}", parity=("even", "odd")[number % 2])
        batch.create_namespaced_job(namespace, body)
    found, token, pages = [], None, 0
    while pages == 0 or token:
        page = batch.list_namespaced_job(namespace, limit=3, _continue=token)
        found += names(page)
        token, pages = page.metadata._continue, pages + 1
    assert (found, pages) == ([f"p{number}" for number in range(7)], 3)
    odd = batch.list_namespaced_job(namespace, label_selector="parity in (odd),!other")
    assert names(odd) == ["p1", "p3", "p5"]
    one = batch.list_namespaced_job(namespace, field_selector="metadata.name=p4")
    assert names(one) == ["p4"]
    everywhere = batch.list_job_for_all_namespaces(label_selector="parity!=odd")
    assert {f"p{number}" for number in (0, 2, 4, 6)} <= set(names(everywhere))


def test_a_collection_is_deleted_by_its_labels(batch: Any, namespace: str) -> None:
    for number in range(4):
        body = paused_job(f"p{number}", parity=("even", "odd")[number % 2])
        batch.create_namespaced_job(namespace, body)
    batch.delete_collection_namespaced_job(
        namespace, label_selector="parity=odd", propagation_policy="Background"
    )
    assert names(batch.list_namespaced_job(namespace)) == ["p0", "p2"]


@pytest.mark.parametrize("policy", ["Background", "Foreground"])
def test_a_deleted_job_takes_its_pods_along(
    batch: Any, core: Any, namespace: str, policy: str
) -> None:
    batch.create_namespaced_job(namespace, job("one", shell(WAITS)))
    running_pod(core, namespace, "one")
    options = client.V1DeleteOptions(propagation_policy=policy)
    batch.delete_namespaced_job("one", namespace, body=options)
    assert until(lambda: not pods_of(core, namespace, "one") or None, "the pod to go")
    assert until(lambda: not names(batch.list_namespaced_job(namespace)) or None, "the Job to go")


def test_an_orphaned_pod_stays(batch: Any, core: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, job("one", shell(WAITS)))
    running = running_pod(core, namespace, "one")
    batch.delete_namespaced_job("one", namespace, propagation_policy="Orphan")

    def orphan() -> Any:
        (pod,) = pods_of(core, namespace, "one")
        return None if pod.metadata.owner_references else pod

    left = until(orphan, "the pod to lose its owner")
    assert (left.metadata.uid, left.status.phase) == (running.metadata.uid, "Running")
    core.delete_namespaced_pod(left.metadata.name, namespace)
    assert until(lambda: not pods_of(core, namespace, "one") or None, "the pod to go")


def test_secrets_and_config_maps_reach_the_process(batch: Any, core: Any, namespace: str) -> None:
    core.create_namespaced_config_map(
        namespace, client.V1ConfigMap(metadata={"name": "settings"}, data={"level": "debug"})
    )
    password = base64.b64encode(b"hunter2").decode()
    core.create_namespaced_secret(
        namespace,
        {"metadata": {"name": "login"}, "stringData": {"user": "me"}, "data": {"pass": password}},
    )
    assert core.read_namespaced_secret("login", namespace).data["user"] == "bWU="
    environment = {
        "env": [
            {
                "name": "PASSWORD",
                "valueFrom": {"secretKeyRef": {"name": "login", "key": "pass"}},
            },
            {
                "name": "LEVEL",
                "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "level"}},
            },
        ],
        "envFrom": [
            {"prefix": "LOGIN_", "secretRef": {"name": "login"}},
            {"configMapRef": {"name": "settings"}},
        ],
    }
    script = "echo $PASSWORD $LEVEL $LOGIN_user $level"
    batch.create_namespaced_job(namespace, job("reader", shell(script, **environment)))
    finished(batch, namespace, "reader")
    assert log_of(core, namespace, "reader") == "hunter2 debug me debug\n"


def test_logs_are_cut_as_asked(batch: Any, core: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, job("counts", shell("seq 1 100")))
    finished(batch, namespace, "counts")
    assert log_of(core, namespace, "counts", tail_lines=2) == "99\n100\n"
    assert log_of(core, namespace, "counts", limit_bytes=4) == "1\n2\n"
    stamped = log_of(core, namespace, "counts", tail_lines=1, timestamps=True, container="main")
    time, text = stamped.split(" ")
    assert (time[10], time[-1], text) == ("T", "Z", "100\n")
    for wrong in ({"previous": True}, {"container": "other"}):
        with pytest.raises(ApiException) as error:
            log_of(core, namespace, "counts", **wrong)
        assert refused(error) == (400, "Bad Request")


def test_a_log_is_followed_to_its_end(
    batch: Any, core: Any, namespace: str, tmp_path: Path
) -> None:
    script = f"echo first; until [ -e {tmp_path}/go ]; do sleep 0.02; done; echo last"
    batch.create_namespaced_job(namespace, job("slow", shell(script)))
    pod = running_pod(core, namespace, "slow")
    lines = []
    for line in watch.Watch().stream(
        core.read_namespaced_pod_log, name=pod.metadata.name, namespace=namespace
    ):
        lines.append(line)
        (tmp_path / "go").touch()
    assert lines == ["first", "last"]


def test_an_evicted_pod_fails_as_disrupted(batch: Any, core: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, job("moved", shell(WAITS.replace("0", "1", 1))))
    pod = running_pod(core, namespace, "moved")
    name = pod.metadata.name
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=name))
    core.create_namespaced_pod_eviction(name, namespace, eviction)
    disrupted = []
    for event in watch.Watch().stream(
        core.list_namespaced_pod,
        namespace,
        resource_version=pod.metadata.resource_version,
        timeout_seconds=SECONDS,
    ):
        conditions = {one.type: one.reason for one in event["object"].status.conditions}
        disrupted.append(conditions.get("DisruptionTarget"))
        if event["type"] == "DELETED":
            break
    assert disrupted[-1] == "EvictionByEvictionAPI"
    ended = finished(batch, namespace, "moved")
    assert {one.reason for one in ended.status.conditions} == {"BackoffLimitExceeded"}


def test_a_job_is_suspended_and_resumed(batch: Any, core: Any, namespace: str) -> None:
    batch.create_namespaced_job(namespace, job("pausing", shell(WAITS)))
    running_pod(core, namespace, "pausing")
    batch.patch_namespaced_job("pausing", namespace, {"spec": {"suspend": True}})
    assert until(lambda: not pods_of(core, namespace, "pausing") or None, "the pod to go")
    until(lambda: is_suspended(batch, namespace, "pausing") or None, "the condition")
    batch.patch_namespaced_job("pausing", namespace, {"spec": {"suspend": False}})
    running_pod(core, namespace, "pausing")
    batch.patch_namespaced_job("pausing", namespace, {"spec": {"parallelism": 0}})
    assert until(lambda: not pods_of(core, namespace, "pausing") or None, "the pod to go")


def test_events_tell_what_happened(batch: Any, core: Any, namespace: str) -> None:
    created = batch.create_namespaced_job(namespace, job("eventful", shell("true")))
    finished(batch, namespace, "eventful")
    selector = f"involvedObject.uid={created.metadata.uid},involvedObject.kind=Job"
    wanted = {"SuccessfulCreate", "Completed"}

    def reasons() -> set[str] | None:
        events = core.list_namespaced_event(namespace, field_selector=selector).items
        found = {event.reason for event in events}
        return found if found >= wanted else None

    assert until(reasons, "the events") == wanted


def test_a_namespace_has_what_others_expect_and_takes_it_along(
    batch: Any, core: Any, namespace: str
) -> None:
    assert namespace in names(core.list_namespace())
    assert names(core.list_namespaced_service_account(namespace)) == ["default"]
    assert names(core.list_namespaced_config_map(namespace)) == ["kube-root-ca.crt"]
    batch.create_namespaced_job(namespace, job("inside", shell(WAITS)))
    running_pod(core, namespace, "inside")
    core.delete_namespace(namespace)
    assert until(lambda: namespace not in names(core.list_namespace()) or None, "its end")
    assert names(batch.list_namespaced_job(namespace)) == []


def test_there_is_a_cluster_of_one_node(api: Any, core: Any) -> None:
    version = client.VersionApi(api).get_code()
    assert (version.major, version.minor) == ("1", "36")
    (node,) = core.list_node().items
    assert {"cpu", "memory", "pods"} <= set(node.status.allocatable)
    ready = [one.status for one in node.status.conditions if one.type == "Ready"]
    assert ready == ["True"]
    groups = client.ApisApi(api).get_api_versions().groups
    assert "batch" in {group.name for group in groups}
    review = client.AuthorizationV1Api(api).create_self_subject_access_review(
        {"spec": {"resourceAttributes": {"verb": "create", "resource": "jobs"}}}
    )
    assert review.status.allowed is True


def test_a_file_of_several_manifests_is_created(
    api: Any, batch: Any, core: Any, namespace: str, tmp_path: Path
) -> None:
    path = tmp_path / "several.yaml"
    path.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside}\ndata: {a: b}\n---\n"
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: from-file}\nspec:\n"
        "  template:\n    spec:\n      restartPolicy: Never\n"
        "      containers: [{name: c, image: busybox, command: ['true']}]\n"
    )
    utils.create_from_yaml(api, str(path), namespace=namespace)
    assert core.read_namespaced_config_map("beside", namespace).data == {"a": "b"}
    assert finished(batch, namespace, "from-file").status.succeeded == 1


def test_the_dynamic_client_works_by_discovery(api: Any, jobs: Any, namespace: str) -> None:
    jobs.create(job("found", shell("true")), namespace=namespace)
    for event in jobs.watch(namespace=namespace, name="found", timeout=SECONDS):
        if event["object"].status.completionTime:
            break
    # Older releases end a watch with its first connection, however long it was to last.
    found = until(lambda: jobs.get("found", namespace).status.succeeded, "it to succeed")
    assert found == 1
    pods = dynamic.DynamicClient(api).resources.get(api_version="v1", kind="Pod")
    listed = pods.get(namespace=namespace, label_selector="job-name=found")
    assert [pod.status.phase for pod in listed.items] == ["Succeeded"]
    jobs.delete("found", namespace, body={"propagationPolicy": "Foreground"})
    assert until(lambda: not jobs.get(namespace=namespace).items or None, "the Job to go")
