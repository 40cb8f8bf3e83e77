"""Which pods are a Job's: those it controls and its selector matches.

An orphan that matches is adopted, a controlled pod that does not match is released, and a
Job that is being deleted does neither.
Source: pkg/controller/controller_ref_manager.go, ClaimPods.
"""

from __future__ import annotations

from enum import Enum

from localjobs.api import objects
from localjobs.api.job import CONTROLLER_UID_LABEL, JobView
from localjobs.api.objects import Object
from localjobs.api.pod import PodView
from localjobs.api.selectors import LabelSelector


class Claim(Enum):
    """What a pod is to a Job."""

    OWN = "own"
    """It is the Job's."""
    ADOPT = "adopt"
    """It has no controller and the selector matches: the Job takes it."""
    RELEASE = "release"
    """The Job controls it, but the selector does not match: the Job gives it up."""
    FOREIGN = "foreign"
    """It is none of the Job's business."""


def generated_selector_uid(selector: Object) -> str | None:
    """The uid in a selector that the API generated; None if a user wrote the selector."""
    labels = selector.get("matchLabels") or {}
    if len(labels) == 1 and not selector.get("matchExpressions"):
        uid: str | None = labels.get(CONTROLLER_UID_LABEL)
        return uid
    return None


def claim(job: JobView, selector: LabelSelector, pod: PodView) -> Claim:
    """What this pod, of any namespace, is to the Job."""
    owner = objects.controller_uid(pod.object)
    if owner is not None and owner != job.uid:
        return Claim.FOREIGN
    matches = selector.matches(pod.labels)
    if owner is not None:
        if matches:
            return Claim.OWN
        return Claim.FOREIGN if job.is_deleting else Claim.RELEASE
    adoptable = matches and pod.namespace == job.namespace
    if not adoptable or job.is_deleting or pod.is_deleting:
        return Claim.FOREIGN
    return Claim.ADOPT
