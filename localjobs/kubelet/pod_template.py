"""What the kubelet needs of a pod's spec, parsed once for all pods that share it.

The pods of a Job share their template's lists, so a pod costs one dict look-up, not a parse.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from localjobs.api.objects import Object
from localjobs.kubelet.demands import Demands, demands_of
from localjobs.kubelet.probes import Probe, probes_of
from localjobs.kubelet.requests import Amounts, memory_limit, pod_requests

DEFAULT_GRACE_SECONDS = 30
DEFAULT_MESSAGE_PATH = "/dev/termination-log"


class Role(Enum):
    """When a container runs: before the others, beside them from early on, or as the work."""

    INIT = "init"
    SIDECAR = "sidecar"
    MAIN = "main"


class RestartRule(Struct, frozen=True):
    """One of a container's restartPolicyRules: restart if the exit code is (not) listed."""

    operator: str
    values: frozenset[int]

    def matches(self, exit_code: int) -> bool:
        """Whether the rule applies to that exit code."""
        return (exit_code in self.values) == (self.operator == "In")


class ContainerTemplate(Struct, frozen=True):
    """One container of a pod's spec."""

    name: str
    image: str
    role: Role
    restart_policy: str
    rules: tuple[RestartRule, ...]
    field_path: str
    """What events about it name: `spec.containers{main}`."""
    spec: Object
    writes_message: bool = False
    """It gets a file of its own to write its last words to."""
    falls_back: bool = False
    """If it fails without last words, the end of its log takes their place."""
    probes: tuple[Probe, ...] = ()
    post_start: Object | None = None
    """What to do once it is started."""
    pre_stop: Object | None = None
    """What to do before it is told to end."""
    memory_limit: int | None = None
    """In bytes."""

    def restarts_after(self, exit_code: int) -> bool:
        """Whether it is started again after ending so (KEP-5307, then the restart policy)."""
        if any(rule.matches(exit_code) for rule in self.rules):
            return True
        if self.restart_policy == "Always":
            return exit_code != 0 or self.role is not Role.INIT
        return self.restart_policy == "OnFailure" and exit_code != 0


class PodTemplate(Struct, frozen=True):
    """A pod's spec: its containers in the order of their starts, init containers first."""

    containers: tuple[ContainerTemplate, ...]
    init_count: int
    restart_policy: str
    readiness_gates: tuple[str, ...]
    requests: Amounts
    """What it asks of a node."""
    demands: Demands
    is_single: bool
    """One main container is all there is."""
    uses_files: bool
    """Its pods have a folder of their own."""
    has_volumes: bool
    has_probes: bool

    @property
    def has_init(self) -> bool:
        """Whether there is any init container, sidecars included."""
        return self.init_count > 0

    @property
    def names(self) -> Sequence[str]:
        """The containers' names, in order."""
        return [container.name for container in self.containers]

    def index_of(self, name: str) -> int | None:
        """The place of the container of that name; None if there is none."""
        for index, container in enumerate(self.containers):
            if container.name == name:
                return index
        return None

    @classmethod
    def of(cls, spec: Object) -> PodTemplate:
        """Parse a pod's spec, which admission has validated."""
        policy = spec.get("restartPolicy") or "Always"
        init = [_container(c, "initContainers", policy) for c in spec.get("initContainers") or ()]
        main = [_container(c, "containers", policy) for c in spec.get("containers") or ()]
        gates = tuple(gate["conditionType"] for gate in spec.get("readinessGates") or ())
        containers = (*init, *main)
        demands = demands_of(spec)
        return cls(
            containers,
            len(init),
            policy,
            gates,
            pod_requests(spec),
            demands,
            len(containers) == 1 and not init,
            bool(spec.get("volumes")) or any(c.writes_message for c in containers),
            bool(spec.get("volumes")),
            any(c.probes for c in containers),
        )


def _container(spec: Object, field: str, pod_policy: str) -> ContainerTemplate:
    own_policy = spec.get("restartPolicy")
    hooks: Object = spec.get("lifecycle") or {}
    role = Role.MAIN
    if field == "initContainers":
        role = Role.SIDECAR if own_policy == "Always" else Role.INIT
    return ContainerTemplate(
        name=spec["name"],
        image=spec.get("image") or "",
        role=role,
        restart_policy=own_policy or pod_policy,
        rules=tuple(_rules(spec.get("restartPolicyRules") or ())) if own_policy else (),
        field_path=f"spec.{field}{{{spec['name']}}}",
        spec=spec,
        writes_message=_writes_message(spec),
        falls_back=spec.get("terminationMessagePolicy") == "FallbackToLogsOnError",
        probes=probes_of(spec),
        post_start=hooks.get("postStart") or None,
        pre_stop=hooks.get("preStop") or None,
        memory_limit=memory_limit(spec),
    )


def _writes_message(spec: Object) -> bool:
    """Whether the container's own words, or its path, say that it will write a message.

    A file for every container would cost each a private view of the file system, which is more
    than a short process costs.
    """
    path: str = spec.get("terminationMessagePath") or DEFAULT_MESSAGE_PATH
    if path != DEFAULT_MESSAGE_PATH:
        return True
    words = [*(spec.get("command") or ()), *(spec.get("args") or ())]
    words += [entry.get("value") or "" for entry in spec.get("env") or ()]
    return any(path in word for word in words)


def _rules(rules: Sequence[Object]) -> list[RestartRule]:
    return [
        RestartRule(codes["operator"], frozenset(codes.get("values") or ()))
        for rule in rules
        if rule.get("action") == "Restart" and (codes := rule.get("exitCodes"))
    ]


class TemplateCache:
    """Templates by the identity of the lists they were parsed from; the latest `size` of them."""

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._entries: OrderedDict[int, tuple[Any, Any, PodTemplate]] = OrderedDict()

    def of(self, spec: Object) -> PodTemplate:
        """The template of a pod's spec."""
        containers, init = spec.get("containers"), spec.get("initContainers")
        # The entry holds its lists, so that their ids cannot be given to others meanwhile.
        entry = self._entries.get(id(containers))
        if entry is not None and entry[1] is init:
            return entry[2]
        template = PodTemplate.of(spec)
        self._entries[id(containers)] = (containers, init, template)
        if len(self._entries) > self._size:
            self._entries.popitem(last=False)
        return template
