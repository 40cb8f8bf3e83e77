"""Jobs that would never end by themselves, and so cannot be run to their end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from localjobs.api.job import JobSpec
from localjobs.manifests.parse import Document
from localjobs.manifests.problems import Problem, in_document


def endless(documents: Iterable[Document]) -> Iterator[Problem]:
    """A problem for each valid Job of these that waits for somebody else."""
    for document in documents:
        if document.object.get("kind") != "Job":
            continue
        spec = JobSpec.of(document.object["spec"])
        if spec.suspend:
            yield in_document(
                document, "spec.suspend: the Job is suspended and would never end", "spec.suspend"
            )
        elif spec.is_managed_elsewhere:
            message = f"spec.managedBy: the Job is left to {spec.managed_by} and would never end"
            yield in_document(document, message, "spec.managedBy")
        elif spec.parallelism == 0 and spec.completions != 0:
            message = "spec.parallelism: no pod may run, so the Job would never end"
            yield in_document(document, message, "spec.parallelism")
