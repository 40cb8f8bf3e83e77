"""Recorded histories of Jobs on a real cluster, played again without processes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from localjobs.admission.deletion import DeleteOptions
from localjobs.api import objects
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, PODS
from tests.controller.world import NAMESPACE, World

RECORDINGS = Path(__file__).parent.parent / "conformance" / "scenarios.json"
SCENARIOS: list[dict[str, Any]] = json.loads(RECORDINGS.read_text())
TIMES = ("startTime", "completionTime")


class Play:
    """One scenario: its steps are taken as their conditions come to hold."""

    def __init__(self, scenario: dict[str, Any]) -> None:
        self.world = World()
        self.started = self.world.clock.now()
        self.last_job: Object = {}
        self.steps = list(scenario["steps"])
        self.end = scenario["end"]
        self.world.create_job(scenario["job"])

    def run(self) -> None:
        self.world.run_until(self._has_ended, 120)

    def _has_ended(self) -> bool:
        job = self.world.job()
        if job is not None and not objects.is_deleting(job):
            self.last_job = job
        while self.steps and self._holds(self.steps[0]["when"]):
            self._take(self.steps.pop(0)["do"])
        return not self.steps and self._holds(self.end)

    def _holds(self, condition: str) -> bool:
        gone = self.world.job() is None
        status = {} if gone else self.world.status()
        seconds = self.world.clock.now() - self.started
        if condition.startswith("t="):
            return seconds >= float(condition[2:])
        names = {
            **{key: status.get(key, 0) for key in ("active", "ready", "succeeded", "failed")},
            "t": seconds,
            "finished": not gone and self.world.is_finished(),
            "gone": gone,
            "suspended": any(
                each["type"] == "Suspended" and each["status"] == "True"
                for each in status.get("conditions", [])
            ),
        }
        return bool(eval(condition, {}, names))

    def _take(self, step: dict[str, Any]) -> None:
        world = self.world
        ((verb, what),) = step.items()
        if verb == "patch":
            world.change_spec(**what["spec"])
        elif verb == "touch":
            assert world.kubelet is not None
            world.kubelet.files.add(f"/data/{what}")
        elif verb == "delete":
            options = DeleteOptions(propagation_policy=what)
            world.registry.delete(JOBS, NAMESPACE, "j", options)
        elif verb == "delete_pod":
            world.registry.delete(PODS, NAMESPACE, world.names()[what])
        else:
            name = world.names()[what]
            eviction = {
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": name, "namespace": NAMESPACE},
            }
            world.registry.evict(NAMESPACE, name, eviction)
        world.store.flush()


def without_suffix(text: str) -> str:
    return re.sub(r"\bj((?:-\d+)?)-[a-z0-9]{5}\b", r"j\1-#####", text)


def without_times(status: Object) -> Object:
    kept = {key: value for key, value in status.items() if key not in TIMES}
    if "conditions" in kept:
        kept["conditions"] = [
            {
                key: without_suffix(value).replace(f"{NAMESPACE}/j", "NS/j")
                for key, value in condition.items()
                if not key.endswith("Time")
            }
            for condition in kept["conditions"]
        ]
    return kept


def told(events: list[Object], scenario: str) -> list[list[Any]]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for event in events:
        message = without_suffix(event["message"]).replace(f"{NAMESPACE}/j", f"s-{scenario}/j")
        counts[event["type"], event["reason"], message] += event["count"]
    return sorted([*key, count] for key, count in counts.items())


def made(pods: list[Object], left: dict[str, Object]) -> list[list[Any]]:
    kinds: Counter[tuple[str, str, str, bool]] = Counter()
    for seen in pods:
        pod = left.get(objects.name(seen), seen)
        annotations = json.dumps(objects.annotations(pod), sort_keys=True)
        labels = json.dumps(sorted(objects.labels(pod)))
        owned = bool(objects.metadata(pod).get("ownerReferences"))
        kinds[without_suffix(objects.name(pod)), annotations, labels, owned] += 1
    return [
        [name, json.loads(notes), json.loads(labels), owned, count]
        for (name, notes, labels, owned), count in sorted(kinds.items())
    ]


def in_order(pods: list[list[Any]]) -> list[list[Any]]:
    return sorted(pods, key=lambda pod: (pod[0], json.dumps(pod[1], sort_keys=True)))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_a_job_comes_out_as_on_a_cluster(scenario: dict[str, Any]) -> None:
    play, expected = Play(scenario), scenario["expect"]
    play.run()
    world = play.world
    if expected["gone"]:
        world.advance(5)
    left = {objects.name(pod): pod for pod in world.pods()}
    assert told(world.events(), scenario["name"]) == sorted(expected["events"])
    assert len(world.pods_seen) == expected["pods_created"]
    assert len(left) == expected["pods_left"]
    assert made(world.pods_seen, left) == in_order(expected["pods"])
    assert (world.job() is None) == expected["gone"]
    if "status" in expected:
        status = play.last_job.get("status") or {}
        assert without_times(status) == expected["status"]
        if "has" in expected:
            assert {key: key in status for key in TIMES} == expected["has"]
