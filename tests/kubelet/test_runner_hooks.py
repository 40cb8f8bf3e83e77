"""Lifecycle hooks as pods see them: a kubelet on a virtual clock."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.api.resources import PODS
from tests.kubelet.fake_runtime import Deed
from tests.kubelet.kubelet_harness import KubeletHarness
from tests.kubelet.test_runner import BEHAVIOURS, spec

HOOK = {"exec": {"command": ["hook"]}}


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[KubeletHarness]:
    harness = KubeletHarness(tmp_path, BEHAVIOURS)
    yield harness
    harness.runtime.check()


def hooked(*commands: str, policy: str = "Never", **hooks: Object) -> Object:
    made = spec(*commands, policy=policy)
    made["containers"][0]["lifecycle"] = hooks
    return made


def does(kubelet: KubeletHarness, **deed: Any) -> None:
    kubelet.runtime.deeds[("hook",)] = Deed(**deed)


def delete(kubelet: KubeletHarness) -> float:
    kubelet.registry.delete(PODS, "ns", "p")
    return kubelet.clock.now()


def test_a_container_does_not_run_before_its_hook_is_done(kubelet: KubeletHarness) -> None:
    does(kubelet, after=3.0)
    kubelet.create(hooked("sleeps", "ok", postStart=HOOK))
    kubelet.run(2)
    assert kubelet.state() == {"waiting": {"reason": "ContainerCreating"}}
    assert kubelet.reasons() == ["Scheduled", "Pulled", "Created", "Started"]
    assert len(kubelet.started()) == 1  # the next waits
    kubelet.run(1.5)
    assert "running" in kubelet.state()
    assert len(kubelet.started()) == 2


def test_a_hook_that_fails_ends_its_container(kubelet: KubeletHarness) -> None:
    does(kubelet, exit_code=1, output="secret")
    kubelet.create(hooked("polite", policy="OnFailure", postStart=HOOK))
    kubelet.run(5)
    events = kubelet.events()
    assert ("FailedPostStartHook", "PostStartHook failed") in events
    assert ("Killing", "FailedPostStartHook") in events
    assert "secret" not in str(events)
    assert kubelet.state()["terminated"]["exitCode"] == 0


def test_a_container_that_ends_during_its_hook_has_ended(kubelet: KubeletHarness) -> None:
    does(kubelet, after=None)
    kubelet.create(hooked("fails", postStart=HOOK))
    kubelet.run(5)
    assert kubelet.phase() == "Failed"
    end = kubelet.state()["terminated"]
    assert (end["exitCode"], end["startedAt"]) == (3, "2001-09-09T01:46:40Z")


def test_a_container_that_is_started_again_has_its_hook_again(kubelet: KubeletHarness) -> None:
    does(kubelet, after=0.5)
    kubelet.create(hooked("fails", policy="OnFailure", postStart=HOOK))
    kubelet.run(1.2)
    assert "terminated" in kubelet.state()  # the second attempt is not said to run yet
    kubelet.run(0.5)
    assert "running" in kubelet.state()
    kubelet.run(5)
    assert kubelet.runtime.forgotten == ["uid-1_fails_0", "uid-1_fails_1"]


def test_a_pod_can_be_deleted_while_its_hook_runs(kubelet: KubeletHarness) -> None:
    does(kubelet, after=None)
    kubelet.create(hooked("sleeps", postStart=HOOK))
    kubelet.run(2)
    delete(kubelet)
    kubelet.run(1)
    assert kubelet.find() is None
    assert kubelet.runtime.running == []


def test_a_daemon_that_comes_back_runs_the_hook_again(kubelet: KubeletHarness) -> None:
    does(kubelet, after=4.0)
    kubelet.create(hooked("sleeps", postStart=HOOK))
    kubelet.run(2)
    kubelet.restart()
    kubelet.run(5)
    assert "running" in kubelet.state()
    assert len(kubelet.runtime.executed) == 2
    assert len(kubelet.started()) == 1


def test_term_waits_for_the_hook(kubelet: KubeletHarness) -> None:
    does(kubelet, after=2.0)
    kubelet.create(hooked("polite", preStop=HOOK))
    kubelet.run(2)
    told = delete(kubelet)
    kubelet.run_until(lambda: bool(kubelet.runtime.signals))
    assert kubelet.clock.now() - told == 2.0
    kubelet.run(2)
    assert kubelet.find() is None
    assert "FailedPreStopHook" not in kubelet.reasons()


def test_a_hook_that_takes_too_long_costs_the_grace_period(kubelet: KubeletHarness) -> None:
    does(kubelet, after=None)
    kubelet.create(hooked("deaf", preStop=HOOK))
    kubelet.run(2)
    told = delete(kubelet)
    kubelet.run_until(lambda: len(kubelet.runtime.signals) == 1)
    assert kubelet.clock.now() - told == 5.0
    kubelet.run_until(lambda: len(kubelet.runtime.signals) == 2)
    assert kubelet.clock.now() - told == 7.0  # there is always a moment from TERM to KILL


def test_the_hook_is_part_of_the_grace_period(kubelet: KubeletHarness) -> None:
    does(kubelet, after=1.5, exit_code=1)
    kubelet.create(hooked("deaf", preStop=HOOK))
    kubelet.run(2)
    told = delete(kubelet)
    kubelet.run_until(lambda: len(kubelet.runtime.signals) == 2)
    assert kubelet.clock.now() - told == 5.5  # whole seconds are taken off
    assert ("FailedPreStopHook", "PreStopHook failed") in kubelet.events()


def test_a_container_that_ends_by_itself_has_no_last_hook(kubelet: KubeletHarness) -> None:
    kubelet.create(hooked("ok", preStop=HOOK))
    kubelet.run(5)
    assert kubelet.phase() == "Succeeded"
    assert kubelet.runtime.executed == []


def test_a_container_that_fails_its_probe_has_its_last_hook(kubelet: KubeletHarness) -> None:
    made = hooked("polite", policy="Always", preStop=HOOK)
    check = {"exec": {"command": ["check"]}, "periodSeconds": 1, "failureThreshold": 1}
    made["containers"][0]["livenessProbe"] = check
    kubelet.runtime.deeds[("check",)] = Deed(1)
    kubelet.create(made)
    kubelet.run(2)
    assert ("hook",) in {command for _, _, command in kubelet.runtime.executed}


def test_a_hook_may_just_wait(kubelet: KubeletHarness) -> None:
    kubelet.create(hooked("polite", preStop={"sleep": {"seconds": 3}}))
    kubelet.run(2)
    told = delete(kubelet)
    kubelet.run_until(lambda: bool(kubelet.runtime.signals))
    assert kubelet.clock.now() - told == 3.0


def test_a_hook_with_a_tcp_socket_fails(kubelet: KubeletHarness) -> None:
    kubelet.create(hooked("polite", postStart={"tcpSocket": {"port": 80}}))
    kubelet.run(5)
    assert "FailedPostStartHook" in kubelet.reasons()


def test_a_sidecars_hook_runs_at_once_and_its_term_comes_last(kubelet: KubeletHarness) -> None:
    made = spec("polite")
    sidecar = {"name": "s", "image": "i", "command": ["sleeps"], "restartPolicy": "Always"}
    made["initContainers"] = [{**sidecar, "lifecycle": {"preStop": HOOK}}]
    kubelet.create(made)
    kubelet.run(2)
    told = delete(kubelet)
    kubelet.run(0.5)
    assert [at - told for at, _, _ in kubelet.runtime.executed] == [0.0]
    assert len(kubelet.runtime.signals) == 1
    kubelet.run(2)
    assert kubelet.find() is None
