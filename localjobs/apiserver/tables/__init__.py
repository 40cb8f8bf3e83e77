"""Tables: how objects of each kind are shown to people."""

from localjobs.api import resources
from localjobs.api.resources import Resource
from localjobs.apiserver.tables import core, cron_job, event, job, pod
from localjobs.apiserver.tables.table import IncludeObject, Printer, partial_metadata

__all__ = ["IncludeObject", "Printer", "partial_metadata", "printer_for"]

_PRINTERS: dict[Resource, Printer] = {
    resources.JOBS: job.PRINTER,
    resources.CRONJOBS: cron_job.PRINTER,
    resources.PODS: pod.PRINTER,
    resources.EVENTS: event.PRINTER,
    resources.NAMESPACES: core.NAMESPACE,
    resources.NODES: core.NODE,
    resources.CONFIGMAPS: core.CONFIGMAP,
    resources.SECRETS: core.SECRET,
    resources.SERVICEACCOUNTS: core.SERVICEACCOUNT,
    resources.SERVICES: core.SERVICE,
}


def printer_for(resource: Resource) -> Printer:
    """The kind's own printer, or the one with name and creation time."""
    return _PRINTERS.get(resource, core.ANY)
