import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.ownership.apply import Application, apply_configuration
from localjobs.admission.ownership.field_set import difference
from localjobs.admission.ownership.last_applied import LAST_APPLIED
from localjobs.admission.ownership.managers import with_managed_fields
from localjobs.admission.ownership.merging import field_set
from localjobs.admission.ownership.shapes import shape_of
from localjobs.admission.ownership.tracking import Writer, track_update
from localjobs.admission.ownership.untracked import SYSTEM
from localjobs.admission.patching.patch import PatchKind
from localjobs.api import resources
from localjobs.errors import ApiError, BadRequest, Conflict, UnknownError
from tests.admission.patching.objects import JOBS
from tests.admission.patching.recorded import Exchange, exchanges, status

JOB = shape_of(resources.JOBS.type_name)
NOW = 1_000_000_000.0
RECORDED = [one for one in exchanges() if one.kind is PatchKind.APPLY]
MEMBERS = (
    *("metadata", "spec", "template", "containers", "name", "env", "ports", "labels"),
    *("containerPort", "finalizers", "parallelism", "selector", "$patch", "managedFields"),
)
CONTAINERS = ".spec.template.spec.containers"


def job(**members: Any) -> dict[str, Any]:
    metadata = {"name": "j", **members.pop("metadata", {})}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, **members}


def pod_template(**spec: Any) -> dict[str, Any]:
    return {"template": {"spec": spec}}


def apply(
    old: dict[str, Any] | None,
    config: Any,
    manager: str = "one",
    *,
    force: bool = False,
    now: float = NOW,
    subresource: str = "",
) -> dict[str, Any]:
    application = Application(Writer(manager, subresource), force, now)
    return apply_configuration(resources.JOBS, old, config, application)


def managed(obj: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{entry['manager']}/{entry['operation']}": entry["fieldsV1"]
        for entry in obj["metadata"].get("managedFields", [])
    }


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.name)
def test_a_recorded_apply_has_its_recorded_effect(one: Exchange) -> None:
    manager, force = one.query["fieldManager"], one.query.get("force") == "true"
    if one.code == 409:
        with pytest.raises(Conflict) as caught:
            apply(one.old, one.body, manager, force=force)
        error = caught.value
        assert status(error.code, error.to_status()) == status(one.code, one.response)
        return
    old = json.loads(json.dumps(one.old).replace('"TIME"', '"2001-01-01T00:00:00Z"'))
    result = apply(old or None, one.body, manager, force=force)
    expected = one.response["metadata"]["managedFields"]
    entries = [{**entry, "time": "TIME"} for entry in result["metadata"]["managedFields"]]
    assert entries == expected
    for field in ("parallelism", "managedBy"):
        assert result["spec"][field] == one.response["spec"][field]
    assert result["spec"].get("suspend", False) == one.response["spec"]["suspend"]


def test_a_recorded_patch_takes_what_it_changes_from_an_applier() -> None:
    one = next(one for one in exchanges() if one.name == "apply-basic-5")
    new = {**one.old, "spec": {**one.old["spec"], "parallelism": 9}}
    entries = track_update(resources.JOBS, one.old, new, Writer("three"), NOW)
    expected = one.response["metadata"]["managedFields"]
    assert [{**entry, "time": "TIME"} for entry in entries] == expected


@settings(max_examples=100)
@given(JOBS)
def test_applying_the_same_again_changes_nothing_at_all(config: dict[str, Any]) -> None:
    config = job(**config)
    once = apply(None, config)
    assert apply(once, config, now=NOW + 60) == once


@settings(max_examples=100)
@given(JOBS)
def test_a_manager_owns_exactly_what_it_applied(config: dict[str, Any]) -> None:
    config = job(**config)
    fields = difference(field_set(JOB, config), SYSTEM)
    assert managed(apply(None, config)) == ({"one/Apply": fields} if fields else {})


@settings(max_examples=100)
@given(JOBS, JOBS)
def test_what_is_applied_is_there_and_what_no_longer_is_goes(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    then, now = apply(None, job(**first)), job(**second)
    result = apply(then, now)
    assert without_empty(with_managed_fields(result, ())) == without_empty(now)


def without_empty(value: Any) -> Any:
    """Without null and empty members: a map that loses all it held is null until it is decoded."""
    if isinstance(value, dict):
        kept = {key: without_empty(one) for key, one in value.items()}
        return {key: one for key, one in kept.items() if one not in (None, {}, [])}
    return [without_empty(one) for one in value] if isinstance(value, list) else value


@settings(max_examples=100)
@given(JOBS, JOBS)
def test_two_appliers_by_force_share_what_they_agree_on(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    ours = apply(apply(None, job(**first), "one"), job(**second), "two", force=True)
    theirs = difference(field_set(JOB, job(**second)), SYSTEM)
    assert managed(ours).get("two/Apply", {}) == theirs
    gone = apply(ours, job(), "two")
    assert "two/Apply" not in managed(gone)


def test_lists_are_merged_by_their_keys_and_sets_by_their_items() -> None:
    mine = job(
        metadata={"finalizers": ["x/a"]},
        spec=pod_template(containers=[{"name": "a", "image": "1", "env": [{"name": "E"}]}]),
    )
    theirs = job(
        metadata={"finalizers": ["x/b"]},
        spec=pod_template(containers=[{"name": "s", "image": "2"}, {"name": "a", "tty": True}]),
    )
    both = apply(apply(None, mine, "one"), theirs, "two")
    assert both["metadata"]["finalizers"] == ["x/a", "x/b"]
    assert both["spec"]["template"]["spec"]["containers"] == [
        {"name": "s", "image": "2"},
        {"name": "a", "image": "1", "env": [{"name": "E"}], "tty": True},
    ]
    left = apply(both, job(), "one")
    assert left["metadata"]["finalizers"] == ["x/b"]
    assert left["spec"]["template"]["spec"]["containers"] == [
        {"name": "s", "image": "2"},
        {"name": "a", "tty": True},
    ]


def test_live_items_that_nothing_tells_apart_are_replaced_or_left_alone() -> None:
    twice = [{"name": "E", "value": "1"}, {"name": "F"}, {"name": "E", "value": "2"}]
    live = job(metadata={"uid": "u"}, spec=pod_template(containers=[{"name": "c", "env": twice}]))
    tracked = track_update(resources.JOBS, None, live, Writer("up"), NOW)
    live = with_managed_fields(live, tracked)

    def env(*variables: dict[str, Any]) -> list[dict[str, Any]]:
        config = job(spec=pod_template(containers=[{"name": "c", "env": list(variables)}]))
        result = apply(live, config, force=True)
        found: list[dict[str, Any]] = result["spec"]["template"]["spec"]["containers"][0]["env"]
        return found

    assert env({"name": "G"}) == [*twice, {"name": "G"}]
    assert env({"name": "E", "value": "3"}) == [{"name": "E", "value": "3"}, {"name": "F"}]


def test_atomic_lists_and_maps_have_one_owner() -> None:
    mine = job(spec=pod_template(nodeSelector={"a": "1"}, tolerations=[{"key": "a"}]))
    theirs = job(spec=pod_template(nodeSelector={"b": "1"}, tolerations=[{"key": "b"}]))
    with pytest.raises(Conflict) as caught:
        apply(apply(None, mine, "one"), theirs, "two")
    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "one":\n'
        "- .spec.template.spec.nodeSelector\n"
        "- .spec.template.spec.tolerations"
    )
    forced = apply(apply(None, mine, "one"), theirs, "two", force=True)
    assert forced["spec"]["template"]["spec"] == theirs["spec"]["template"]["spec"]
    assert list(managed(forced)) == ["two/Apply"]


def test_conflicts_name_updaters_with_version_and_subresource() -> None:
    live = job(metadata={"uid": "u"}, spec={"parallelism": 1})
    live = with_managed_fields(live, track_update(resources.JOBS, None, live, Writer("up"), NOW))
    with pytest.raises(Conflict) as caught:
        apply(live, job(spec={"parallelism": 2}))
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "up" using batch/v1: .spec.parallelism'
    )
    told = {**live, "status": {"active": 1}}
    entries = track_update(resources.JOBS, live, told, Writer("jc", "status"), NOW)
    with pytest.raises(Conflict, match='"jc" with subresource "status" using batch/v1'):
        apply(with_managed_fields(told, entries), job(status={"active": 2}), subresource="status")


def test_fields_nobody_disputes_are_shared() -> None:
    config = job(spec={"parallelism": 2})
    both = apply(apply(None, config, "one"), config, "two", now=NOW + 60)
    assert managed(both) == {
        name: {"f:spec": {"f:parallelism": {}}} for name in ("two/Apply", "one/Apply")
    }
    assert apply(both, job(), "one")["spec"] == {"parallelism": 2}


def test_an_object_that_was_never_tracked_gets_a_manager_for_all_there_is() -> None:
    live = job(metadata={"uid": "u"}, spec={"parallelism": 1, "suspend": True})
    result = apply(live, job(spec={"suspend": True}))
    assert managed(result) == {
        "one/Apply": {"f:spec": {"f:suspend": {}}},
        "before-first-apply/Update": {"f:spec": {"f:parallelism": {}, "f:suspend": {}}},
    }


def test_the_main_resource_does_not_own_status() -> None:
    result = apply(None, job(spec={"suspend": True}, status={"active": 1}))
    assert managed(result) == {"one/Apply": {"f:spec": {"f:suspend": {}}}}
    told = apply(result, job(status={"active": 2}), subresource="status")
    entry = told["metadata"]["managedFields"][1]
    assert entry["subresource"] == "status"
    assert entry["fieldsV1"] == {"f:status": {"f:active": {}}}


def kubectl_applied(live: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    annotation = {LAST_APPLIED: json.dumps(told)}
    new = {**live, "metadata": {**live["metadata"], "uid": "u", "annotations": annotation}}
    writer = Writer("kubectl-client-side-apply")
    return with_managed_fields(new, track_update(resources.JOBS, None, new, writer, NOW))


def test_kubectl_takes_over_from_its_former_self_without_conflict() -> None:
    told = job(spec={"parallelism": 1})
    live = kubectl_applied(told, told)
    wanted = job(spec={"parallelism": 2})
    with pytest.raises(Conflict):
        apply(live, wanted, "someone")
    result = apply(live, wanted, "kubectl")
    assert result["spec"] == {"parallelism": 2}
    annotation = result["metadata"]["annotations"][LAST_APPLIED]
    assert annotation.endswith("\n")
    assert json.loads(annotation) == wanted


def test_kubectl_does_not_take_what_somebody_changed_meanwhile() -> None:
    live = kubectl_applied(job(spec={"parallelism": 3}), job(spec={"parallelism": 1}))
    with pytest.raises(Conflict, match="parallelism"):
        apply(live, job(spec={"parallelism": 2}), "kubectl")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"spec": {"bogus": 1}}, ".spec.bogus: field not declared in schema"),
        (
            {"spec": {"parallelism": "x"}},
            ".spec.parallelism: expected numeric (int or float), got string",
        ),
        (
            {"spec": {"managedBy": True}},
            ".spec.managedBy: expected string, got &value.valueUnstructured{Value:true}",
        ),
        (
            {"spec": {"managedBy": {"b": [1, None], "a": 'say "x"'}}},
            (
                ".spec.managedBy: expected string, got &value.valueUnstructured"
                r'{Value:map[string]interface {}{"a":"say \"x\"", '
                r'"b":[]interface {}{1, interface {}(nil)}}}'
            ),
        ),
        ({"spec": {"suspend": "no"}}, ".spec.suspend: expected boolean, got &{no}"),
        ({"spec": [1]}, ".spec: expected map, got &{[1]}"),
        (
            {"spec": pod_template(containers="x")},
            ".spec.template.spec.containers: expected list, got &{x}",
        ),
        (
            {"spec": pod_template(containers=[{"name": "c"}, {"name": "c"}])},
            '.spec.template.spec.containers: duplicate entries for key [name="c"]',
        ),
        (
            {"spec": pod_template(containers=[None])},
            f"{CONTAINERS}: element 0: associative list with keys may not have a null element",
        ),
        (
            {"spec": pod_template(containers=[{"name": "c", "tty": 1}])},
            '.spec.template.spec.containers[name="c"].tty: expected boolean, got &{1}',
        ),
        (
            {"spec": {"managedBy": 1, "suspend": 1}},
            (
                "errors:\n"
                "  .spec.managedBy: expected string, got &value.valueUnstructured{Value:1}\n"
                "  .spec.suspend: expected boolean, got &{1}"
            ),
        ),
    ],
)
def test_a_configuration_that_does_not_fit_the_schema_is_refused(
    config: dict[str, Any], message: str
) -> None:
    with pytest.raises(UnknownError) as caught:
        apply(None, job(**config))
    prefix = "failed to create typed patch object (/j; batch/v1, Kind=Job): "
    assert caught.value.message.startswith(prefix + message)


NOISE: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "c", "batch/v1", "Job"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=100)
@given(NOISE, NOISE, NOISE)
def test_whatever_is_applied_is_merged_or_refused(body: Any, spec: Any, metadata: Any) -> None:
    live = apply(None, job(spec=pod_template(containers=[{"name": "c", "tty": True}])), "other")
    typed = {"apiVersion": "batch/v1", "kind": "Job", "spec": spec, "metadata": metadata}
    for config in (body, typed, job(spec=pod_template(containers=spec, volumes=body))):
        for old in (None, live):
            with suppress(ApiError):
                assert isinstance(apply(old, config), dict)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (None, "invalid object type: /, Kind="),
        ({"apiVersion": 1, "kind": []}, "invalid object type: /, Kind="),
        ([], "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot"),
    ],
)
def test_a_body_that_is_no_object_is_a_bad_request(body: Any, message: str) -> None:
    with pytest.raises(BadRequest) as caught:
        apply(None, body)
    assert caught.value.message.startswith(message)


def test_a_configuration_of_another_type_or_with_managers_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="invalid object type: /v1, Kind=Pod"):
        apply(None, {"apiVersion": "v1", "kind": "Pod"})
    with pytest.raises(BadRequest, match=r"metadata\.managedFields must be nil"):
        apply(None, job(metadata={"managedFields": []}))
