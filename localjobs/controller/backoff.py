"""How long a Job waits before it replaces failed pods.

The wait is 10 s after the first failure and doubles with each one that follows without a
success, up to 10 minutes, counted from the end of the last failed pod. A Job with
`backoffLimitPerIndex` keeps the count per index, on the pods themselves, instead.
Source: pkg/controller/job/backoff_utils.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from localjobs.api.pod import PodView

BASE_SECONDS: Final = 10.0
MAX_SECONDS: Final = 600.0


class BackoffRecord(Struct, frozen=True):
    """The failures since the last success, and when the last of them ended."""

    failures: int = 0
    last_failure: float | None = None

    @property
    def ends_at(self) -> float | None:
        """When the next pod may be made; None if there is nothing to wait for."""
        return None if self.last_failure is None else self.last_failure + delay(self.failures)

    def after(self, succeeded: Sequence[PodView], failed: Sequence[PodView]) -> BackoffRecord:
        """The record once these pods, which ended since, are taken into account.

        A success forgives every failure that did not end after it.
        """
        if not failed:
            return NO_BACKOFF if succeeded else self
        failures, ends = self.failures, sorted(pod.finished_at for pod in failed)
        if succeeded:
            last_success = max(pod.finished_at for pod in succeeded)
            failures, ends = 0, [end for end in ends if end > last_success]
        if not ends:
            return NO_BACKOFF
        return BackoffRecord(failures + len(ends), ends[-1])


NO_BACKOFF: Final = BackoffRecord()


def delay(failures: int) -> float:
    """The seconds to wait after that many failures in a row."""
    if failures == 0:
        return 0.0
    # Past 2**6 the cap rules; capping the exponent keeps the numbers small.
    return min(BASE_SECONDS * 2.0 ** min(failures - 1, 6), MAX_SECONDS)


def index_backoff_ends_at(last_failed: PodView) -> float:
    """When the index of this pod, the last of the index to fail, may have another one."""
    failures = last_failed.index_failures + last_failed.index_ignored_failures + 1
    return last_failed.finished_at + delay(failures)
