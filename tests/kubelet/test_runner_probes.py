"""Probes as pods see them: a kubelet on a virtual clock, commands that answer as told."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from tests.kubelet.fake_runtime import Behaviour, Deed, Reaction
from tests.kubelet.kubelet_harness import KubeletHarness
from tests.kubelet.test_runner import BEHAVIOURS, spec

READY = ("Ready", "ContainersReady")


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[KubeletHarness]:
    stubborn = Behaviour(duration=None, traps={signal.SIGTERM: Reaction(exit_code=0, after=3.0)})
    harness = KubeletHarness(tmp_path, {**BEHAVIOURS, "stubborn": stubborn})
    yield harness
    harness.runtime.check()


def probe(command: str = "check", **more: Any) -> Object:
    return {"exec": {"command": [command]}, "periodSeconds": 1, "failureThreshold": 2, **more}


def with_probes(*commands: str, policy: str = "Never", **probes: Object) -> Object:
    made = spec(*commands, policy=policy)
    made["containers"][0] |= {f"{kind}Probe": one for kind, one in probes.items()}
    return made


def answers(kubelet: KubeletHarness, command: str = "check", **deed: Any) -> None:
    kubelet.runtime.deeds[(command,)] = Deed(**deed)


def conditions(kubelet: KubeletHarness) -> dict[str, tuple[str, str | None, str | None]]:
    return {
        c["type"]: (c["status"], c.get("reason"), c.get("message"))
        for c in kubelet.pod()["status"]["conditions"]
        if c["type"] in READY
    }


def container(kubelet: KubeletHarness, index: int = 0) -> Object:
    found: Object = kubelet.pod()["status"]["containerStatuses"][index]
    return found


def test_a_pod_is_ready_once_its_probe_says_so(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1, output="not yet")
    kubelet.create(with_probes("sleeps", readiness=probe()))
    kubelet.run(3)
    unready = ("False", "ContainersNotReady", "containers with unready status: [sleeps]")
    assert conditions(kubelet) == dict.fromkeys(READY, unready)
    assert (container(kubelet)["ready"], container(kubelet)["started"]) == (False, True)
    assert ("Unhealthy", "Readiness probe failed: not yet") in kubelet.events()
    answers(kubelet)
    kubelet.run(1)
    assert conditions(kubelet) == dict.fromkeys(READY, ("True", None, None))
    assert container(kubelet)["ready"]


def test_a_pod_without_news_is_not_written(kubelet: KubeletHarness) -> None:
    kubelet.create(with_probes("sleeps", readiness=probe(), liveness=probe()))
    kubelet.run(2)
    kubelet.writes.clear()
    kubelet.run(60)
    assert kubelet.writes == []
    assert len(kubelet.runtime.executed) > 100


def test_a_container_that_fails_its_liveness_probe_is_restarted(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1)
    kubelet.create(with_probes("polite", policy="OnFailure", liveness=probe()))
    kubelet.run(3)
    message = "Container polite failed liveness probe, will be restarted"
    assert ("Killing", message) in kubelet.events()
    assert container(kubelet)["restartCount"] == 1  # though it ended with exit code 0
    assert container(kubelet)["lastState"]["terminated"]["exitCode"] == 0
    assert kubelet.phase() == "Running"


def test_a_container_that_is_not_restarted_takes_its_pod_along(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1)
    kubelet.create(with_probes("sleeps", liveness=probe()))
    kubelet.run(10)
    assert ("Killing", "Stopping container sleeps") in kubelet.events()
    assert kubelet.phase() == "Failed"
    assert kubelet.state()["terminated"]["exitCode"] == 143


def test_another_that_still_works_is_left_alone(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1)
    kubelet.create(with_probes("sleeps", "polite", liveness=probe()))
    kubelet.run(10)
    assert ("Killing", "Container sleeps failed liveness probe") in kubelet.events()
    assert kubelet.phase() == "Running"
    assert "running" in kubelet.state(container=1)


@pytest.mark.parametrize(("grace", "killed_after"), [(None, 5.0), (2, 2.0)])
def test_the_probes_own_grace_period_counts(
    kubelet: KubeletHarness, grace: int | None, killed_after: float
) -> None:
    answers(kubelet, exit_code=1)
    more: Object = {} if grace is None else {"terminationGracePeriodSeconds": grace}
    kubelet.create(with_probes("deaf", policy="OnFailure", liveness=probe(**more)))
    kubelet.run_until(lambda: bool(kubelet.runtime.signals))
    told = kubelet.clock.now()
    kubelet.run_until(lambda: len(kubelet.runtime.signals) == 2)
    assert kubelet.clock.now() - told == killed_after


def test_the_others_wait_for_the_startup_probe(kubelet: KubeletHarness) -> None:
    answers(kubelet, "up", exit_code=1)
    late = probe("up", failureThreshold=100)
    kubelet.create(with_probes("sleeps", startup=late, readiness=probe(), liveness=probe()))
    kubelet.run(5)
    assert {command for _, _, command in kubelet.runtime.executed} == {("up",)}
    assert (container(kubelet)["ready"], container(kubelet)["started"]) == (False, False)
    answers(kubelet, "up")
    kubelet.run(1)
    assert (container(kubelet)["ready"], container(kubelet)["started"]) == (True, True)


def test_a_startup_probe_that_fails_has_the_container_killed(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1)
    kubelet.create(with_probes("sleeps", policy="Always", startup=probe()))
    kubelet.run(3)
    message = "Container sleeps failed startup probe, will be restarted"
    assert ("Killing", message) in kubelet.events()
    assert container(kubelet)["restartCount"] == 1


def test_the_next_container_waits_for_the_sidecars_startup_probe(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1)
    made = spec("ok")
    sidecar = {"name": "s", "image": "i", "command": ["sleeps"], "restartPolicy": "Always"}
    made["initContainers"] = [{**sidecar, "startupProbe": probe(failureThreshold=100)}]
    kubelet.create(made)
    kubelet.run(5)
    assert len(kubelet.started()) == 1
    assert kubelet.phase() == "Pending"
    (init,) = kubelet.pod()["status"]["initContainerStatuses"]
    assert (init["started"], init["ready"]) == (False, False)
    answers(kubelet)
    kubelet.run(8)
    assert kubelet.phase() == "Succeeded"


def test_a_sidecar_that_fails_its_liveness_probe_is_restarted(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=1)
    made = spec("sleeps")
    sidecar = {"name": "s", "image": "i", "command": ["polite"], "restartPolicy": "Always"}
    made["initContainers"] = [{**sidecar, "livenessProbe": probe()}]
    kubelet.create(made)
    kubelet.run(3)
    assert ("Killing", "Init container s failed liveness probe") in kubelet.events()
    (init,) = kubelet.pod()["status"]["initContainerStatuses"]
    assert init["restartCount"] == 1


def test_a_command_that_takes_too_long_has_failed(kubelet: KubeletHarness) -> None:
    answers(kubelet, after=None)
    kubelet.create(with_probes("sleeps", readiness=probe(timeoutSeconds=2)))
    kubelet.run(2)
    message = 'Readiness probe failed: command timed out: "check" timed out after 2s'
    assert ("Unhealthy", message) in kubelet.events()


def test_a_command_that_cannot_be_run_decides_nothing(kubelet: KubeletHarness) -> None:
    answers(kubelet, exit_code=None, output="no such thing")
    kubelet.create(with_probes("sleeps", liveness=probe()))
    kubelet.run(10)
    message = (
        "Liveness probe errored and resulted in unknown state: "
        "failed to exec in container: no such thing"
    )
    assert kubelet.events()[-1] == ("Unhealthy", message)
    assert kubelet.phase() == "Running"


def test_liveness_is_not_asked_while_the_pod_ends(kubelet: KubeletHarness) -> None:
    made = with_probes("stubborn", liveness=probe("alive"), readiness=probe("ready"))
    kubelet.create(made)
    kubelet.run(2.5)
    kubelet.registry.delete(PODS, "ns", "p")
    told = len(kubelet.runtime.executed)
    kubelet.run(2)
    assert {command for _, _, command in kubelet.runtime.executed[told:]} == {("ready",)}


def test_a_daemon_that_comes_back_takes_a_ready_pod_as_ready(kubelet: KubeletHarness) -> None:
    kubelet.create(with_probes("sleeps", readiness=probe(), startup=probe("up")))
    kubelet.run(3)
    assert container(kubelet)["ready"]
    kubelet.writes.clear()
    kubelet.restart()
    kubelet.run(5)
    assert container(kubelet)["ready"]
    assert ("up",) not in {command for _, _, command in kubelet.runtime.executed[5:]}
