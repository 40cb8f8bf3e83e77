"""Liveness, readiness and startup probes (core/validation)."""

from __future__ import annotations

from localjobs.admission.validation.formats import Errors, check_non_negative
from localjobs.admission.validation.lifecycle import PROBE_HANDLERS, validate_handler
from localjobs.api.field import invalid
from localjobs.api.objects import Object

_NUMBERS = (
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
)


def validate_probes(container: Object, grace_period: int | None, path: str) -> Errors:
    """All probes of a container whose path is given."""
    liveness, readiness = container.get("livenessProbe"), container.get("readinessProbe")
    startup = container.get("startupProbe")
    if liveness is not None:
        yield from _validate_once(liveness, grace_period, f"{path}.livenessProbe")
    if readiness is not None:
        yield from _validate_readiness(readiness, grace_period, f"{path}.readinessProbe")
    if startup is not None:
        yield from _validate_once(startup, grace_period, f"{path}.startupProbe")


def _validate_once(probe: Object, grace_period: int | None, path: str) -> Errors:
    """A probe for which one success is enough, always."""
    yield from _validate_probe(probe, grace_period, path)
    threshold = probe.get("successThreshold", 0)
    if threshold != 1:
        yield invalid(f"{path}.successThreshold", threshold, "must be 1")


def _validate_readiness(probe: Object, grace_period: int | None, path: str) -> Errors:
    yield from _validate_probe(probe, grace_period, path)
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None:
        here = f"{path}.terminationGracePeriodSeconds"
        yield invalid(here, seconds, "must not be set for readinessProbes")


def _validate_probe(probe: Object, grace_period: int | None, path: str) -> Errors:
    yield from validate_handler(probe, PROBE_HANDLERS, grace_period, path)
    for key in _NUMBERS:
        yield from check_non_negative(probe.get(key, 0), f"{path}.{key}")
    seconds = probe.get("terminationGracePeriodSeconds")
    if seconds is not None and seconds <= 0:
        here = f"{path}.terminationGracePeriodSeconds"
        yield invalid(here, seconds, "must be greater than 0")
