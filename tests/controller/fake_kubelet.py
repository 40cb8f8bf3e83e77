"""A kubelet without processes: it knows what the recordings' one-liners would do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from localjobs.api import objects, timestamps
from localjobs.api.job import COMPLETION_INDEX
from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from localjobs.clock import VirtualClock
from localjobs.store.changes import Change, ChangeType
from localjobs.store.registry import Registry
from localjobs.store.store import Store

TERMINATED_BY_TERM = 143
RESTART_SECONDS = 1.0


@dataclass
class Run:
    """What a script does: how long it takes and how it ends."""

    seconds: float = 0.0
    exit_code: int = 0


def run_script(script: str, index: str, files: set[str]) -> Run:
    """Evaluate a shell one-liner: `;`, `&&`, `if`, tests, sleep, touch, exit and kill."""
    run = Run()
    if condition := re.fullmatch(r"if (.*?); then (.*?); fi; (.*)", script):
        branch = condition[2] if _test(condition[1], index, files) else condition[3]
        return run_script(branch, index, files)
    for statement in re.split(r"\s*;\s*", script):
        holds = True
        for command in re.split(r"\s*&&\s*", statement):
            if not holds:
                break
            if command.startswith("["):
                holds = _test(command, index, files)
                run.exit_code = 0 if holds else 1
            elif _command(command, index, files, run):
                return run
    return run


def _test(command: str, index: str, files: set[str]) -> bool:
    words = command.strip("[] ").replace("$JOB_COMPLETION_INDEX", index).split()
    if words[0] == "-e":
        return words[1] in files
    left, operator, right = words
    compare = {
        "=": int(left) == int(right),
        "-lt": int(left) < int(right),
        "-ge": int(left) >= int(right),
    }
    return compare[operator]


def _command(command: str, index: str, files: set[str], run: Run) -> bool:
    """Run one command; whether it ends the script."""
    verb, _, rest = command.partition(" ")
    run.exit_code = 0
    if verb == "sleep":
        run.seconds += float(rest)
    elif verb == "touch":
        files.add(rest)
    elif verb == "kill":
        run.exit_code = 137
        return True
    elif verb == "exit":
        if modulo := re.fullmatch(r"\$\(\(JOB_COMPLETION_INDEX%(\d+)\)\)", rest):
            rest = str(int(index) % int(modulo[1]))
        run.exit_code = int(rest)
        return True
    else:
        assert verb == "true", f"the fake kubelet does not know {command!r}"
    return False


class FakeKubelet:
    """Runs every pod at once; what it touches is in `files`."""

    def __init__(self, store: Store, registry: Registry, clock: VirtualClock) -> None:
        self.files: set[str] = set()
        self._store, self._registry, self._clock = store, registry, clock
        self._known: set[str] = set()
        self._stopping: set[str] = set()
        store.subscribe(self._on_changes)

    def _on_changes(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.resource is not PODS or change.type is ChangeType.DELETED:
                continue
            pod = self._store.by_uid(objects.uid(change.object))
            if pod is None or pod["status"]["phase"] in ("Succeeded", "Failed"):
                continue
            uid = objects.uid(pod)
            if objects.is_deleting(pod):
                if uid not in self._stopping:
                    self._stopping.add(uid)
                    self._after(0.1, uid, self._stop)
            elif uid not in self._known:
                self._known.add(uid)
                self._after(0.02, uid, self._start)

    def _after(self, seconds: float, uid: str, what: Any, *arguments: Any) -> None:
        def call() -> None:
            pod = self._store.by_uid(uid)
            if pod is not None:
                what(pod, *arguments)

        self._clock.call_at(self._clock.now() + seconds, call)

    def _start(self, pod: Object) -> None:
        if objects.is_deleting(pod):
            return
        names = [container["name"] for container in pod["spec"]["containers"]]
        statuses = [{"name": name, "restartCount": 0, "state": {"running": {}}} for name in names]
        self._registry.put(
            PODS,
            {
                **pod,
                "spec": {**pod["spec"], "nodeName": "node"},
                "status": {
                    **pod["status"],
                    "phase": "Running",
                    "conditions": [self._ready("True")],
                    "containerStatuses": statuses,
                },
            },
        )
        for position in range(len(names)):
            self._run(pod, position)
        if (seconds := pod["spec"].get("activeDeadlineSeconds")) is not None:
            self._after(seconds, objects.uid(pod), self._stop)

    def _run(self, pod: Object, position: int) -> None:
        script = pod["spec"]["containers"][position]["command"][-1]
        index = objects.annotations(pod).get(COMPLETION_INDEX, "")
        run = run_script(script, index, self.files)
        self._after(run.seconds, objects.uid(pod), self._container_ended, position, run.exit_code)

    def _container_ended(self, pod: Object, position: int, exit_code: int) -> None:
        if pod["status"]["phase"] != "Running":
            return
        statuses = list(pod["status"]["containerStatuses"])
        if pod["spec"]["restartPolicy"] == "OnFailure" and exit_code != 0:
            count = statuses[position]["restartCount"] + 1
            statuses[position] = {**statuses[position], "restartCount": count}
            self._put_status(pod, containerStatuses=statuses)
            self._after(RESTART_SECONDS, objects.uid(pod), self._run, position)
            return
        statuses[position] = {**statuses[position], "state": self._terminated(exit_code)}
        self._finish_if_ended(pod, statuses)

    def _stop(self, pod: Object) -> None:
        if pod["status"]["phase"] in ("Succeeded", "Failed"):
            return
        running = pod["status"].get("containerStatuses", [])
        statuses = [
            {**each, "state": self._terminated(TERMINATED_BY_TERM)}
            if "running" in each["state"]
            else each
            for each in running
        ]
        self._finish_if_ended(pod, statuses)

    def _finish_if_ended(self, pod: Object, statuses: list[Object]) -> None:
        codes = [(each["state"].get("terminated") or {}).get("exitCode") for each in statuses]
        if None in codes:
            self._put_status(pod, containerStatuses=statuses)
            return
        phase = "Failed" if any(codes) or not codes else "Succeeded"
        others = [each for each in pod["status"].get("conditions", []) if each["type"] != "Ready"]
        ready = [*others, self._ready("False")]
        self._put_status(pod, phase=phase, containerStatuses=statuses, conditions=ready)

    def _put_status(self, pod: Object, **members: Any) -> None:
        self._registry.put(PODS, objects.with_status(pod, {**pod["status"], **members}))

    def _ready(self, status: str) -> Object:
        at = timestamps.render(self._clock.now())
        return {"type": "Ready", "status": status, "lastTransitionTime": at}

    def _terminated(self, exit_code: int) -> Object:
        at = timestamps.render(self._clock.now())
        return {"terminated": {"exitCode": exit_code, "finishedAt": at}}
