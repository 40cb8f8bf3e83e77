from typing import Any

from hypothesis import given, settings

from localjobs.admission.patching.strategic_merge import strategic_merge
from localjobs.admission.patching.three_way import three_way_merge
from tests.admission.patching.objects import JOBS

JOB = "io.k8s.api.batch.v1.Job"


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


def test_what_others_set_stays_and_what_the_manifest_no_longer_sets_goes() -> None:
    last = {"metadata": {"labels": {"mine": "1", "gone": "1"}}, "spec": {"suspend": True}}
    new = {"metadata": {"labels": {"mine": "2"}}, "spec": {}}
    live = {
        "metadata": {"uid": "u", "labels": {"mine": "1", "gone": "1", "theirs": "1"}},
        "spec": {"suspend": True, "parallelism": 3},
    }
    patch = three_way_merge(last, new, live, JOB)
    assert patch == {
        "metadata": {"labels": {"mine": "2", "gone": None}},
        "spec": {"suspend": None},
    }
    assert strategic_merge(live, patch, JOB) == {
        "metadata": {"uid": "u", "labels": {"mine": "2", "theirs": "1"}},
        "spec": {"parallelism": 3},
    }


def test_nothing_to_do_is_an_empty_patch() -> None:
    manifest = pod(containers=[{"name": "c", "image": "i"}])
    live = pod(containers=[{"name": "c", "image": "i", "imagePullPolicy": "Always"}], x=1)
    assert three_way_merge(manifest, manifest, live, JOB) == {}


def test_list_items_are_matched_by_key_and_the_manifests_order_is_kept() -> None:
    last = pod(containers=[{"name": "a"}, {"name": "s"}])
    new = pod(containers=[{"name": "a", "image": "2"}])
    live = pod(containers=[{"name": "a", "image": "1"}, {"name": "s"}, {"name": "injected"}])
    patch = three_way_merge(last, new, live, JOB)
    assert patch == pod(
        containers=[{"name": "a", "image": "2"}, {"name": "s", "$patch": "delete"}],
        **{"$setElementOrder/containers": [{"name": "a"}]},
    )
    assert strategic_merge(live, patch, JOB) == pod(
        containers=[{"name": "a", "image": "2"}, {"name": "injected"}]
    )


def test_a_volume_that_changes_its_kind_forgets_the_old_one() -> None:
    last = pod(volumes=[{"name": "v", "emptyDir": {}}])
    new = pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}])
    patch = three_way_merge(last, new, last, JOB)
    volumes = patch["spec"]["template"]["spec"]["volumes"]
    assert volumes[0]["$retainKeys"] == ["hostPath", "name"]
    assert strategic_merge(last, patch, JOB) == new


def test_ports_that_share_a_number_are_replaced_as_a_list() -> None:
    tcp, udp = {"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}
    old = pod(containers=[{"name": "c", "ports": [tcp, udp]}])
    new = pod(containers=[{"name": "c", "ports": [udp]}])
    patch = three_way_merge(old, new, old, JOB)
    assert strategic_merge(old, patch, JOB) == new
    assert three_way_merge(old, old, old, JOB) == {}


def test_finalizers_of_others_stay() -> None:
    def job(*finalizers: str) -> dict[str, Any]:
        return {"metadata": {"finalizers": list(finalizers)}}

    patch = three_way_merge(job("a", "b"), job("b", "c"), job("theirs", "a", "b"), JOB)
    assert sorted(
        strategic_merge(job("theirs", "a", "b"), patch, JOB)["metadata"]["finalizers"]
    ) == [
        "b",
        "c",
        "theirs",
    ]


@settings(max_examples=100)
@given(JOBS, JOBS, JOBS)
def test_after_the_patch_there_is_nothing_left_to_do(
    last: dict[str, Any], new: dict[str, Any], live: dict[str, Any]
) -> None:
    result = strategic_merge(live, three_way_merge(last, new, live, JOB), JOB)
    assert three_way_merge(new, new, result, JOB) == {}
