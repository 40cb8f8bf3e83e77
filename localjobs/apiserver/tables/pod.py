"""Pods as rows (printers.go, printPod): the STATUS column tells the most telling reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from localjobs.api.objects import Object, is_deleting, name
from localjobs.apiserver.tables.table import AGE, NAME, NONE, Column, Printer, Row, age, since

COLUMNS = (
    NAME,
    Column("Ready", "The aggregate readiness state of this pod for accepting traffic."),
    Column("Status", "The aggregate status of the containers in this pod."),
    Column(
        "Restarts",
        "The number of times the containers in this pod have been restarted and when the last "
        "container in this pod has restarted.",
    ),
    AGE,
    Column("IP", "The pod's address, once it has one.", priority=1),
    Column("Node", "The node the pod runs on.", priority=1),
    Column("Nominated Node", "The node the pod may be scheduled to next.", priority=1),
    Column("Readiness Gates", "How many of the pod's readiness gates are passed.", priority=1),
)

_GREYED = {
    "Succeeded": {
        "type": "Completed",
        "status": "True",
        "reason": "Succeeded",
        "message": "The pod has completed successfully.",
    },
    "Failed": {
        "type": "Completed",
        "status": "True",
        "reason": "Failed",
        "message": "The pod failed.",
    },
}


@dataclass
class _Summary:
    reason: str
    ready: int = 0
    restarts: int = 0
    last_restart: str = ""
    initializing: bool = False

    def count(self, container: Object) -> None:
        """Add the container's restarts."""
        self.restarts += container.get("restartCount", 0)
        ended = (container.get("lastState") or {}).get("terminated") or {}
        self.last_restart = max(self.last_restart, ended.get("finishedAt") or "")


def row(pod: Object, now: float) -> Row:
    """One pod."""
    summary = summarize(pod)
    spec, status = pod.get("spec", {}), pod.get("status", {})
    containers = len(spec.get("containers") or ()) + len(_sidecars(spec))
    cells = (
        name(pod),
        f"{summary.ready}/{containers}",
        summary.reason,
        _restarts(summary, now),
        age(pod, now),
        next((ip["ip"] for ip in status.get("podIPs") or ()), "") or status.get("podIP") or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(pod),
    )
    greyed = _GREYED.get(status.get("phase", ""))
    return Row(cells, (greyed,) if greyed else ())


def summarize(pod: Object) -> _Summary:
    """Walk init containers, then containers, for the reason worth showing."""
    status = pod.get("status", {})
    summary = _Summary(status.get("reason") or status.get("phase") or "")
    if any(
        condition["type"] == "PodScheduled" and condition.get("reason") == "SchedulingGated"
        for condition in status.get("conditions") or ()
    ):
        summary.reason = "SchedulingGated"
    _walk_init_containers(pod, summary)
    if not summary.initializing or _is_initialized(status):
        _recount_sidecars(pod, summary)
        _walk_containers(pod, summary)
    return _override_when_deleting(pod, summary)


def _override_when_deleting(pod: Object, summary: _Summary) -> _Summary:
    status = pod.get("status", {})
    if is_deleting(pod) and status.get("reason") == "NodeLost":
        summary.reason = "Unknown"
    elif is_deleting(pod) and status.get("phase") not in ("Succeeded", "Failed"):
        summary.reason = "Terminating"
    return summary


def _sidecars(spec: Object) -> set[str]:
    return {
        container["name"]
        for container in spec.get("initContainers") or ()
        if container.get("restartPolicy") == "Always"
    }


def _is_initialized(status: Object) -> bool:
    return any(
        condition["type"] == "Initialized" and condition["status"] == "True"
        for condition in status.get("conditions") or ()
    )


def _walk_init_containers(pod: Object, summary: _Summary) -> None:
    spec = pod.get("spec", {})
    sidecars = _sidecars(spec)
    total = len(spec.get("initContainers") or ())
    for index, container in enumerate(pod.get("status", {}).get("initContainerStatuses") or ()):
        summary.count(container)
        reason = _init_reason(container, container["name"] in sidecars)
        if reason == "sidecar":
            summary.ready += 1 if container.get("ready") else 0
        elif reason is not None:
            summary.reason = f"Init:{reason or f'{index}/{total}'}"
            summary.initializing = True
            return


def _recount_sidecars(pod: Object, summary: _Summary) -> None:
    """Once the pod is initialized, what came before it is over: those restarts do not count."""
    summary.restarts, summary.last_restart = 0, ""
    sidecars = _sidecars(pod.get("spec", {}))
    for container in pod.get("status", {}).get("initContainerStatuses") or ():
        if container["name"] in sidecars:
            summary.count(container)


def _init_reason(container: Object, is_sidecar: bool) -> str | None:
    """None: done; "sidecar": started; "": still at it; else why it did not work."""
    state = container.get("state") or {}
    terminated = state.get("terminated")
    if terminated is not None and terminated.get("exitCode") == 0:
        return None
    if is_sidecar and container.get("started"):
        return "sidecar"
    if terminated is not None:
        return _ended(terminated)
    waiting = (state.get("waiting") or {}).get("reason") or ""
    return waiting if waiting != "PodInitializing" else ""


def _ended(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _walk_containers(pod: Object, summary: _Summary) -> None:
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    running, failed = False, ""
    for container in reversed(statuses):
        summary.count(container)
        state = container.get("state") or {}
        if waiting := (state.get("waiting") or {}).get("reason"):
            summary.reason = waiting
        elif "terminated" in state:
            summary.reason = _ended(state["terminated"])
            if state["terminated"].get("exitCode"):
                failed = summary.reason
        elif container.get("ready") and "running" in state:
            running = True
            summary.ready += 1
    if summary.reason == "Completed":
        summary.reason = next(_instead_of_completed(pod, running, failed), "Completed")


def _instead_of_completed(pod: Object, running: bool, failed: str) -> Iterator[str]:
    """A pod is not complete while a container runs, nor when one has failed."""
    if running:
        ready = any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in pod.get("status", {}).get("conditions") or ()
        )
        yield "Running" if ready else "NotReady"
    elif failed:
        yield failed


def _restarts(summary: _Summary, now: float) -> str:
    if summary.restarts and summary.last_restart:
        return f"{summary.restarts} ({since(summary.last_restart, now)} ago)"
    return str(summary.restarts)


def _readiness_gates(pod: Object) -> str:
    gates = pod.get("spec", {}).get("readinessGates") or ()
    if not gates:
        return NONE
    true = {
        condition["type"]
        for condition in pod.get("status", {}).get("conditions") or ()
        if condition["status"] == "True"
    }
    passed = sum(gate["conditionType"] in true for gate in gates)
    return f"{passed}/{len(gates)}"


PRINTER = Printer(COLUMNS, row)
