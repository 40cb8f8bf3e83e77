"""How Pods are written (pkg/registry/core/pod/strategy.go)."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.disabled_fields import without_disabled_fields
from localjobs.admission.label_keys import with_label_keys
from localjobs.admission.options import Stamp
from localjobs.admission.pod_admission import admit_pod
from localjobs.admission.qos import qos_class
from localjobs.admission.strategies import (
    StatusStrategy,
    Strategy,
    keeping,
    listed,
    with_next_generation,
)
from localjobs.admission.validation.pod import validate_pod, validate_pod_update
from localjobs.admission.validation.pod_status import validate_pod_status_update
from localjobs.admission.validation.pod_warnings import warnings_for_pod
from localjobs.api import names, objects, timestamps
from localjobs.api.field import FieldError
from localjobs.api.objects import Object


class PodStrategy(Strategy):
    """Creates and changes Pods. Nearly all of a Pod's spec stays as it was created."""

    def prepare_for_create(self, obj: Object, stamp: Stamp) -> Object:
        return prepared_pod(obj, stamp.now)

    def validate(self, obj: Object) -> Iterable[FieldError]:
        return validate_pod(obj)

    def warnings_on_create(self, obj: Object) -> Iterable[str]:
        if errors := names.dns1123_label_errors(objects.name(obj)):
            yield (
                "metadata.name: this is used in the Pod's hostname, which can result in "
                f"surprising behavior; a DNS label is recommended: {listed(errors)}"
            )
        yield from warnings_for_pod(obj)

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        new = {**new, "spec": without_disabled_fields(new["spec"])}
        return with_next_generation(keeping(new, old, "status"), old)

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        return validate_pod_update(new, old)


class PodStatusStrategy(StatusStrategy):
    """Writes a Pod's status: what a kubelet may say of it."""

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        new = keeping(new, old, "spec")
        owners = objects.metadata(old).get("ownerReferences")
        new = objects.with_metadata(new, ownerReferences=owners)
        status, before = new["status"], old["status"]
        kept = {
            name: before[name]
            for name in ("qosClass", "observedGeneration")
            if name in before and name not in status
        }
        return objects.with_status(new, {**status, **kept})

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        return validate_pod_status_update(new, old)


def prepared_pod(pod: Object, now: float) -> Object:
    """A defaulted Pod as it is first stored: pending, with all that the cluster fills in.

    Raises Forbidden if an admission plugin refuses it.
    """
    pod = admit_pod({**pod, "spec": without_disabled_fields(pod["spec"])})
    status: Object = {"phase": "Pending", "qosClass": qos_class(pod["spec"])}
    if pod["spec"].get("schedulingGates"):
        status["conditions"] = [_gated(now)]
    spec = with_label_keys(pod["spec"], objects.labels(pod))
    return objects.with_metadata({**pod, "spec": spec, "status": status}, generation=1)


def _gated(now: float) -> Object:
    return {
        "type": "PodScheduled",
        "status": "False",
        "lastProbeTime": None,
        "lastTransitionTime": timestamps.render(now),
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
    }
