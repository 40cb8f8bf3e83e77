"""An explanation as text: the verdict first, then what it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from localjobs.api import objects, timestamps
from localjobs.api.objects import Object
from localjobs.apiserver.tables.durations import human_duration
from localjobs.cli.job_rows import Columns
from localjobs.controller.explanation import Explanation
from localjobs.controller.pod_accounts import PodAccount
from localjobs.controller.wording import counted

MOST_PODS = 20
"""The most pods that are told of one by one; of more, those that did not succeed come first."""
MOST_RETRIES = 5
MOST_EVENTS = 10
_INDENT = "  "


def lines(job: Object, explained: Explanation, events: Sequence[Object], now: float) -> list[str]:
    """The explanation, line by line. `now` is in seconds since the epoch."""
    return [
        f"job {objects.namespace(job)}/{objects.name(job)}: {explained.summary}",
        f"failures: {explained.failures}",
        *_retries(explained, now),
        *(f"note: {note}" for note in explained.notes),
        *_pods(explained.pods),
        *_events(events, now),
    ]


def _retries(explained: Explanation, now: float) -> Iterator[str]:
    if explained.next_retry is None:
        return
    at = explained.next_retry
    yield f"next retry: {_when(at, now)}: {explained.formula}"
    per_index = [retry for retry in explained.retries if retry.index is not None]
    for retry in per_index[:MOST_RETRIES]:
        yield f"{_INDENT}index {retry.index}: {_when(retry.at, now)}: {retry.formula}"
    if len(per_index) > MOST_RETRIES:
        yield f"{_INDENT}and {len(per_index) - MOST_RETRIES} more indexes"


def _when(at: float, now: float) -> str:
    return f"at {timestamps.render(at)}, in {human_duration(max(at - now, 0))}"


def _pods(accounts: Sequence[PodAccount]) -> Iterator[str]:
    if not accounts:
        yield "pods: none"
        return
    phases = Counter(account.phase for account in accounts)
    counts = ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items()))
    yield f"pods: {counts}"
    shown = _most_telling(accounts)
    for account in shown:
        yield _INDENT + _pod(account)
    if len(accounts) > len(shown):
        yield f"{_INDENT}and {len(accounts) - len(shown)} more (-o json has all)"


def _most_telling(accounts: Sequence[PodAccount]) -> list[PodAccount]:
    """The pods to tell of, oldest first: of too many, the stuck and the last to fail."""
    if len(accounts) <= MOST_PODS:
        return list(accounts)
    by_need = sorted(
        enumerate(accounts),
        key=lambda one: (not one[1].is_stuck, not one[1].meaning, -one[0]),
    )
    return [account for _, account in sorted(by_need[:MOST_PODS], key=lambda one: one[0])]


def _pod(account: PodAccount) -> str:
    index = "" if account.index is None else f" (index {account.index})"
    parts = [f"{account.name}{index}: {account.phase}: {account.ending}"]
    if account.restarts:
        parts.append(f"restarted: {counted(account.restarts, 'time')}")
    if account.meaning:
        parts.append(account.meaning)
    return "; ".join(parts)


def _events(events: Sequence[Object], now: float) -> Iterable[str]:
    if not events:
        return
    yield "events:"
    rows = [_event(event, now) for event in events[-MOST_EVENTS:]]
    for line in Columns().lines(rows):
        yield _INDENT + line


def _event(event: Object, now: float) -> tuple[str, ...]:
    at, count = event.get("lastTimestamp"), event.get("count") or 1
    age = human_duration(now - timestamps.parse(at)) if at else ""
    involved = event.get("involvedObject") or {}
    return (
        f"{age} ago" if count == 1 else f"{age} ago (x{count})",
        event.get("type", ""),
        event.get("reason", ""),
        f"{(involved.get('kind') or '').lower()}/{involved.get('name') or ''}",
        (event.get("message") or "").strip(),
    )
