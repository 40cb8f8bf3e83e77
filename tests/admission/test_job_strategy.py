from __future__ import annotations

from typing import Any

import pytest

from localjobs.admission.create import admit_create
from localjobs.api.resources import JOBS
from localjobs.errors import Invalid
from tests.admission.samples import (
    OPTIONS,
    STAMP,
    admitted_update,
    changed,
    created,
    created_job,
    job,
    updated,
)

GENERATED = {
    "batch.kubernetes.io/controller-uid": STAMP.uid,
    "batch.kubernetes.io/job-name": "j",
    "controller-uid": STAMP.uid,
    "job-name": "j",
}
SELECTOR = {"matchLabels": {"batch.kubernetes.io/controller-uid": STAMP.uid}}


def with_template_labels(labels: dict[str, str], **spec: Any) -> dict[str, Any]:
    body = job(**spec)
    body["spec"]["template"]["metadata"] = {"labels": labels}
    return body


def test_labels_and_a_selector_are_generated() -> None:
    made = created_job()
    assert made["metadata"]["labels"] == GENERATED
    assert made["spec"]["template"]["metadata"]["labels"] == GENERATED
    assert made["spec"]["selector"] == SELECTOR


def test_a_job_with_its_template_s_labels_has_the_generated_ones_too() -> None:
    made = created(JOBS, with_template_labels({"a": "b"}))
    assert made["metadata"]["labels"] == {**GENERATED, "a": "b"}
    assert made["spec"]["template"]["metadata"]["labels"] == {**GENERATED, "a": "b"}


def test_labels_of_its_own_are_left_alone() -> None:
    body = with_template_labels({"a": "b"})
    body["metadata"]["labels"] = {"a": "b"}
    assert created(JOBS, body)["metadata"]["labels"] == {"a": "b"}


def test_with_a_manual_selector_nothing_is_generated() -> None:
    selector = {"matchLabels": {"a": "b"}}
    made = created(JOBS, with_template_labels({"a": "b"}, manualSelector=True, selector=selector))
    assert made["spec"]["selector"] == selector
    assert made["spec"]["template"]["metadata"]["labels"] == {"a": "b"}


def test_a_foreign_controller_label_is_refused() -> None:
    with pytest.raises(Invalid, match="controller-uid"):
        created(JOBS, with_template_labels({"controller-uid": "x"}))


def test_the_generation_counts_changes_of_the_spec() -> None:
    old = created_job()
    new = updated(JOBS, old, changed(old, "spec", "suspend", to=True))
    assert new["metadata"]["generation"] == 2
    labelled = changed(old, "metadata", "labels", to={"a": "b"})
    assert updated(JOBS, old, labelled)["metadata"]["generation"] == 1


def test_the_main_resource_keeps_the_status_and_the_status_keeps_the_spec() -> None:
    old = created_job()
    both = changed(changed(old, "spec", "parallelism", to=3), "status", to={"active": 1})
    main = updated(JOBS, old, both)
    assert (main["spec"]["parallelism"], main["status"]) == (3, {})
    status = updated(JOBS, old, both, "status")
    assert (status["spec"], status["status"]) == (old["spec"], {"active": 1})
    assert status["metadata"]["generation"] == 1


def test_a_template_is_immutable_while_the_job_runs() -> None:
    old = created_job()
    with pytest.raises(Invalid, match="field is immutable"):
        updated(JOBS, old, changed(old, "spec", "template", "spec", "nodeSelector", to={"a": "b"}))
    suspended = created_job(suspend=True)
    path = ("spec", "template", "spec", "nodeSelector")
    new = updated(JOBS, suspended, changed(suspended, *path, to={"a": "b"}))
    assert new["spec"]["template"]["spec"]["nodeSelector"] == {"a": "b"}


def test_fields_behind_a_closed_feature_gate_are_dropped() -> None:
    container = {"name": "c", "image": "a", "lifecycle": {"stopSignal": "SIGTERM"}}
    made = created_job({"containers": [container], "schedulingGroup": {"podGroupName": "g"}})
    spec = made["spec"]["template"]["spec"]
    assert "lifecycle" not in spec["containers"][0]
    assert "schedulingGroup" not in spec


def test_a_name_that_is_no_label_is_warned_of() -> None:
    admitted = admit_create(JOBS, "default", job("a.b"), OPTIONS, STAMP)
    assert admitted.warnings == (
        (
            "metadata.name: this is used in Pod names and hostnames, which can result in "
            "surprising behavior; a DNS label is recommended: [must not contain dots]"
        ),
    )


def test_a_change_of_the_spec_warns_again_and_other_changes_do_not() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    container = {"name": "c", "image": "a", "env": env}
    old = created_job({"containers": [container]})
    suspended = changed(old, "spec", "suspend", to=True)
    assert admitted_update(JOBS, old, suspended).warnings
    labelled = changed(old, "metadata", "labels", to={"a": "b"})
    assert not admitted_update(JOBS, old, labelled).warnings
