"""The pods of a Job, made from its template.

All pods of one Job share what does not differ between them: of a hundred thousand, each is a
few small dicts around one spec. So the template goes through admission once, as a mold, and the
mold is filled for each pod.
Source: pkg/controller/controller_utils.go (GetPodFromTemplate), pkg/controller/job/
indexed_job_utils.go, apiserver/pkg/storage/names/generate.go.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from msgspec import Struct

from localjobs.api import objects, timestamps
from localjobs.api.job import (
    COMPLETION_INDEX,
    INDEX_FAILURE_COUNT,
    INDEX_IGNORED_FAILURE_COUNT,
    TRACKING_FINALIZER,
    JobView,
)
from localjobs.api.objects import Object
from localjobs.controller.actions import CreatePod

MAX_PREFIX: Final = 58
"""What is left of a name of 63 for a generated suffix of 5."""

COMPLETION_INDEX_VARIABLE: Final = "JOB_COMPLETION_INDEX"


def generate_name(job_name: str, index: int | None) -> str:
    """The prefix of a pod's name; the Job's part is cut where it gets too long."""
    tail = "-" if index is None else f"-{index}-"
    if index is None:
        return (job_name + tail)[:MAX_PREFIX]
    return job_name[: MAX_PREFIX - len(tail)] + tail


def owner_reference(job: JobView) -> Object:
    """The reference that makes the Job a pod's controller."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "name": job.name,
        "uid": job.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def pod_of(job: JobView, create: CreatePod) -> Object:
    """The pod as the controller sends it to the API: with a generateName, without an identity."""
    template = job.spec.template
    meta, spec = template.get("metadata") or {}, template.get("spec") or {}
    finalizers = meta.get("finalizers") or []
    if TRACKING_FINALIZER not in finalizers:
        finalizers = [*finalizers, TRACKING_FINALIZER]
    metadata: Object = {
        "generateName": generate_name(job.name, create.index),
        "namespace": job.namespace,
        "labels": _labels(meta.get("labels") or {}, create),
        "annotations": _annotations(meta.get("annotations") or {}, create),
        "ownerReferences": [owner_reference(job)],
        "finalizers": finalizers,
    }
    if create.index is not None:
        spec = {**_with_index_variable(spec), "hostname": _hostname(job, create.index)}
    metadata = {key: value for key, value in metadata.items() if value}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


class PodMold(Struct, frozen=True):
    """A pod of the Job that went through admission; the others are filled into its form."""

    job: JobView
    pod: Object
    labels: dict[str, str]
    """The labels without the completion index."""
    annotations: dict[str, str]
    """The annotations without index and failure counts."""

    @classmethod
    def of(cls, job: JobView, admitted: Object) -> PodMold:
        """The mold of a Job, from one of its pods that was admitted."""
        return cls(
            job, admitted, _plain(objects.labels(admitted)), _plain(objects.annotations(admitted))
        )

    def fill(self, create: CreatePod, uid: str, suffix: str, now: float) -> Object:
        """A pod, complete but for its resourceVersion."""
        form, index = self.pod["metadata"], create.index
        prefix = generate_name(self.job.name, index)
        metadata = {
            **form,
            "name": prefix + suffix,
            "generateName": prefix,
            "uid": uid,
            "creationTimestamp": _rendered(int(now)),
        }
        pod = {**self.pod, "metadata": metadata}
        if "managedFields" in form:
            # One entry per manager, each saying when; what it owns is the same for all pods.
            written = metadata["creationTimestamp"]
            metadata["managedFields"] = [
                {**entry, "time": written} for entry in form["managedFields"]
            ]
        if index is not None:
            metadata["labels"] = _labels(self.labels, create)
            metadata["annotations"] = _annotations(self.annotations, create)
            pod["spec"] = {**pod["spec"], "hostname": _hostname(self.job, index)}
        return pod


@lru_cache(maxsize=16)  # hundreds of pods are made in one second
def _rendered(second: int) -> str:
    return timestamps.render(second)


def _hostname(job: JobView, index: int) -> str:
    return f"{job.name}-{index}"


def _labels(labels: dict[str, str], create: CreatePod) -> dict[str, str]:
    if create.index is None:
        return labels
    return {**labels, COMPLETION_INDEX: str(create.index)}


def _annotations(annotations: dict[str, str], create: CreatePod) -> dict[str, str]:
    if create.index is None:
        return annotations
    result = {**annotations, COMPLETION_INDEX: str(create.index)}
    if create.index_failures is not None:
        result[INDEX_FAILURE_COUNT] = str(create.index_failures)
        if create.index_ignored_failures:
            result[INDEX_IGNORED_FAILURE_COUNT] = str(create.index_ignored_failures)
    return result


def _plain(marks: dict[str, str]) -> dict[str, str]:
    """Labels or annotations without those that differ from pod to pod."""
    varying = (COMPLETION_INDEX, INDEX_FAILURE_COUNT, INDEX_IGNORED_FAILURE_COUNT)
    return {key: value for key, value in marks.items() if key not in varying}


def _with_index_variable(spec: Object) -> Object:
    """The spec with JOB_COMPLETION_INDEX in every container that does not define it itself."""
    changed = {
        member: [_container_with_index(container) for container in spec[member]]
        for member in ("initContainers", "containers")
        if spec.get(member)
    }
    return {**spec, **changed}


def _container_with_index(container: Object) -> Object:
    variables: list[dict[str, Any]] = container.get("env") or []
    if any(variable.get("name") == COMPLETION_INDEX_VARIABLE for variable in variables):
        return container
    path = f"metadata.labels['{COMPLETION_INDEX}']"
    source = {"fieldRef": {"apiVersion": "v1", "fieldPath": path}}
    return {
        **container,
        "env": [*variables, {"name": COMPLETION_INDEX_VARIABLE, "valueFrom": source}],
    }
