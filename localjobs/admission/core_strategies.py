"""How the kinds around Jobs and Pods are written (pkg/registry/core)."""

from __future__ import annotations

from collections.abc import Iterable

from localjobs.admission.options import Stamp
from localjobs.admission.strategies import StatusStrategy, Strategy, keeping
from localjobs.admission.validation.metadata import validate_object_metadata
from localjobs.api import names, objects
from localjobs.api.field import FieldError, forbidden, invalid
from localjobs.api.objects import Object

_NAMESPACE_FINALIZER = "kubernetes"


class NamespaceStrategy(Strategy):
    """Namespaces: active when made, and held by a finalizer until their content is gone."""

    namespaced = False
    name_format = staticmethod(names.dns1123_label_errors)

    def prepare_for_create(self, obj: Object, stamp: Stamp) -> Object:
        given = obj["spec"].get("finalizers") or []
        finalizers = given if _NAMESPACE_FINALIZER in given else [*given, _NAMESPACE_FINALIZER]
        name = objects.name(obj)
        labels = {**objects.labels(obj), "kubernetes.io/metadata.name": name}
        obj = objects.with_metadata(obj, labels=labels)
        return {**obj, "spec": {"finalizers": finalizers}, "status": {"phase": "Active"}}

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        return keeping(new, old, "spec", "status")


class NamespaceStatusStrategy(StatusStrategy):
    """A Namespace's phase, which follows from whether it is being deleted."""

    namespaced = False

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        yield from super().validate_update(new, old)
        phase = new["status"].get("phase", "")
        if objects.is_deleting(new) and phase != "Terminating":
            detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            yield invalid("status.Phase", phase, detail)
        if not objects.is_deleting(new) and phase != "Active":
            detail = "may only be 'Active' if `deletionTimestamp` is empty"
            yield invalid("status.Phase", phase, detail)


class NodeStrategy(Strategy):
    """Nodes. There is one, and the daemon writes it."""

    namespaced = False

    def validate_update(self, new: Object, old: Object) -> Iterable[FieldError]:
        yield from super().validate_update(new, old)
        for name in ("podCIDR", "providerID"):
            before = old["spec"].get(name)
            if before and new["spec"].get(name) != before:
                detail = f'node updates may not change {name} except from "" to valid'
                yield forbidden(f"spec.{name}", detail)


class NodeStatusStrategy(StatusStrategy):
    """A Node's status."""

    namespaced = False


class EventStrategy(Strategy):
    """Events. They live in the namespace of what they are about."""

    name_format = staticmethod(names.path_segment_errors)

    def prepare_for_update(self, new: Object, old: Object) -> Object:
        return new

    def validate(self, obj: Object) -> Iterable[FieldError]:
        namespace = objects.namespace(obj)
        about = obj["involvedObject"].get("namespace", "")
        if about != namespace and (about or namespace != "default"):
            yield invalid("involvedObject.namespace", about, "does not match event.namespace")
        yield from super().validate(obj)


class ServiceStrategy(Strategy):
    """Services. They name things; nothing here routes traffic."""

    name_format = staticmethod(names.dns1035_label_errors)

    def prepare_for_create(self, obj: Object, stamp: Stamp) -> Object:
        spec = obj["spec"]
        if spec.get("clusterIP") == "None":
            headless = {
                "clusterIPs": ["None"],
                "ipFamilies": ["IPv4"],
                "ipFamilyPolicy": "SingleStack",
            }
            spec = {**headless, **spec}
        return {**obj, "spec": spec, "status": {"loadBalancer": {}}}

    def validate(self, obj: Object) -> Iterable[FieldError]:
        yield from validate_object_metadata(obj, self.name_format)
        spec = obj["spec"]
        for index, port in enumerate(spec.get("ports") or ()):
            for problem in names.port_number_errors(port["port"]):
                yield invalid(f"spec.ports[{index}].port", port["port"], problem)
