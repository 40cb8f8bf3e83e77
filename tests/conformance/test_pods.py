"""The kubelet against recordings of a real one: statuses, events and logs of pods."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from localjobs.api.objects import Object
from tests.conformance.pod_recording import RECORDINGS, Outcome, normal, run_all

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the recorded pods ran as root")


LEFT_BEHIND = ("/tmp/ok", "/tmp/x", "/w")
"""What recorded pods make in their containers, and here on the machine."""
HTTPD = f"""#!/bin/sh
while getopts p:h: option; do case $option in p) port=$OPTARG;; h) home=$OPTARG;; esac; done
{sys.executable} -m http.server --bind 127.0.0.1 --directory $home $port >/dev/null 2>&1 &
"""


def discard_what_is_left() -> None:
    for path in map(Path, LEFT_BEHIND):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    state: Path = tmp_path_factory.mktemp("state")
    tools = tmp_path_factory.mktemp("tools")
    (tools / "httpd").write_text(HTTPD)  # the recorded image has one
    (tools / "httpd").chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LANG", "TMPDIR"):  # passed on if they are there, and they were not
            patch.delenv(name, raising=False)
        patch.setenv("PATH", f"{os.environ['PATH']}:{tools}")
        discard_what_is_left()
        found = asyncio.run(run_all(RECORDINGS, state))
        discard_what_is_left()
    return found


def entries() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("entry", RECORDINGS, ids=[entry["name"] for entry in RECORDINGS])


@entries()
def test_status(entry: Mapping[str, Any], outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[entry["name"]]
    found, expected = seen(outcome.pod), entry["expect"]["pod"]
    if shell_complains(entry):
        found, expected = lenient(found), lenient(expected)
    assert found == expected


@entries()
def test_events(entry: Mapping[str, Any], outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[entry["name"]]
    if entry["expect"]["events"] is None:
        return  # they were not recorded: they depend on how fast the server came up
    node = node_of(outcome)
    found = [
        [type_, reason, normal(message, outcome.pod, node), component, path]
        for type_, reason, message, component, path in outcome.events
    ]
    expected = [
        [*e[:2], normal(e[2], outcome.pod, node), *e[3:]] for e in entry["expect"]["events"]
    ]
    if ["Warning", "Failed", "Error: <why>"] in [e[:3] for e in expected]:
        found = [[*e[:2], "Error: <why>", *e[3:]] if e[1] == "Failed" else e for e in found]
    assert sorted(found, key=str) == sorted(expected, key=str)


@entries()
def test_logs(entry: Mapping[str, Any], outcomes: dict[str, Outcome]) -> None:
    outcome = outcomes[entry["name"]]
    node = node_of(outcome)
    for name, (code, text) in (entry["expect"]["logs"] or {}).items():
        if code == 200:
            found = normal(outcome.logs[name], outcome.pod, node)
            assert found == normal(text, outcome.pod, node)


def node_of(outcome: Outcome) -> str:
    return str(outcome.pod["spec"].get("nodeName") or "no node")


def seen(pod: Object) -> Object:
    """A pod as the recordings show it."""
    status = pod["status"]
    return {
        "phase": status["phase"],
        "reason": status.get("reason"),
        "message": status.get("message"),
        "qosClass": status.get("qosClass"),
        "deleting": "deletionTimestamp" in pod["metadata"],
        "conditions": [
            [c["type"], c["status"], c.get("reason"), c.get("message")]
            for c in status["conditions"]
        ],
        "containers": [container(c, pod) for c in status.get("containerStatuses", ())],
        "init": [container(c, pod) for c in status.get("initContainerStatuses", ())],
    }


def container(status: Object, pod: Object) -> Object:
    shown = {key: status[key] for key in ("name", "ready", "restartCount", "started")}
    last = state(status["lastState"], pod)
    return {**shown, "state": state(status["state"], pod), "lastState": last}


def state(shown: Object, pod: Object) -> Object:
    return {kind: details(value, pod) for kind, value in shown.items()}


def details(value: Object, pod: Object) -> Object:
    kept: Object = {key: value[key] for key in ("exitCode", "reason") if key in value}
    if "message" in value:
        is_runtimes_own = value.get("reason") == "StartError"
        kept["message"] = "<why>" if is_runtimes_own else normal(value["message"], pod, "?")
    times = sorted(key for key in ("startedAt", "finishedAt") if value.get(key))
    return {**kept, "times": times}


def shell_complains(entry: Mapping[str, Any]) -> bool:
    """Whether the recorded shell refused something in its own way, and with its own exit code."""
    logs = entry["expect"]["logs"] or {}
    return any(text.startswith("sh: ") for _, text in logs.values())


def lenient(shown: Object) -> Object:
    """With exit codes told apart only by success and failure."""

    def masked(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: bool(v) if k == "exitCode" else masked(v) for k, v in value.items()}
        return [masked(item) for item in value] if isinstance(value, list) else value

    result: Object = masked(shown)
    return result
