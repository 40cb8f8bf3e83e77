"""A container's probes: when each is due, and what its answers come to.

 1. A probe is made when its period ticks, counted from the container's start, and not before its
    initial delay is over; readiness also at once when there is something new to know.
 2. Until the startup probe has succeeded no other is made, and after that it is made no more.
 3. An answer counts once it was given as often in a row as its threshold says; no answer counts
    as none.
 4. A liveness or startup probe that has failed is at rest until another container runs, and both
    are while the container is being stopped.

Before there is an answer a container is alive, not started, and not ready.
Upstream: pkg/kubelet/prober/worker.go and prober_manager.go.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from localjobs.api.objects import Object

_SLACK = 1e-6
"""Seconds: what arithmetic on times may be wrong by."""


class ProbeKind(Enum):
    """What a probe asks, as the kubelet's messages name it."""

    STARTUP = "Startup"
    LIVENESS = "Liveness"
    READINESS = "Readiness"


class Probe(Struct, frozen=True):
    """One probe of a container's spec. Times in seconds."""

    kind: ProbeKind
    handler: Object
    initial_delay: float
    period: float
    timeout: float
    success_threshold: int
    failure_threshold: int
    grace: float | None
    """How long the container has to end if this probe fails; None: the pod's grace period."""


class Progress(Struct, frozen=True):
    """How far a probe of one run of a container has come."""

    verdict: bool | None
    """What its answers came to so far; None: nothing yet."""
    due_at: float
    last: bool | None = None
    repeats: int = 0
    """How often in a row `last` was the answer."""
    is_under_way: bool = False
    is_at_rest: bool = False


class Round(Struct, frozen=True):
    """A look at a container's probes: their progress, which to make now, when to look again."""

    progress: tuple[Progress, ...]
    due: tuple[int, ...] = ()
    wake_at: float | None = None


def probes_of(container: Object) -> tuple[Probe, ...]:
    """The probes of a container's spec, which admission has defaulted and validated."""
    return tuple(
        _probe(kind, container[field]) for kind, field in _FIELDS.items() if container.get(field)
    )


_FIELDS = {
    ProbeKind.STARTUP: "startupProbe",
    ProbeKind.LIVENESS: "livenessProbe",
    ProbeKind.READINESS: "readinessProbe",
}


def _probe(kind: ProbeKind, spec: Object) -> Probe:
    grace = spec.get("terminationGracePeriodSeconds")
    return Probe(
        kind,
        spec,
        float(spec.get("initialDelaySeconds") or 0),
        float(spec.get("periodSeconds") or 10),
        float(spec.get("timeoutSeconds") or 1),
        spec.get("successThreshold") or 1,
        spec.get("failureThreshold") or 3,
        None if grace is None else float(grace),
    )


def begun(
    probes: Sequence[Probe],
    started_at: float,
    *,
    was_started: bool = False,
    was_ready: bool = False,
) -> tuple[Progress, ...]:
    """The progress for a run that began then; `was_*`: as a status on record says."""
    first = {
        ProbeKind.STARTUP: was_started or None,
        ProbeKind.LIVENESS: True,
        ProbeKind.READINESS: was_ready,
    }
    return tuple(
        Progress(
            first[probe.kind],
            started_at + (0.0 if probe.kind is ProbeKind.READINESS else probe.period),
            is_at_rest=probe.kind is ProbeKind.STARTUP and was_started,
        )
        for probe in probes
    )


def is_started(probes: Sequence[Probe], progress: Sequence[Progress]) -> bool:
    """Whether a running container with these probes has started."""
    return _says(ProbeKind.STARTUP, probes, progress)


def is_ready(probes: Sequence[Probe], progress: Sequence[Progress]) -> bool:
    """Whether a running container with these probes is ready."""
    return is_started(probes, progress) and _says(ProbeKind.READINESS, probes, progress)


def _says(kind: ProbeKind, probes: Sequence[Probe], progress: Sequence[Progress]) -> bool:
    return all(
        one.verdict is True
        for probe, one in zip(probes, progress, strict=True)
        if probe.kind is kind
    )


def failed(probes: Sequence[Probe], progress: Sequence[Progress]) -> Probe | None:
    """The probe that the container is to be killed for; None if there is none."""
    for probe, one in zip(probes, progress, strict=True):
        if probe.kind is not ProbeKind.READINESS and one.verdict is False:
            return probe
    return None


def look(
    probes: Sequence[Probe],
    progress: tuple[Progress, ...],
    started_at: float,
    now: float,
    *,
    is_stopping: bool,
) -> Round:
    """Decide which probes to make now."""
    after, due, wakes = list(progress), [], []
    has_started = is_started(probes, progress)
    for place, (probe, one) in enumerate(zip(probes, progress, strict=True)):
        if one.is_under_way or one.is_at_rest or not _is_in_turn(probe, has_started, is_stopping):
            continue
        at = one.due_at
        if at - started_at < probe.initial_delay - _SLACK:
            at = _tick_from(probe, started_at, started_at + probe.initial_delay)
        if at > now:
            wakes.append(at)
        else:
            due.append(place)
            next_tick = _tick_after(probe, started_at, now)
            after[place] = replace(one, is_under_way=True, due_at=next_tick)
    return Round(tuple(after), tuple(due), min(wakes, default=None))


def _is_in_turn(probe: Probe, has_started: bool, is_stopping: bool) -> bool:
    if is_stopping and probe.kind is not ProbeKind.READINESS:
        return False
    return has_started is not (probe.kind is ProbeKind.STARTUP)


def _tick_from(probe: Probe, started_at: float, at: float) -> float:
    """The first tick at that time or later."""
    return started_at + probe.period * math.ceil((at - started_at) / probe.period - _SLACK)


def _tick_after(probe: Probe, started_at: float, at: float) -> float:
    """The first tick later than that time."""
    return started_at + probe.period * (math.floor((at - started_at) / probe.period + _SLACK) + 1)


def answered(
    probes: Sequence[Probe],
    progress: tuple[Progress, ...],
    place: int,
    answer: bool | None,
    times: tuple[float, float],
) -> tuple[Progress, ...]:
    """The progress once the probe at `place` was answered; None is no answer.

    `times` are the container's start and now.
    """
    after = list(progress)
    after[place] = _counted(probes[place], progress[place], answer)
    if is_started(probes, after) and not is_started(probes, progress):
        started_at, now = times
        for other, probe in enumerate(probes):
            at = now if probe.kind is ProbeKind.READINESS else _tick_after(probe, started_at, now)
            after[other] = replace(after[other], due_at=at)
    return tuple(after)


def _counted(probe: Probe, one: Progress, answer: bool | None) -> Progress:
    if answer is None:
        return replace(one, is_under_way=False)
    repeats = one.repeats + 1 if one.last is answer else 1
    one = replace(one, last=answer, repeats=repeats, is_under_way=False)
    if repeats < (probe.success_threshold if answer else probe.failure_threshold):
        return one
    rests = probe.kind is ProbeKind.STARTUP or (probe.kind is ProbeKind.LIVENESS and not answer)
    return replace(one, verdict=answer, is_at_rest=rests)
