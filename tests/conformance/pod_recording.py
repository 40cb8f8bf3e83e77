"""Runs the recorded pods (pods.json) on real processes, all at once, and says what came of each."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localjobs.admission.deletion import DeleteOptions
from localjobs.api.objects import Object
from localjobs.api.resources import CONFIGMAPS, EVENTS, NAMESPACES, PODS, SECRETS
from localjobs.control_plane import ControlPlane
from localjobs.store.changes import Change

RECORDINGS: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("pods.json").read_text(encoding="utf-8")
)
PATIENCE = 60.0
ACTS_AFTER = 1.5
"""Seconds that a pod runs before something is done to it."""

_KINDS = {"ConfigMap": CONFIGMAPS, "Secret": SECRETS}


@dataclass
class Outcome:
    """What became of a recorded pod."""

    pod: Object
    events: list[list[Any]]
    logs: dict[str, str]


@dataclass
class _Watch:
    """The latest state of each namespace's pod."""

    latest: dict[str, Object] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set, and replaced, whenever there is something new."""

    def hear(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.resource is PODS:
                namespace = change.object["metadata"]["namespace"]
                self.latest[namespace] = change.object
                if change.type.value == "DELETED":
                    self.gone.add(namespace)
        news, self.news = self.news, asyncio.Event()
        news.set()


async def run_all(entries: Iterable[Mapping[str, Any]], state: Path) -> dict[str, Outcome]:
    """Run the entries' pods, each in a namespace of its own, on one control plane."""
    plane = ControlPlane.open(state)
    await plane.start()
    watch = _Watch()
    plane.store.subscribe(watch.hear)
    try:
        pairs = [(entry["name"], _run(plane, watch, entry)) for entry in entries]
        outcomes = await asyncio.gather(*(run for _, run in pairs))
    finally:
        await plane.stop()
    return dict(zip((name for name, _ in pairs), outcomes, strict=True))


async def _run(plane: ControlPlane, watch: _Watch, entry: Mapping[str, Any]) -> Outcome:
    namespace = f"rec-{entry['name']}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    plane.registry.create(NAMESPACES, "", body)
    for obj in entry["objects"]:
        plane.registry.create(_KINDS[obj["kind"]], namespace, obj)
    plane.registry.create(PODS, namespace, entry["pod"])
    if entry["act"]:
        await _until(watch, namespace, "running")
        await asyncio.sleep(ACTS_AFTER)
        _act(plane, namespace, entry["act"])
    await _until(watch, namespace, entry["until"])
    pod = watch.latest[namespace]
    return Outcome(pod, _events(plane, namespace), _logs(plane, pod))


def _act(plane: ControlPlane, namespace: str, act: str) -> None:
    if act == "delete":
        plane.registry.delete(PODS, namespace, "p", DeleteOptions())
    else:
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
        plane.registry.evict(namespace, "p", eviction)


async def _until(watch: _Watch, namespace: str, what: str) -> None:
    if what.startswith("t="):
        await asyncio.sleep(float(what.removeprefix("t=")))
        return
    async with asyncio.timeout(PATIENCE):
        while not _is(what, watch, namespace):
            await watch.news.wait()


def _is(what: str, watch: _Watch, namespace: str) -> bool:
    pod = watch.latest.get(namespace)
    if pod is None:
        return False
    status = pod["status"]
    states = [c["state"] for c in status.get("containerStatuses", ())]
    reasons = [state["waiting"].get("reason") for state in states if "waiting" in state]
    ready = [c["status"] for c in status.get("conditions", ()) if c["type"] == "Ready"]
    return {
        "running": any("running" in state for state in states),
        "done": status["phase"] in ("Succeeded", "Failed"),
        "gone": namespace in watch.gone,
        "ready": ready == ["True"],
        "waiting": any(r not in ("ContainerCreating", "PodInitializing") for r in reasons),
        "crashloop": "CrashLoopBackOff" in reasons,
        "restarts": any(c["restartCount"] for c in status.get("containerStatuses", ())),
    }[what]


def _events(plane: ControlPlane, namespace: str) -> list[list[Any]]:
    found = [
        [
            event["type"],
            event["reason"],
            event["message"],
            event["source"]["component"],
            event["involvedObject"].get("fieldPath"),
        ]
        for event in plane.store.list(EVENTS, namespace)
    ]
    return sorted(found, key=str)


def _logs(plane: ControlPlane, pod: Object) -> dict[str, str]:
    """The logs of the last attempts, as far as there are any; they go with their pod."""
    if plane.store.by_uid(pod["metadata"]["uid"]) is None:
        return {}
    logs = {}
    for status in pod["status"].get("containerStatuses", ()):
        pattern = f"*/*_{pod['metadata']['uid']}/p_{status['name']}_{status['restartCount']}.log"
        files = list((plane.state / "logs").glob(pattern))
        lines = files[0].read_text(encoding="utf-8").splitlines() if files else []
        logs[status["name"]] = "".join(_line(*line.split(" ", 3)[2:]) for line in lines)
    return logs


def _line(tag: str, text: str) -> str:
    return text + ("\n" if tag == "F" else "")


def normal(text: str, pod: Object, node: str) -> str:
    """A text with what differs at every run replaced, as in the recordings."""
    meta = pod["metadata"]
    for found, name in ((meta["uid"], "<uid>"), (meta["namespace"], "NS"), (node, "<node>")):
        text = text.replace(found, name)
    # A shell's own complaints are its own, and other tools have other words for the same; a group
    # without a name is shown by its number.
    text = re.sub(r"(?m)^sh: .*$", "sh: <complaint>", text)
    text = re.sub(r"(\w+): can(?:no|')t \w+ '([^']*)':", r"\1: \2:", text)
    text = re.sub(r"\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+", "..<stamp>", text)
    return text.replace(" root root ", " root 0 ")
