"""Status updates of a Job (batch/validation; job/strategy.go, getStatusValidationOptions).

Most rules are only put to what changed: a Job whose status breaks one is not stuck, and the
controller has time to follow a change of the spec.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from localjobs.admission.validation.formats import IMMUTABLE, Errors, check_non_negative
from localjobs.admission.validation.internal_form import UNCOUNTED_PODS, internal_form
from localjobs.admission.validation.metadata import (
    validate_object_metadata_update,
    validate_registry_update,
)
from localjobs.api import timestamps
from localjobs.api.field import ErrorType, FieldError, duplicate, invalid, required
from localjobs.api.index_set import IndexSet, IndexSetError
from localjobs.api.objects import Object

_COUNTS = ("active", "succeeded", "failed", "ready", "terminating")
_LASTING = ("Failed", "Complete", "FailureTarget")
"""Conditions that are never taken back; nor is SuccessCriteriaMet."""


class _Change(Struct, frozen=True):
    """A Job's status before and after, and the spec it belongs to."""

    spec: Object
    new: Object
    old: Object

    def is_changed(self, *keys: str) -> bool:
        """Whether one of these members changed; a missing counter is 0, missing indexes are ""."""
        return any(self._value(self.new, key) != self._value(self.old, key) for key in keys)

    @staticmethod
    def _value(status: Object, key: str) -> Any:
        empty = {"active": 0, "completedIndexes": ""}.get(key)
        return status.get(key, empty)

    def is_true(self, condition: str) -> bool:
        """Whether the condition holds after the change."""
        return _is_true(self.new, condition)

    def is_turned(self, *conditions: str) -> bool:
        """Whether one of these conditions began or ceased to hold."""
        return any(_is_true(self.new, one) != _is_true(self.old, one) for one in conditions)

    @property
    def is_finished(self) -> bool:
        return self.is_true("Complete") or self.is_true("Failed")

    @property
    def is_finish_turned(self) -> bool:
        before = _is_true(self.old, "Complete") or _is_true(self.old, "Failed")
        return before != self.is_finished


def _is_true(status: Object, condition: str) -> bool:
    conditions = status.get("conditions") or ()
    return any(one.get("type") == condition and one.get("status") == "True" for one in conditions)


def _conditions_error(detail: str) -> FieldError:
    return FieldError(ErrorType.INVALID, "status.conditions", "", detail)


def validate_job_status_update(new: Object, old: Object) -> list[FieldError]:
    """All that is wrong with an update through the status subresource."""
    change = _Change(new.get("spec") or {}, new.get("status") or {}, old.get("status") or {})
    errors = list(validate_registry_update(new, old))
    errors += validate_object_metadata_update(new, old)
    errors += _validate_numbers(change.new)
    errors += _validate_end(change)
    errors += _validate_finished(change)
    errors += _validate_indexes(change)
    errors += _validate_activity(change)
    errors += _validate_success(change)
    errors += _validate_transition(change)
    return errors


def _validate_numbers(status: Object) -> Errors:
    for key in _COUNTS:
        if status.get(key) is not None:
            yield from check_non_negative(status[key], f"status.{key}")
    uncounted = status.get("uncountedTerminatedPods") or {}
    taken: set[str] = set()
    for key in ("succeeded", "failed"):
        for index, uid in enumerate(uncounted.get(key) or ()):
            here = f"status.uncountedTerminatedPods.{key}[{index}]"
            if not uid:
                yield invalid(here, uid, "must not be empty")
            elif uid in taken:
                yield duplicate(here, uid)
            taken.add(uid)


def _validate_end(change: _Change) -> Errors:
    """Success and failure exclude each other; only a complete Job has a completion time."""
    is_complete, is_failed = change.is_true("Complete"), change.is_true("Failed")
    if is_complete and is_failed and change.is_turned("Complete", "Failed"):
        yield _conditions_error("cannot set Complete=True and Failed=true conditions")
    turned = change.is_turned("Complete", "FailureTarget")
    if is_complete and change.is_true("FailureTarget") and turned:
        yield _conditions_error("cannot set Complete=True and FailureTarget=true conditions")
    yield from _validate_completion_time(change, is_complete=is_complete)
    turned = change.is_turned("Failed", "FailureTarget")
    if is_failed and not change.is_true("FailureTarget") and turned:
        detail = "cannot set Failed=True condition without the FailureTarget=true condition"
        yield _conditions_error(detail)
    turned = change.is_turned("Complete", "SuccessCriteriaMet")
    if is_complete and not change.is_true("SuccessCriteriaMet") and turned:
        detail = "cannot set Complete=True condition without the SuccessCriteriaMet=true condition"
        yield _conditions_error(detail)


def _validate_completion_time(change: _Change, *, is_complete: bool) -> Errors:
    path = "status.completionTime"
    started, completed = change.new.get("startTime"), change.new.get("completionTime")
    if change.is_turned("Complete") or change.is_changed("completionTime"):
        if completed is not None and not is_complete:
            detail = "cannot set completionTime when there is no Complete=True condition"
            yield invalid(path, completed, detail)
        if completed is None and is_complete:
            yield required(path, "completionTime is required for Complete jobs")
    if started is None or completed is None or not change.is_changed("startTime", "completionTime"):
        return
    if timestamps.parse(completed) < timestamps.parse(started):
        yield invalid(path, completed, "completionTime cannot be set before startTime")


def _validate_finished(change: _Change) -> Errors:
    """A finished Job has started, and has neither active nor uncounted pods."""
    if not change.is_finished:
        return
    status, turned = change.new, change.is_finish_turned
    if status.get("active", 0) > 0 and (turned or change.is_changed("active")):
        detail = "active>0 is invalid for finished job"
        yield invalid("status.active", status["active"], detail)
    is_start_open = change.spec.get("suspend") and change.spec.get("completions") == 0
    is_unstarted = status.get("startTime") is None and not is_start_open
    if is_unstarted and (turned or change.is_changed("startTime")):
        yield required("status.startTime", "startTime is required for finished job")
    uncounted = status.get("uncountedTerminatedPods") or {}
    is_uncounted = bool(uncounted.get("succeeded") or uncounted.get("failed"))
    if is_uncounted and (turned or change.is_changed("uncountedTerminatedPods")):
        form = internal_form(uncounted, UNCOUNTED_PODS)
        yield invalid("status.uncountedTerminatedPods", form, "must be empty for finished job")


def _validate_indexes(change: _Change) -> Errors:
    """Lists of indexes are well formed, of Jobs that have them, and do not overlap."""
    status, completions = change.new, change.spec.get("completions")
    completed, failed = status.get("completedIndexes", ""), status.get("failedIndexes")
    is_completed_new = change.is_changed("completedIndexes")
    is_failed_new = change.is_changed("failedIndexes")
    is_per_index = change.spec.get("backoffLimitPerIndex") is not None
    if is_completed_new and completions is not None:
        yield from _check_format("completedIndexes", completed, completions)
    if is_failed_new and completions is not None and is_per_index and failed is not None:
        yield from _check_format("failedIndexes", failed, completions)
    if is_completed_new and completed and change.spec.get("completionMode") != "Indexed":
        detail = "cannot set non-empty completedIndexes when non-indexed completion mode"
        yield invalid("status.completedIndexes", completed, detail)
    if is_failed_new and failed is not None and not is_per_index:
        detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null"
        yield invalid("status.failedIndexes", failed, detail)
    if (is_completed_new or is_failed_new) and completions is not None and failed is not None:
        yield from _check_overlap(completed, failed, completions)


def _check_format(key: str, text: str, completions: int) -> Errors:
    try:
        IndexSet.parse(text, completions)
    except IndexSetError as error:
        yield invalid(f"status.{key}", text, f"error parsing {key}: {error}")


def _check_overlap(completed: str, failed: str, completions: int) -> Errors:
    common = _readable(completed, completions).first_common(_readable(failed, completions))
    if common is not None:
        detail = f"failedIndexes and completedIndexes overlap at index: {common}"
        yield invalid("status.failedIndexes", failed, detail)


def _readable(text: str, completions: int) -> IndexSet:
    """The intervals that can be read; the others are reported by the check of the format."""
    found = IndexSet()
    for interval in text.split(","):
        try:
            found = found.union(IndexSet.parse(interval, completions))
        except IndexSetError:
            continue
    return found


def _validate_activity(change: _Change) -> Errors:
    status = change.new
    is_new = change.is_finish_turned or change.is_changed("terminating")
    if change.is_finished and is_new and (status.get("terminating") or 0) > 0:
        detail = "terminating>0 is invalid for finished job"
        yield invalid("status.terminating", status["terminating"], detail)
    ready, is_new = status.get("ready"), change.is_changed("ready", "active")
    if is_new and ready is not None and ready > status.get("active", 0):
        yield invalid("status.ready", ready, "cannot set more ready pods than active")


def _validate_success(change: _Change) -> Errors:
    """Meeting the success criteria excludes failure, and is what completes a success policy."""
    if change.is_true("SuccessCriteriaMet"):
        for other in ("Failed", "FailureTarget"):
            if change.is_true(other):
                detail = f"cannot set SuccessCriteriaMet=True and {other}=true conditions"
                yield _conditions_error(detail)
    elif change.spec.get("successPolicy") is not None and change.is_true("Complete"):
        yield _conditions_error(
            "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True"
        )


def _validate_transition(change: _Change) -> Errors:
    """Conditions that last, counters that only grow, times that stay."""
    for condition in _LASTING:
        if _is_true(change.old, condition) and not change.is_true(condition):
            yield _conditions_error(f"cannot disable the terminal {condition}=True condition")
    yield from _check_growth("failed", change)
    spec = change.spec
    is_elastic = spec.get("completionMode") == "Indexed" and spec.get("completions") == spec.get(
        "parallelism"
    )
    if not is_elastic:
        yield from _check_growth("succeeded", change)
    yield from _check_times(change)
    was_met, is_met = (
        _is_true(change.old, "SuccessCriteriaMet"),
        change.is_true("SuccessCriteriaMet"),
    )
    if was_met and not is_met:
        yield _conditions_error("cannot disable the SuccessCriteriaMet=True condition")
    if is_met and not was_met and _is_true(change.old, "Complete"):
        yield _conditions_error(
            "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions"
        )


def _check_growth(key: str, change: _Change) -> Errors:
    number = change.new.get(key, 0)
    if number < change.old.get(key, 0):
        yield invalid(f"status.{key}", number, f"cannot decrease the {key} counter")


def _check_times(change: _Change) -> Errors:
    completed, before = change.new.get("completionTime"), change.old.get("completionTime")
    if completed is not None and before is not None and completed != before:
        yield invalid("status.completionTime", completed, IMMUTABLE)
    started, before = change.new.get("startTime"), change.old.get("startTime")
    is_resuming = _is_true(change.old, "Suspended") and not change.is_true("Suspended")
    if before is None or started == before or is_resuming or change.spec.get("suspend"):
        return
    detail = f"{IMMUTABLE} for unsuspended job once set"
    yield invalid("status.startTime", started, detail)
