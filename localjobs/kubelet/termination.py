"""When a pod is stopped, and how a container is: TERM to its processes, KILL after the grace.

Upstream: pkg/kubelet/active_deadline.go, calculateEffectiveGracePeriod in
pkg/kubelet/pod_workers.go and killContainer in pkg/kubelet/kuberuntime/kuberuntime_container.go.
"""

from __future__ import annotations

from signal import SIGTERM

from msgspec import Struct
from msgspec.structs import replace

from localjobs.api import timestamps
from localjobs.api.objects import Object
from localjobs.kubelet.container_status import Running, Stopping
from localjobs.kubelet.instructions import (
    Instruction,
    KillContainer,
    RecordEvent,
    SignalContainer,
)
from localjobs.kubelet.phase import TERMINAL
from localjobs.kubelet.pod_template import DEFAULT_GRACE_SECONDS, ContainerTemplate

SHORTEST_GRACE = 2.0
"""Every container gets this long to end by itself, whatever the pod's grace period."""

DEADLINE_EXCEEDED = "DeadlineExceeded"
DEADLINE_MESSAGE = "Pod was active on the node longer than the specified deadline"


class PodFacts(Struct, frozen=True):
    """What the pod's object says that its end depends on. Times in seconds since the epoch."""

    pod: Object
    grace: float
    """How long its containers have from TERM to KILL."""
    is_deleting: bool = False
    is_terminal: bool = False
    """Its phase is Succeeded or Failed already."""
    deadline: float | None = None
    """When activeDeadlineSeconds are over."""

    @property
    def described(self) -> str:
        """`<name>_<namespace>(<uid>)`: the pod in the kubelet's messages."""
        meta = self.pod["metadata"]
        return f"{meta['name']}_{meta.get('namespace', '')}({meta['uid']})"

    @classmethod
    def of(cls, pod: Object) -> PodFacts:
        """Read them from a pod."""
        meta, spec, status = pod["metadata"], pod["spec"], pod.get("status") or {}
        grace = meta.get("deletionGracePeriodSeconds")
        if grace is None:
            grace = spec.get("terminationGracePeriodSeconds")
        seconds, start = spec.get("activeDeadlineSeconds"), status.get("startTime")
        return cls(
            pod,
            float(DEFAULT_GRACE_SECONDS if grace is None else grace),
            "deletionTimestamp" in meta,
            status.get("phase") in TERMINAL,
            timestamps.parse(start) + seconds if seconds is not None and start else None,
        )


class Stop(Struct, frozen=True):
    """A pod is being stopped: how long its containers have, and why if the status says so."""

    grace: float
    reason: str = ""
    message: str = ""


class Order(Struct, frozen=True):
    """How one container is to be stopped."""

    grace: float
    message: str = ""
    """Why, if it is not that its pod ends."""
    may_signal: bool = True
    """False while others have to end before it."""
    restarts: bool = False


class StopStep(Struct, frozen=True):
    """The next step in ending one container."""

    stopping: Stopping
    instructions: tuple[Instruction, ...] = ()
    wake_at: float | None = None
    is_hook_due: bool = False
    """The preStop hook is to be run."""


def stop_of(facts: PodFacts, current: Stop | None, now: float) -> Stop | None:
    """The stop in force, if there is one; deletion may shorten the grace, never lengthen it."""
    if current is not None:
        return replace(current, grace=min(current.grace, facts.grace))
    if facts.is_deleting or facts.is_terminal:
        return Stop(facts.grace)
    if facts.deadline is not None and now >= facts.deadline:
        return Stop(facts.grace, DEADLINE_EXCEEDED, DEADLINE_MESSAGE)
    return None


def stop_container(
    container: ContainerTemplate,
    process: Running,
    stopping: Stopping | None,
    order: Order,
    now: float,
) -> StopStep:
    """The preStop hook at first, then TERM, and KILL once the grace is over.

    The hook, and waiting for others, is part of the grace; from TERM to KILL there is always a
    moment. Upstream: killContainer in pkg/kubelet/kuberuntime/kuberuntime_container.go.
    """
    if stopping is None:
        return _begin(container, process, order, now)
    if stopping.signalled_at is None:
        return _before_signal(process, stopping, order, now)
    if stopping.killed:
        return StopStep(stopping)
    latest = max(stopping.since + order.grace, stopping.signalled_at + SHORTEST_GRACE)
    kill_at = min(stopping.kill_at, latest)
    if now < kill_at:
        return StopStep(replace(stopping, kill_at=kill_at), (), kill_at)
    return StopStep(replace(stopping, killed=True), (KillContainer(process.container_id),))


def _begin(container: ContainerTemplate, process: Running, order: Order, now: float) -> StopStep:
    has_hook = container.pre_stop is not None and order.grace > 0
    stopping = Stopping(now, now + order.grace, has_hook, restarts=order.restarts)
    step = _before_signal(process, stopping, order, now)
    message = order.message or f"Stopping container {container.name}"
    killing = RecordEvent("Normal", "Killing", message, container.field_path)
    return replace(step, instructions=(killing, *step.instructions), is_hook_due=has_hook)


def _before_signal(process: Running, stopping: Stopping, order: Order, now: float) -> StopStep:
    """TERM, unless the hook still runs or others have to end first, and there is time for that."""
    grace_ends = stopping.since + order.grace
    if (stopping.is_hooking or not order.may_signal) and now < grace_ends:
        return StopStep(stopping, (), grace_ends)
    spent = int(now - stopping.since)
    kill_at = now + max(order.grace - spent, SHORTEST_GRACE)
    term = SignalContainer(process.container_id, int(SIGTERM))
    signalled = replace(stopping, is_hooking=False, signalled_at=now, kill_at=kill_at)
    return StopStep(signalled, (term,), kill_at)
