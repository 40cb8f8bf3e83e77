from typing import Any

import pytest

from localjobs.admission.validation.job_spec_update import (
    is_template_open,
    validate_job_spec_update,
)
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, job, texts

IMMUTABLE = "field is immutable"
SUSPENDED = [{"type": "Suspended", "status": "True"}]


def paths_of(new: Object, old: Object) -> list[str]:
    found = list(validate_job_spec_update(new, old))
    assert all(error.detail == IMMUTABLE for error in found)
    return [error.field for error in found]


@pytest.mark.parametrize(
    "change",
    [
        {"parallelism": 7},
        {"suspend": True},
        {"activeDeadlineSeconds": 5},
        {"backoffLimit": 1},
        {"ttlSecondsAfterFinished": 1},
        {"podReplacementPolicy": "Failed"},
        {"manualSelector": True},
    ],
)
def test_what_may_change(change: Object) -> None:
    old = job(completions=2)
    assert paths_of({**old, "spec": {**old["spec"], **change}}, old) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("selector", {}),
        ("completions", 3),
        ("completionMode", "Indexed"),
        ("podFailurePolicy", {"rules": []}),
        ("backoffLimitPerIndex", 1),
        ("managedBy", "acme.io/x"),
        ("successPolicy", {"rules": []}),
    ],
)
def test_what_stays(key: str, value: Any) -> None:
    old = job(completions=2)
    expected = [] if key == "completionMode" else [f"spec.{key}"]
    new = {**old, "spec": {**old["spec"], key: value}}
    assert paths_of(new, old) == (expected or ["spec.completionMode"])


def test_indexed_jobs_are_elastic() -> None:
    old = job(completionMode="Indexed", completions=2, parallelism=2)
    grown = {**old, "spec": {**old["spec"], "completions": 4}}
    assert texts(validate_job_spec_update(grown, old)) == [
        "spec.completions: Invalid value: 4: can only be modified in tandem with spec.parallelism"
    ]
    both = {**grown, "spec": {**grown["spec"], "parallelism": 4}}
    assert texts(validate_job_spec_update(both, old)) == []


@pytest.mark.parametrize(
    ("suspend", "status", "is_open"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"active": 1}, False),
        (True, {"startTime": "2026-01-01T00:00:00Z"}, False),
        (True, {"startTime": "2026-01-01T00:00:00Z", "conditions": SUSPENDED}, True),
    ],
)
def test_when_a_template_is_open(*, suspend: bool, status: Object, is_open: bool) -> None:
    assert is_template_open({**job(suspend=suspend), "status": status}) is is_open


def with_pod(built: Object, **members: Any) -> Object:
    spec = built["spec"]
    template = {**spec["template"], "spec": {**spec["template"]["spec"], **members}}
    return {**built, "spec": {**spec, "template": template}}


OPEN: list[Object] = [
    {"nodeSelector": {"a": "b"}},
    {"tolerations": [{"operator": "Exists"}]},
    {"schedulingGates": [{"name": "a"}]},
    {"affinity": {"nodeAffinity": {}}},
    {"containers": [{**CONTAINER, "resources": {"requests": {"cpu": "1"}}}]},
]


@pytest.mark.parametrize("members", OPEN)
def test_where_pods_go_and_what_they_need_is_open_while_suspended(members: Object) -> None:
    old = with_pod(job(suspend=True), containers=[{**CONTAINER, "resources": {}}])
    assert paths_of(with_pod(old, **members), old) == []
    running = {**old, "spec": {**old["spec"], "suspend": False}}
    assert paths_of(with_pod(running, **members), running) == ["spec.template"]


@pytest.mark.parametrize(
    "members",
    [
        {"containers": [{**CONTAINER, "image": "other"}]},
        {"containers": None},
        {"terminationGracePeriodSeconds": 3},
        {"affinity": {"podAffinity": {}}},
    ],
)
def test_what_pods_are_stays_while_suspended(members: Object) -> None:
    old = job(suspend=True)
    assert paths_of(with_pod(old, **members), old) == ["spec.template.spec"]


def test_labels_and_annotations_of_the_template_are_open_while_suspended() -> None:
    old = job(suspend=True)
    spec = old["spec"]
    for meta, expected in (
        ({"labels": {}, "annotations": {"a": "b"}}, []),
        ({**spec["template"]["metadata"], "name": "n"}, ["spec.template.metadata"]),
    ):
        template = {**spec["template"], "metadata": meta}
        assert paths_of({**old, "spec": {**spec, "template": template}}, old) == expected
