"""Drives the decisions about one pod through time, with no runtime and no store.

A fate says how a container's attempts end: `(exit code, seconds it runs)` each; None runs until it
is stopped. TERM ends a container at once with 143 unless its name is in `deaf`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from localjobs.api.objects import Object
from localjobs.kubelet.container_ids import ContainerId
from localjobs.kubelet.container_status import initial
from localjobs.kubelet.instructions import (
    KillContainer,
    RecordEvent,
    SignalContainer,
    StartContainer,
)
from localjobs.kubelet.lifecycle import PodRecord, advance
from localjobs.kubelet.pod_status import Outlook, pod_status
from localjobs.kubelet.pod_template import PodTemplate
from localjobs.kubelet.reports import observe
from localjobs.kubelet.runtime import ContainerEvent, Exited, Started
from localjobs.kubelet.termination import PodFacts

START = 1_000_000_000.0
Fate = tuple[int, float] | None


def container(name: str, **more: Any) -> Object:
    return {"name": name, "image": "busybox", "command": [name], **more}


def pod(policy: str = "Never", *, init: Sequence[Object] = (), **spec: Any) -> Object:
    made = {"restartPolicy": policy, "terminationGracePeriodSeconds": 5, **spec}
    made.setdefault("containers", [container("c")])
    if init:
        made["initContainers"] = list(init)
    meta = {"name": "p", "namespace": "ns", "uid": "u", "generation": 1}
    return {"metadata": meta, "spec": made}


@dataclass
class Simulation:
    pod: Object
    fates: Mapping[str, Sequence[Fate]] = field(default_factory=dict)
    deaf: frozenset[str] = frozenset()
    now: float = START
    history: list[str] = field(default_factory=list)
    """`+3 start c/0`, `+4 end c/0`, `+5 TERM c`, `+7 KILL c`, `+2 BackOff`: what happened when."""
    is_over: bool = False

    def __post_init__(self) -> None:
        self.template = PodTemplate.of(self.pod["spec"])
        records = tuple(initial(self.template.has_init) for _ in self.template.containers)
        self.record = PodRecord(records)
        self.ends: dict[str, tuple[float, int]] = {}
        self.wake_at: float | None = None
        self._look()

    @property
    def status(self) -> Object:
        status: Object = self.pod["status"]
        return status

    @property
    def phase(self) -> str:
        return str(self.status["phase"])

    @property
    def conditions(self) -> list[tuple[str, str, str | None, str | None]]:
        return [
            (c["type"], c["status"], c.get("reason"), c.get("message"))
            for c in self.status["conditions"]
        ]

    def state(self, name: str) -> Object:
        listed = self.status.get("initContainerStatuses", []) + self.status["containerStatuses"]
        (found,) = (entry for entry in listed if entry["name"] == name)
        return dict(found)

    def run(self, until: float = 3600.0) -> Simulation:
        """Let `until` seconds since the start pass, or less if nothing is left to happen."""
        while (due := self._next()) is not None and due <= START + until:
            self.now = due
            self._end_what_is_due()
            self._look()
        self.now = max(self.now, START + until) if not self.is_over else self.now
        return self

    def delete(self, grace: int) -> Simulation:
        meta = {"deletionTimestamp": "2001-09-09T01:46:40Z", "deletionGracePeriodSeconds": grace}
        self.pod = {**self.pod, "metadata": {**self.pod["metadata"], **meta}}
        self._look()
        return self

    def report(self, event: ContainerEvent) -> None:
        name = ContainerId.parse(event.container_id)
        assert name is not None
        index = list(self.template.names).index(name.container)
        records = list(self.record.containers)
        seen = observe(self.template.containers[index], records[index], name.attempt, event)
        records[index] = seen.record
        is_lost = self.record.is_lost or seen.is_lost
        self.record = PodRecord(tuple(records), self.record.stop, is_lost)

    def _next(self) -> float | None:
        times = [at for at, _ in self.ends.values()]
        if self.wake_at is not None:
            times.append(self.wake_at)
        return max(min(times), self.now) if times else None

    def _end_what_is_due(self) -> None:
        for id_, (at, code) in sorted(self.ends.items()):
            if at <= self.now:
                del self.ends[id_]
                self._note("end", id_)
                self.report(Exited(id_, self.now, exit_code=code))

    def _look(self) -> None:
        while True:
            step = advance(self.template, PodFacts.of(self.pod), self.record, self.now)
            self.record, self.wake_at, self.is_over = step.record, step.wake_at, step.is_over
            for instruction in step.instructions:
                self._perform(instruction)
            outlook = Outlook(self.now, "127.0.0.1", step.is_over)
            status = pod_status(self.template, self.pod, self.record, outlook)
            self.pod = {**self.pod, "status": status}
            if not step.instructions:
                return

    def _perform(self, instruction: object) -> None:
        match instruction:
            case StartContainer():
                self._start(instruction)
            case SignalContainer(id_):
                self._note("TERM", id_)
                if self._name(id_) not in self.deaf:
                    self.ends[id_] = (self.now, 143)
            case KillContainer(id_):
                self._note("KILL", id_)
                self.ends[id_] = (self.now, 137)
            case RecordEvent():
                if instruction.reason not in ("Started", "Killing"):
                    self._note(instruction.reason)

    def _start(self, start: StartContainer) -> None:
        name = self.template.containers[start.index].name
        id_ = str(ContainerId("u", name, start.attempt))
        fates = self.fates.get(name, [(0, 1.0)])
        fate = fates[min(start.attempt, len(fates) - 1)]
        self._note("start", id_)
        self.report(Started(id_, 1, self.now))
        if fate is not None:
            self.ends[id_] = (self.now + fate[1], fate[0])

    def _note(self, what: str, id_: str = "") -> None:
        short = id_.removeprefix("u_").replace("_", "/")
        self.history.append(f"+{self.now - START:g} {what} {short}".rstrip())

    @staticmethod
    def _name(id_: str) -> str:
        parsed = ContainerId.parse(id_)
        assert parsed is not None
        return parsed.container
