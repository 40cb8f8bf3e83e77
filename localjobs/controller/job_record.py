"""What the controller keeps in memory of one Job that has not finished."""

from __future__ import annotations

from typing import Any

from localjobs.api import objects
from localjobs.api.job import CONTROLLER_UID_LABEL, JobView
from localjobs.api.objects import Object
from localjobs.api.pod import PodView, is_counted
from localjobs.api.selectors import LabelSelector, label_selector_of
from localjobs.controller.adoption import Claim, claim, generated_selector_uid
from localjobs.controller.backoff import BackoffRecord
from localjobs.controller.pods import PodMold
from localjobs.controller.settling import News
from localjobs.controller.tally import Tally


class JobRecord:
    """A Job's view, its tally, and the mold of its pods; nothing that the store does not have."""

    __slots__ = (
        "_generated_for",
        "_mold",
        "_selector",
        "settling_since",
        "tally",
        "view",
        "wake_at",
    )

    def __init__(self, view: JobView) -> None:
        self.view = view
        self.tally = Tally()
        self.wake_at: float | None = None
        """When the last plan wants the Job looked at again."""
        self.settling_since: float | None = None
        """When the first of the pods ended that are to be counted together; None if none is."""
        self._mold: PodMold | None = None
        self._selector: LabelSelector
        self._generated_for: str | None
        self._read_selector()

    def see_job(self, obj: Object) -> None:
        """Take note of the Job's current state."""
        before, self.view = self.view, JobView.of(obj, self.view)
        if self.view.spec is not before.spec:
            self._mold = None
            self._read_selector()
        status = self.view.status
        if not self.tally.has_on_record(status.completed_indexes, status.failed_indexes):
            self.tally.record(status.completed_indexes, status.failed_indexes, None)

    def _read_selector(self) -> None:
        selector = self.view.spec.selector
        self._selector = label_selector_of(selector)
        self._generated_for = generated_selector_uid(selector)

    @property
    def is_selecting_by_hand(self) -> bool:
        """Whether a user wrote the selector, so that any pod may match it."""
        return self._generated_for is None

    def see_pod(self, obj: Object) -> News:
        """Take note of a pod's current state; what of it may change what is to be done."""
        active, restarts = len(self.tally.active), self.tally.restarts
        return self._news(active, restarts) if self._take_note(obj) else News.NONE

    def lose_pod(self, uid: str) -> News:
        """Take note that a pod is gone."""
        active, restarts = len(self.tally.active), self.tally.restarts
        return self._news(active, restarts) if self.tally.drop(uid) else News.NONE

    def _news(self, active: int, restarts: int) -> News:
        has_ended = len(self.tally.active) < active or self.tally.restarts > restarts
        return News.END if has_ended else News.POD

    def _take_note(self, obj: Object) -> bool:
        uid = objects.uid(obj)
        whose = self._claim(obj)
        if whose is Claim.OWN:
            if is_counted(obj):
                return self.tally.drop(uid)
            return not self.tally.has(uid, obj) and self.tally.put(PodView.of(obj))
        if whose is Claim.FOREIGN:
            return self.tally.drop(uid)
        self.tally.put_unclaimed(PodView.of(obj))
        return True

    def _claim(self, obj: Object) -> Claim:
        uid, labelled = self.view.uid, objects.labels(obj).get(CONTROLLER_UID_LABEL)
        if self._generated_for == uid == labelled == objects.controller_uid(obj):
            return Claim.OWN  # nearly every pod, at a fraction of the cost
        return claim(self.view, self._selector, PodView.of(obj))

    def mold(self) -> PodMold | None:
        """The mold of the Job's pods, if one was made from this spec."""
        return self._mold

    def keep_mold(self, mold: PodMold) -> None:
        """Use this mold until the spec changes."""
        self._mold = mold

    @property
    def is_at_rest(self) -> bool:
        """Whether the Job has finished and no pod of it needs anything any more."""
        tally = self.tally
        pods = (tally.active, tally.terminating, tally.uncounted)
        return self.view.is_finished and not any(pods)


def backoff_to_value(backoff: BackoffRecord) -> dict[str, Any] | None:
    """A back-off record as it outlives a restart; None for one that says nothing."""
    if backoff.last_failure is None:
        return None
    return {"failures": backoff.failures, "lastFailure": backoff.last_failure}


def backoff_of_value(value: dict[str, Any]) -> BackoffRecord:
    """The back-off record that `backoff_to_value` gave."""
    return BackoffRecord(value["failures"], value["lastFailure"])
