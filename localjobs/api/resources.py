"""The resources that localjobs serves: their group, version, names and scope."""

from __future__ import annotations

from msgspec import Struct


class Resource(Struct, frozen=True):
    """One served resource, as discovery describes it."""

    group: str
    version: str
    plural: str
    kind: str
    singular: str
    type_name: str
    """The key of its type in the schema table."""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    has_status: bool = False

    @property
    def api_version(self) -> str:
        """`batch/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """`jobs.batch`, or `pods` for the core group: the name in error texts."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def qualified_kind(self) -> str:
        """`Job.batch`, or `Pod` for the core group: the name in validation errors."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def _core(plural: str, kind: str, **options: object) -> Resource:
    return Resource("", "v1", plural, kind, kind.lower(), f"io.k8s.api.core.v1.{kind}", **options)  # type: ignore[arg-type]  # keyword options are checked by the dataclass


CRONJOBS = Resource(
    "batch",
    "v1",
    "cronjobs",
    "CronJob",
    "cronjob",
    "io.k8s.api.batch.v1.CronJob",
    short_names=("cj",),
    categories=("all",),
    has_status=True,
)
JOBS = Resource(
    "batch",
    "v1",
    "jobs",
    "Job",
    "job",
    "io.k8s.api.batch.v1.Job",
    categories=("all",),
    has_status=True,
)
PODS = _core("pods", "Pod", short_names=("po",), categories=("all",), has_status=True)
EVENTS = _core("events", "Event", short_names=("ev",))
CONFIGMAPS = _core("configmaps", "ConfigMap", short_names=("cm",))
SECRETS = _core("secrets", "Secret")
SERVICEACCOUNTS = _core("serviceaccounts", "ServiceAccount", short_names=("sa",))
SERVICES = _core("services", "Service", short_names=("svc",), categories=("all",), has_status=True)
# There are none: what kubectl tells of a namespace begins with a look at them.
LIMITRANGES = _core("limitranges", "LimitRange", short_names=("limits",))
RESOURCEQUOTAS = _core("resourcequotas", "ResourceQuota", short_names=("quota",))
NAMESPACES = _core(
    "namespaces", "Namespace", namespaced=False, short_names=("ns",), has_status=True
)
NODES = _core("nodes", "Node", namespaced=False, short_names=("no",), has_status=True)

ALL: tuple[Resource, ...] = (
    CONFIGMAPS,
    EVENTS,
    NAMESPACES,
    NODES,
    PODS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    JOBS,
)
BY_KIND: dict[tuple[str, str], Resource] = {(r.api_version, r.kind): r for r in ALL}
BY_PLURAL: dict[tuple[str, str, str], Resource] = {(r.group, r.version, r.plural): r for r in ALL}
