import copy
from typing import Any

import pytest
from hypothesis import given, settings

from localjobs.admission.patching.strategic_merge import strategic_merge
from localjobs.admission.patching.three_way import two_way_merge
from localjobs.errors import ApiError, BadRequest, Invalid, UnknownError
from tests.admission.patching.objects import JOBS

JOB = "io.k8s.api.batch.v1.Job"


def merged_pod_spec(spec: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = strategic_merge(
        {"spec": {"template": {"spec": spec}}}, {"spec": {"template": {"spec": patch}}}, JOB
    )
    result: dict[str, Any] = merged["spec"]["template"]["spec"]
    return result


def merged_metadata(metadata: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = strategic_merge({"metadata": metadata}, {"metadata": patch}, JOB)[
        "metadata"
    ]
    return result


def containers(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "image": "old"} for name in names]


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


@settings(max_examples=100)
@given(JOBS, JOBS)
def test_applying_the_difference_makes_the_one_into_the_other(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    assert without_empty(strategic_merge(old, two_way_merge(old, new, JOB), JOB)) == without_empty(
        new
    )


def without_empty(value: Any) -> Any:
    """Lists that lost their last item stay behind empty, which means the same as none."""
    if isinstance(value, dict):
        return {key: without_empty(one) for key, one in value.items() if one != []}
    if isinstance(value, list):
        return [without_empty(one) for one in value]
    return value


@settings(max_examples=100)
@given(JOBS, JOBS)
def test_a_patch_applied_twice_is_applied_once_and_touches_nothing(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    patch = two_way_merge(old, new, JOB)
    before = copy.deepcopy((old, patch))
    once = strategic_merge(old, patch, JOB)
    assert strategic_merge(once, patch, JOB) == once
    assert (old, patch) == before


@settings(max_examples=50)
@given(JOBS)
def test_an_empty_patch_changes_nothing(job: dict[str, Any]) -> None:
    assert strategic_merge(job, {}, JOB) == job


def test_containers_merge_by_name_and_new_ones_come_first() -> None:
    spec = {"containers": containers("a", "b")}
    patch = {"containers": [{"name": "n"}, {"name": "b", "image": "new"}]}
    assert merged_pod_spec(spec, patch)["containers"] == [
        {"name": "n"},
        {"name": "a", "image": "old"},
        {"name": "b", "image": "new"},
    ]


def test_atomic_lists_are_replaced() -> None:
    spec = {"tolerations": [{"key": "a"}]}
    assert merged_pod_spec(spec, {"tolerations": [{"key": "b"}]}) == {"tolerations": [{"key": "b"}]}


def test_finalizers_merge_as_a_set_and_new_ones_come_first() -> None:
    assert merged_metadata({"finalizers": ["a"]}, {"finalizers": ["d", "a", "d"]}) == {
        "finalizers": ["d", "a"]
    }


def test_finalizers_are_removed_by_their_directive() -> None:
    metadata = {"finalizers": ["a", "b", "c"]}
    patch = {"$deleteFromPrimitiveList/finalizers": ["b", "z"]}
    assert merged_metadata(metadata, patch) == {"finalizers": ["a", "c"]}
    assert merged_metadata({}, patch) == {}
    assert merged_metadata(metadata, {"$deleteFromPrimitiveList/finalizers": None}) == {}


def test_items_are_deleted_and_lists_replaced_by_directive() -> None:
    spec = {"containers": containers("a", "b")}
    deleted = merged_pod_spec(spec, {"containers": [{"$patch": "delete", "name": "a"}]})
    assert names(deleted["containers"]) == ["b"]
    replaced = merged_pod_spec(spec, {"containers": [{"name": "z"}, {"$patch": "replace"}]})
    assert replaced["containers"] == [{"name": "z"}]


def test_maps_are_replaced_and_emptied_by_directive() -> None:
    labels = {"a": "1"}
    assert merged_metadata({"labels": labels}, {"labels": {"$patch": "replace", "b": "2"}}) == {
        "labels": {"b": "2"}
    }
    assert merged_metadata({"labels": labels}, {"labels": {"$patch": "delete"}}) == {"labels": {}}


def test_directives_about_what_is_not_there_leave_nothing_behind() -> None:
    patch = {
        "volumes": [{"$patch": "delete", "name": "v"}, {"name": "w", "emptyDir": None}],
        "securityContext": {"$patch": "delete"},
    }
    assert merged_pod_spec({}, patch) == {"volumes": [{"name": "w"}]}


def test_retained_keys_drop_the_others() -> None:
    spec = {"volumes": [{"name": "v", "emptyDir": {}}]}
    patch = {
        "volumes": [{"name": "v", "hostPath": {"path": "/"}, "$retainKeys": ["name", "hostPath"]}]
    }
    assert merged_pod_spec(spec, patch) == {"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}


def test_the_order_directive_orders_named_items_and_leaves_the_rest_near_their_place() -> None:
    spec = {"containers": containers("a", "b", "c", "s")}
    patch = {
        "$setElementOrder/containers": [{"name": "c"}, {"name": "n"}, {"name": "a"}],
        "containers": [{"name": "n"}, {"name": "b", "$patch": "delete"}],
    }
    assert names(merged_pod_spec(spec, patch)["containers"]) == ["c", "n", "a", "s"]
    order_only = {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}
    assert names(merged_pod_spec(spec, order_only)["containers"]) == ["b", "a", "c", "s"]


def test_the_order_directive_orders_primitives() -> None:
    patch = {"$setElementOrder/finalizers": ["c", "a"], "finalizers": ["c"]}
    assert merged_metadata({"finalizers": ["a", "z"]}, patch) == {"finalizers": ["c", "a", "z"]}


def test_a_value_of_another_type_replaces() -> None:
    assert merged_pod_spec({"containers": containers("a")}, {"containers": "x"}) == {
        "containers": "x"
    }


@pytest.mark.parametrize(
    ("spec", "patch", "kind", "message"),
    [
        (
            {"containers": containers("a")},
            {"containers": [{"image": "x"}]},
            UnknownError,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            {"containers": containers("a")},
            {"containers": [{"$patch": "delete", "image": "x"}]},
            UnknownError,
            "map: map[$patch:delete image:x] does not contain declared merge key: name",
        ),
        (
            {"nodeSelector": {}},
            {"nodeSelector": {"$patch": "bogus"}},
            UnknownError,
            "unknown patch type: bogus in map: map[$patch:bogus]",
        ),
        (
            {"volumes": [{"name": "v"}]},
            {"volumes": [{"name": "v", "$retainKeys": "name"}]},
            BadRequest,
            "invalid patch format of retainKeys",
        ),
        (
            {"volumes": [{"name": "v"}]},
            {"volumes": [{"name": "v", "emptyDir": {}, "$retainKeys": ["name"]}]},
            BadRequest,
            "invalid patch format of retainKeys",
        ),
        (
            {},
            {"$deleteFromPrimitiveList": ["x"]},
            BadRequest,
            "invalid patch format of primitive list",
        ),
        ({}, {"$setElementOrder": []}, BadRequest, "invalid patch format of setElementOrder list"),
        (
            {},
            {"$setElementOrder/containers": "x"},
            UnknownError,
            "expected a []interface {}, but received a string",
        ),
        (
            {},
            {"$setElementOrder/bogus": []},
            UnknownError,
            'unable to find api field in struct PodSpec for the json field "bogus"',
        ),
        (
            {"containers": containers("a")},
            {"containers": [["x"]]},
            UnknownError,
            "list element types are not identical",
        ),
        (
            {"containers": [["y"]]},
            {"containers": [["x"]]},
            Invalid,
            "the server rejected our request due to an error in our request",
        ),
        (
            {"containers": containers("a")},
            {
                "$setElementOrder/containers": [{"name": "a"}, {"name": "b"}],
                "containers": [{"name": "b"}, {"name": "a"}],
            },
            UnknownError,
            "The order in patch list:\n[map[name:b] map[name:a]]\n doesn't match",
        ),
    ],
)
def test_misused_directives_are_refused_in_upstreams_words(
    spec: dict[str, Any], patch: dict[str, Any], kind: type[ApiError], message: str
) -> None:
    with pytest.raises(kind) as caught:
        merged_pod_spec(spec, patch)
    assert caught.value.message.startswith(message)
