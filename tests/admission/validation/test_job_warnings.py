from typing import Any

from localjobs.admission.validation.job_warnings import warnings_for_job, warnings_for_job_update
from tests.admission.validation.written import job, stored

UNTRACKABLE = (
    "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher "
    "than 10^4, Kubernetes might not be able to track completedIndexes when a big number of "
    "indexes fail"
)


def test_an_ordinary_job_gives_no_warning() -> None:
    assert warnings_for_job(job()) == []


def test_very_many_indexes_at_a_time() -> None:
    huge: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": 100_001,
        "parallelism": 10_001,
    }
    assert warnings_for_job(job(**huge)) == [UNTRACKABLE]
    assert warnings_for_job(job(**{**huge, "parallelism": 10_000})) == []


def test_an_update_warns_if_the_spec_changed() -> None:
    broken = job(template={"spec": {"terminationGracePeriodSeconds": -1}})
    old, new = stored(broken, generation=1), stored(broken, generation=2)
    assert warnings_for_job_update(old, old) == []
    assert warnings_for_job_update(new, old) == [
        (
            "spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are "
            "invalid and will be treated as 1"
        )
    ]
