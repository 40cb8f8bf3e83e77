"""Which strategy writes which resource."""

from __future__ import annotations

from collections.abc import Mapping

from localjobs.admission.core_strategies import (
    EventStrategy,
    NamespaceStatusStrategy,
    NamespaceStrategy,
    NodeStatusStrategy,
    NodeStrategy,
    ServiceStrategy,
)
from localjobs.admission.data_strategies import ConfigMapStrategy, SecretStrategy
from localjobs.admission.job_strategy import JobStatusStrategy, JobStrategy
from localjobs.admission.pod_strategy import PodStatusStrategy, PodStrategy
from localjobs.admission.strategies import StatusStrategy, Strategy
from localjobs.api.resources import Resource

_STRATEGIES: Mapping[tuple[str, str], Strategy] = {
    ("Job", ""): JobStrategy(),
    ("Job", "status"): JobStatusStrategy(),
    ("Pod", ""): PodStrategy(),
    ("Pod", "status"): PodStatusStrategy(),
    ("ConfigMap", ""): ConfigMapStrategy(),
    ("Secret", ""): SecretStrategy(),
    ("Namespace", ""): NamespaceStrategy(),
    ("Namespace", "status"): NamespaceStatusStrategy(),
    ("Node", ""): NodeStrategy(),
    ("Node", "status"): NodeStatusStrategy(),
    ("Event", ""): EventStrategy(),
    ("ServiceAccount", ""): Strategy(),
    ("Service", ""): ServiceStrategy(),
    ("Service", "status"): StatusStrategy(),
}


def strategy_for(resource: Resource, subresource: str = "") -> Strategy:
    """The strategy of a resource, or of one of its subresources; KeyError if it has none."""
    return _STRATEGIES[resource.kind, subresource]
