import timeit
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.admission.ownership.comparison import everything
from localjobs.admission.ownership.field_set import difference, paths, union
from localjobs.admission.ownership.managers import with_idle_times, with_managed_fields
from localjobs.admission.ownership.shapes import shape_of, zero
from localjobs.admission.ownership.tracking import Writer, track_update
from localjobs.admission.ownership.untracked import SYSTEM
from localjobs.api import resources
from localjobs.api.resources import Resource
from tests.admission.patching.objects import JOBS

JOB = resources.JOBS.type_name
NOW, LATER = 1_000_000_000.0, 1_000_000_060.0
ME, YOU = Writer("me"), Writer("you")


def write(
    old: dict[str, Any] | None,
    new: dict[str, Any],
    writer: Writer = ME,
    now: float = NOW,
    resource: Resource = resources.JOBS,
) -> dict[str, Any]:
    """The object as the registry would store it."""
    return with_managed_fields(new, track_update(resource, old, new, writer, now))


def created(resource: Resource = resources.JOBS, **members: Any) -> dict[str, Any]:
    metadata = {"name": "j", "uid": "u", **members.pop("metadata", {})}
    return write(
        None, {**zero(resource.type_name), **members, "metadata": metadata}, ME, NOW, resource
    )


def fields_of(obj: dict[str, Any]) -> dict[str, Any]:
    return {
        entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", [])
    }


def test_a_creator_owns_what_it_set_and_what_holds_it() -> None:
    container = {"name": "c", "ports": [{"containerPort": 80}], "resources": {}}
    job = created(
        metadata={"labels": {"a": "1"}},
        spec={
            "parallelism": 1,
            "selector": {"matchLabels": {"x": "y"}},
            "template": {"metadata": {}, "spec": {"containers": [container]}},
        },
    )
    port = 'k:{"containerPort":80,"protocol":"TCP"}'
    assert job["metadata"]["managedFields"] == [
        {
            "manager": "me",
            "operation": "Update",
            "apiVersion": "batch/v1",
            "time": "2001-09-09T01:46:40Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
                "f:spec": {
                    "f:parallelism": {},
                    "f:selector": {},
                    "f:template": {
                        "f:spec": {
                            "f:containers": {
                                'k:{"name":"c"}': {
                                    ".": {},
                                    "f:name": {},
                                    "f:ports": {".": {}, port: {".": {}, "f:containerPort": {}}},
                                    "f:resources": {},
                                }
                            }
                        }
                    },
                },
            },
        }
    ]


def test_who_changes_a_field_takes_it() -> None:
    old = created(spec={"parallelism": 1, "suspend": True})
    new = write(old, {**old, "spec": {"parallelism": 2, "suspend": True}}, YOU, LATER)
    assert fields_of(new) == {
        "me": {"f:spec": {"f:suspend": {}}},
        "you": {"f:spec": {"f:parallelism": {}}},
    }
    assert [entry["time"] for entry in new["metadata"]["managedFields"]] == [
        "2001-09-09T01:46:40Z",
        "2001-09-09T01:47:40Z",
    ]


def test_what_is_gone_nobody_owns_and_its_remover_gets_no_entry() -> None:
    old = created(spec={"parallelism": 1, "suspend": True})
    new = write(old, {**old, "spec": {"suspend": True}}, YOU, LATER)
    assert fields_of(new) == {"me": {"f:spec": {"f:suspend": {}}}}
    assert new["metadata"]["managedFields"][0]["time"] == "2001-09-09T01:46:40Z"


def test_a_write_that_changes_nothing_leaves_the_very_entries() -> None:
    old = created(spec={"parallelism": 1})
    entries = old["metadata"]["managedFields"]
    assert track_update(resources.JOBS, old, {**old}, YOU, LATER) is entries
    unaware = {**old, "metadata": {"name": "j", "uid": "u"}}
    assert track_update(resources.JOBS, old, unaware, YOU, LATER) == entries


def test_status_is_owned_through_the_status_subresource_alone() -> None:
    old = created(spec={"parallelism": 1})
    new = {**old, "spec": {"parallelism": 5}, "status": {"active": 1}}
    main = write(old, new, YOU)
    assert fields_of(main) == {"you": {"f:spec": {"f:parallelism": {}}}}
    status = write(old, new, Writer("you", "status"))
    entry = status["metadata"]["managedFields"][1]
    assert entry["fieldsV1"] == {"f:status": {"f:active": {}}}
    assert entry["subresource"] == "status"


def test_pod_conditions_are_owned_one_by_one() -> None:
    pod = created(resources.PODS, spec={"containers": [{"name": "c"}]})
    ready = {"type": "Ready", "status": "True", "lastProbeTime": None}
    new = {**pod, "status": {"conditions": [ready]}}
    told = write(pod, new, Writer("kubelet", "status"), NOW, resources.PODS)
    assert fields_of(told)["kubelet"] == {
        "f:status": {
            "f:conditions": {
                ".": {},
                'k:{"type":"Ready"}': {
                    ".": {},
                    "f:lastProbeTime": {},
                    "f:status": {},
                    "f:type": {},
                },
            }
        }
    }


def test_one_empty_entry_forgets_all_and_the_object_stays_without() -> None:
    old = created(spec={"parallelism": 1})
    reset = {**old, "metadata": {"name": "j", "uid": "u", "managedFields": [{}]}}
    forgotten = write(old, reset)
    assert "managedFields" not in forgotten["metadata"]
    later = write(forgotten, {**forgotten, "spec": {"parallelism": 2}})
    assert "managedFields" not in later["metadata"]


def test_a_new_object_is_tracked_whatever_it_says() -> None:
    job = created(metadata={"managedFields": [{}]}, spec={"parallelism": 1})
    assert fields_of(job) == {"me": {"f:spec": {"f:parallelism": {}}}}


def test_an_empty_list_or_an_unreadable_one_changes_nothing() -> None:
    old = created(spec={"parallelism": 1})
    entry = old["metadata"]["managedFields"][0]
    for sent in ([], [{**entry, "fieldsV1": {"bad": {}}}], [{**entry, "operation": "x"}]):
        new = {**old, "metadata": {**old["metadata"], "managedFields": sent}}
        assert track_update(resources.JOBS, old, new, YOU, LATER) == [entry]


def test_a_client_may_rewrite_entries_but_not_through_a_subresource() -> None:
    old = created(spec={"parallelism": 1})
    entry = {**old["metadata"]["managedFields"][0], "manager": "renamed"}
    new = {**old, "metadata": {**old["metadata"], "managedFields": [entry]}}
    assert track_update(resources.JOBS, old, new, YOU, LATER) == [entry]
    kept = track_update(resources.JOBS, old, new, Writer("you", "status"), LATER)
    assert kept == old["metadata"]["managedFields"]


def test_the_oldest_of_many_updaters_are_put_together() -> None:
    job = created(spec={"n0": 1})
    for number in range(1, 14):
        new = {**job, "spec": {**job["spec"], f"n{number}": 1}}
        job = write(job, new, Writer(f"m{number:02}"), NOW + number)
    managers = [entry["manager"] for entry in job["metadata"]["managedFields"]]
    assert managers == ["ancient-changes", *(f"m{number:02}" for number in range(5, 14))]
    ancient = job["metadata"]["managedFields"][0]
    assert set(ancient["fieldsV1"]["f:spec"]) == {"f:n0", "f:n1", "f:n2", "f:n3", "f:n4"}
    assert ancient["time"] == "2001-09-09T01:46:44Z"


def test_times_of_idle_managers_are_kept() -> None:
    old = created(spec={"parallelism": 1})
    entry = {**old["metadata"]["managedFields"][0], "time": "2030-01-01T00:00:00Z"}
    touched = with_managed_fields(old, [entry])
    assert with_idle_times(old, touched) == old
    changed = {**touched, "spec": {"parallelism": 2}}
    assert with_idle_times(old, changed) is changed
    renamed = with_managed_fields(old, [{**entry, "manager": "x"}])
    assert with_idle_times(old, renamed) is renamed


@settings(max_examples=100)
@given(st.lists(st.tuples(JOBS, st.sampled_from([ME, YOU])), min_size=1, max_size=4))
def test_whatever_happens_each_field_has_one_owner_and_nothing_else_is_owned(
    history: list[tuple[dict[str, Any], Writer]],
) -> None:
    job: dict[str, Any] | None = None
    for body, writer in history:
        metadata = {"name": "j", "uid": "u", **body.get("metadata", {})}
        job = write(job, {**zero(JOB), **body, "metadata": metadata}, writer)
    assert job is not None
    entries = job["metadata"].get("managedFields", [])
    owned: dict[str, Any] = {}
    for entry in entries:
        assert not set(paths(owned)) & set(paths(entry["fieldsV1"]))
        owned = union(owned, entry["fieldsV1"])
    if not entries:
        return
    there = difference(everything(shape_of(JOB), job), SYSTEM)
    assert difference(owned, there) == {}


def test_a_job_is_tracked_in_well_under_a_millisecond() -> None:
    spec = {
        "parallelism": 1,
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "i", "command": ["true"]}]},
        },
    }
    old = created(spec=spec)
    new = {**old, "spec": {**spec, "parallelism": 2}}
    best = min(
        timeit.repeat(
            lambda: track_update(resources.JOBS, old, new, YOU, LATER), number=20, repeat=5
        )
    )
    assert best / 20 < 0.0003
