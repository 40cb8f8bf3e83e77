from __future__ import annotations

import pytest

from localjobs.api.objects import with_metadata
from localjobs.api.resources import CONFIGMAPS, JOBS
from localjobs.errors import BadRequest, Invalid
from tests.admission.samples import NOW_TEXT, changed, created, created_job, updated


def test_the_object_must_be_the_one_of_the_path() -> None:
    old = created_job()
    with pytest.raises(BadRequest) as caught:
        updated(JOBS, old, changed(old, "metadata", "name", to="other"))
    assert caught.value.message == (
        "the name of the object (other) does not match the name on the URL (j)"
    )
    with pytest.raises(BadRequest) as caught:
        updated(JOBS, old, {})
    assert caught.value.message == (
        "the name of the object (j based on URL) was undeterminable: name must be provided"
    )
    with pytest.raises(BadRequest) as caught:
        updated(JOBS, old, changed(old, "metadata", "namespace", to="other"))
    assert caught.value.message == (
        "the namespace of the provided object does not match the namespace sent on the request"
    )


def test_what_the_server_owns_stays() -> None:
    old = with_metadata(
        created(CONFIGMAPS, {"metadata": {"name": "c"}}),
        deletionTimestamp=NOW_TEXT,
        deletionGracePeriodSeconds=0,
        finalizers=["acme.io/f"],
    )
    new = updated(CONFIGMAPS, old, {"metadata": {"name": "c", "generation": 9, "selfLink": "/x"}})
    kept = {name: value for name, value in old["metadata"].items() if name != "finalizers"}
    assert new["metadata"] == kept


def test_an_update_that_changes_nothing_is_the_same_object() -> None:
    old = created_job()
    assert updated(JOBS, old, old) == old
    assert updated(JOBS, old, old, "status") == old


def test_a_job_s_labels_come_from_its_template_again() -> None:
    old = created_job()
    assert updated(JOBS, old, changed(old, "metadata", "labels", to=None)) == old


def test_a_finalizer_may_not_be_added_to_what_is_being_deleted() -> None:
    old = with_metadata(
        created(CONFIGMAPS, {"metadata": {"name": "c", "finalizers": ["acme.io/f"]}}),
        deletionTimestamp=NOW_TEXT,
    )
    with pytest.raises(Invalid, match="no new finalizers can be added"):
        updated(CONFIGMAPS, old, changed(old, "metadata", "finalizers", to=["acme.io/g"]))


def test_what_is_refused_is_warned_about_too() -> None:
    old = created_job()
    body = {**old, "spec": {**old["spec"], "parallelism": -1, "nope": 1}}
    with pytest.raises(Invalid) as refused:
        updated(JOBS, old, body)
    assert refused.value.warnings == ('unknown field "spec.nope"',)
