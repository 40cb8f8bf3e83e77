from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.controller import pods
from localjobs.controller.actions import CreatePod
from localjobs.controller.pods import PodMold, generate_name
from tests.controller.simulator import START, job_view

INDEX = "batch.kubernetes.io/job-completion-index"
CONTAINERS = [
    {"name": "a", "image": "i", "env": [{"name": "X", "value": "1"}]},
    {"name": "b", "image": "i", "env": [{"name": "JOB_COMPLETION_INDEX", "value": "mine"}]},
]
TEMPLATE: dict[str, Any] = {
    "metadata": {"labels": {"l": "1"}, "annotations": {"n": "2"}, "finalizers": ["acme.io/f"]},
    "spec": {"restartPolicy": "Never", "containers": CONTAINERS, "initContainers": CONTAINERS[:1]},
}


def filled(create: CreatePod, suffix: str = "abcde") -> Object:
    view = job_view({"template": TEMPLATE})
    mold = PodMold.of(view, pods.pod_of(view, create))
    return mold.fill(create, "uid", suffix, START + 0.9)


@pytest.mark.parametrize(
    ("job", "index", "prefix"),
    [
        ("j", None, "j-"),
        ("j", 7, "j-7-"),
        ("a" * 70, None, "a" * 58),
        ("a" * 60, 12, "a" * 54 + "-12-"),
    ],
)
def test_the_prefix_of_a_name_leaves_room_for_the_suffix(
    job: str, index: int | None, prefix: str
) -> None:
    assert generate_name(job, index) == prefix
    assert len(prefix) <= 58


def test_a_pod_without_index_is_its_template_with_an_owner() -> None:
    pod = filled(CreatePod())
    assert pod["metadata"] == {
        "name": "j-abcde",
        "generateName": "j-",
        "namespace": "ns",
        "uid": "uid",
        "creationTimestamp": "2023-11-14T22:13:20Z",
        "labels": {"l": "1"},
        "annotations": {"n": "2"},
        "finalizers": ["acme.io/f", "batch.kubernetes.io/job-tracking"],
        "ownerReferences": [
            {
                "apiVersion": "batch/v1",
                "kind": "Job",
                "name": "j",
                "uid": "job-uid",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert pod["spec"] == TEMPLATE["spec"]


def test_an_indexed_pod_knows_its_index() -> None:
    pod = filled(CreatePod(4))
    assert pod["metadata"]["name"] == "j-4-abcde"
    assert pod["metadata"]["labels"] == {"l": "1", INDEX: "4"}
    assert pod["metadata"]["annotations"] == {"n": "2", INDEX: "4"}
    assert pod["spec"]["hostname"] == "j-4"
    variable = pod["spec"]["containers"][0]["env"][1]
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{INDEX}']"}}
    assert variable == {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}
    assert pod["spec"]["initContainers"][0]["env"][1] == variable
    assert pod["spec"]["containers"][1] == CONTAINERS[1], "defined by the user"


def test_the_failures_of_an_index_are_on_its_pod() -> None:
    prefix = "batch.kubernetes.io/job-index"
    first = filled(CreatePod(0, 0))["metadata"]["annotations"]
    assert first[f"{prefix}-failure-count"] == "0"
    assert f"{prefix}-ignored-failure-count" not in first
    later = filled(CreatePod(0, 2, 1))["metadata"]["annotations"]
    assert later[f"{prefix}-failure-count"] == "2"
    assert later[f"{prefix}-ignored-failure-count"] == "1"


def test_the_pods_of_a_job_share_what_does_not_differ() -> None:
    view = job_view({"template": TEMPLATE})
    mold = PodMold.of(view, pods.pod_of(view, CreatePod(0)))
    one, other = (mold.fill(CreatePod(i), f"u{i}", "sfx", START) for i in (1, 2))
    assert one["spec"]["hostname"] != other["spec"]["hostname"]
    assert one["spec"]["containers"] is other["spec"]["containers"]
    assert one["metadata"]["ownerReferences"] is other["metadata"]["ownerReferences"]
    assert one["metadata"]["finalizers"] is other["metadata"]["finalizers"]
    plain = PodMold.of(view, pods.pod_of(view, CreatePod()))
    assert (
        plain.fill(CreatePod(), "u", "a", 1)["spec"] is plain.fill(CreatePod(), "v", "b", 1)["spec"]
    )


def test_a_mold_made_from_one_index_serves_the_others() -> None:
    view = job_view({"template": TEMPLATE})
    mold = PodMold.of(view, pods.pod_of(view, CreatePod(3, 2, 1)))
    assert mold.fill(CreatePod(5, 0), "uid", "abcde", START + 0.9) == filled(CreatePod(5, 0))


def test_field_ownership_is_of_the_moment_a_pod_is_made() -> None:
    view = job_view()
    body = pods.pod_of(view, CreatePod())
    fields: Object = {"f:spec": {}}
    owned = [{"manager": "m", "time": "2001-01-01T00:00:00Z", "fieldsV1": fields}]
    admitted = {**body, "metadata": {**body["metadata"], "managedFields": owned}}
    pod = PodMold.of(view, admitted).fill(CreatePod(), "u", "s", START)
    (entry,) = pod["metadata"]["managedFields"]
    assert entry["time"] == pod["metadata"]["creationTimestamp"]
    assert entry["fieldsV1"] is fields
