from __future__ import annotations

from typing import Any

from localjobs.api import timestamps
from localjobs.controller import ttl
from tests.controller.simulator import START, job_view


def finished(spec: dict[str, Any], type_: str = "Complete", **meta: str) -> float | None:
    at = timestamps.render(START)
    status = {"conditions": [{"type": type_, "status": "True", "lastTransitionTime": at}]}
    view = job_view(spec, status=status)
    obj = {**view.object, "metadata": {**view.object["metadata"], **meta}}
    return ttl.expires_at(type(view).of(obj))


def test_a_finished_job_expires_after_its_time_to_live() -> None:
    assert finished({"ttlSecondsAfterFinished": 30}) == START + 30
    assert finished({"ttlSecondsAfterFinished": 0}, "Failed") == START


def test_others_do_not_expire() -> None:
    assert finished({}) is None
    assert finished({"ttlSecondsAfterFinished": 5}, "Suspended") is None
    assert ttl.expires_at(job_view({"ttlSecondsAfterFinished": 5})) is None
    deleted = timestamps.render(START)
    assert finished({"ttlSecondsAfterFinished": 5}, deletionTimestamp=deleted) is None
