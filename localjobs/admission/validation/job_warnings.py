"""What the writer of a valid Job should know (pkg/api/job/warnings.go)."""

from __future__ import annotations

from collections.abc import Iterator

from localjobs.admission.validation.pod_warnings import warnings_for_template
from localjobs.api.objects import Object, metadata

_MANY_COMPLETIONS = 100_000
_MANY_PARALLEL = 10_000
_UNTRACKABLE = (
    "spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher "
    "than 10^4, Kubernetes might not be able to track completedIndexes when a big number of "
    "indexes fail"
)


def warnings_for_job(job: Object) -> list[str]:
    """Warnings about the spec of a new Job. The one about its name is the strategy's."""
    return list(_warnings_for_spec(job.get("spec") or {}))


def warnings_for_job_update(new: Object, old: Object) -> list[str]:
    """Warnings about a changed Job: none unless its spec changed."""
    if metadata(new).get("generation") == metadata(old).get("generation"):
        return []
    return warnings_for_job(new)


def _warnings_for_spec(spec: Object) -> Iterator[str]:
    completions, parallelism = spec.get("completions") or 0, spec.get("parallelism") or 0
    is_big = completions > _MANY_COMPLETIONS and parallelism > _MANY_PARALLEL
    if is_big and spec.get("completionMode") == "Indexed":
        yield _UNTRACKABLE
    yield from warnings_for_template(spec.get("template") or {}, "spec.template")
