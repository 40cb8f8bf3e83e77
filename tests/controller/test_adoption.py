from __future__ import annotations

from typing import Any

import pytest

from localjobs.api.job import JobView
from localjobs.api.objects import Object
from localjobs.api.pod import PodView
from localjobs.api.selectors import label_selector_of
from localjobs.controller.actions import AdoptPod, CreatePod, ReleasePod
from localjobs.controller.adoption import Claim, claim, generated_selector_uid
from localjobs.controller.reconcile import reconcile
from localjobs.controller.tally import Tally
from tests.controller.simulator import START, Simulation, job_object, job_view

SELECTOR = {"matchLabels": {"app": "x"}}
MATCHING = {"app": "x"}


def pod(labels: dict[str, str], owner: str | None = None, **meta: Any) -> Object:
    metadata: Object = {"name": "p", "namespace": "ns", "uid": "u", "labels": labels, **meta}
    if owner is not None:
        metadata["ownerReferences"] = [{"uid": owner, "controller": True}]
    return {"metadata": metadata, "status": {"phase": "Running"}}


def job(**meta: Any) -> JobView:
    obj = job_object({"selector": SELECTOR})
    return JobView.of({**obj, "metadata": {**obj["metadata"], **meta}})


@pytest.mark.parametrize(
    ("labels", "owner", "expected"),
    [
        (MATCHING, "job-uid", Claim.OWN),
        ({}, "job-uid", Claim.RELEASE),
        (MATCHING, None, Claim.ADOPT),
        ({}, None, Claim.FOREIGN),
        (MATCHING, "another", Claim.FOREIGN),
    ],
)
def test_whose_a_pod_is(labels: dict[str, str], owner: str | None, expected: Claim) -> None:
    selector = label_selector_of(SELECTOR)
    assert claim(job(), selector, PodView.of(pod(labels, owner))) is expected


def test_what_is_deleted_or_elsewhere_is_not_adopted() -> None:
    selector, deleted = label_selector_of(SELECTOR), {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    orphan = PodView.of(pod(MATCHING))
    assert claim(job(**deleted), selector, orphan) is Claim.FOREIGN
    assert claim(job(**deleted), selector, PodView.of(pod({}, "job-uid"))) is Claim.FOREIGN
    assert claim(job(), selector, PodView.of(pod(MATCHING, **deleted))) is Claim.FOREIGN
    assert claim(job(namespace="b"), selector, orphan) is Claim.FOREIGN


def test_a_generated_selector_is_known_by_its_label() -> None:
    assert generated_selector_uid(job_view().spec.selector) == "job-uid"
    assert generated_selector_uid(SELECTOR) is None
    assert generated_selector_uid({}) is None


def test_claims_come_before_everything_else() -> None:
    tally = Tally()
    tally.put_unclaimed(PodView.of(pod(MATCHING)))
    plan = reconcile(job(), tally, START)
    assert (plan.actions, plan.wake_at) == ((AdoptPod("p", "u"),), START)
    tally.put_unclaimed(PodView.of(pod({}, "job-uid")))
    assert reconcile(job(), tally, START).actions == (ReleasePod("p", "u"),)


def test_an_adopted_pod_stands_for_one_that_would_be_made() -> None:
    simulation = Simulation(
        job=job_object({"selector": SELECTOR, "parallelism": 2, "completions": 2})
    )
    orphan = pod(MATCHING, creationTimestamp="2023-11-14T22:13:20Z")
    simulation.pods["p"] = {**orphan, "spec": {}}
    simulation.tally.put_unclaimed(PodView.of(simulation.pods["p"]))
    simulation.settle()
    assert (simulation.created, simulation.view.status.active) == (1, 2)
    assert simulation.pods["p"]["metadata"]["ownerReferences"][0]["uid"] == "job-uid"


def test_without_a_claim_pods_are_made() -> None:
    assert reconcile(job(), Tally(), START).actions == (CreatePod(),)
