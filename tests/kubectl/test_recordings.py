"""The commands recorded against a real cluster print here what they printed there."""

import json
import time
from pathlib import Path
from typing import Any

from tests.kubectl.client import Kubectl, Result
from tests.kubectl.masking import mask, reduce

FILE = Path(__file__).parents[1] / "conformance" / "kubectl.json"
STEPS: list[dict[str, Any]] = json.loads(FILE.read_text())
STDIN = {step["name"]: step["stdin"] for step in STEPS}
READERS = ("get", "describe", "logs")
PATIENCE_SECONDS = 20.0

# Some steps are not in the recording; these do what later ones find done.
LEFT_OUT = {
    "server-side": (("replace", "--force", "-f", "-"), STDIN["apply sus"]),
    "delete all": (("delete", "job", "pol"), ""),
}


class Replay:
    """The recorded commands on a served directory, and where they print something else."""

    def __init__(self, kubectl: Kubectl) -> None:
        self.kubectl = kubectl
        self.node = kubectl("get", "nodes", "-o", "name").removeprefix("node/")
        self.differences: list[tuple[str, Result, Result]] = []

    def run(self, step: dict[str, Any], *, patient: bool) -> None:
        """Run a step; a `patient` one is repeated until it shows what it should."""
        expected = Result(step["rc"], self.masked(step["stdout"]), self.masked(step["stderr"]))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (found := self.outcome(step)) != expected:
            if not patient or step["args"][0] not in READERS or time.monotonic() > deadline:
                self.differences.append((step["name"], found, expected))
                return

    def outcome(self, step: dict[str, Any]) -> Result:
        """What a step came to, masked and reduced as it was recorded."""
        result = self.kubectl.run(*step["args"], stdin=step["stdin"] or "")
        out = self.masked(reduce(step["args"], result.out))
        return Result(result.code, out, self.masked(result.err))

    def masked(self, text: str) -> str:
        return mask(text, node=self.node, namespace=self.kubectl.namespace)


def test_recorded_commands_print_what_they_printed(recording_kubectl: Kubectl) -> None:
    replay = Replay(recording_kubectl)
    waited = False
    for step in STEPS:
        if step["name"] in LEFT_OUT:
            words, stdin = LEFT_OUT[step["name"]]
            recording_kubectl(*words, stdin=stdin or "")
        replay.run(step, patient=waited)
        waited = step["wait"] > 0
    assert replay.differences == []
