from pathlib import Path
from typing import Any

import pytest

from localjobs.api.resources import CONFIGMAPS
from tests.kubelet.fake_runtime import Behaviour
from tests.kubelet.kubelet_harness import KubeletHarness

BEHAVIOURS = {
    "ok": Behaviour(duration=1.0),
    "fails": Behaviour(exit_code=1, duration=1.0),
    "sleeps": Behaviour(duration=None),
}


@pytest.fixture
def kubelet(tmp_path: Path) -> KubeletHarness:
    return KubeletHarness(tmp_path, BEHAVIOURS)


def spec(command: str, volume: dict[str, Any], **more: Any) -> dict[str, Any]:
    mount = {"name": "v", "mountPath": "/v"}
    container = {"name": "c", "image": "x", "command": [command], "volumeMounts": [mount], **more}
    volumes = [{"name": "v", **volume}]
    return {"restartPolicy": "OnFailure", "containers": [container], "volumes": volumes}


def conditions(kubelet: KubeletHarness) -> dict[str, str]:
    return {c["type"]: c["status"] for c in kubelet.pod()["status"]["conditions"]}


def test_a_volume_lasts_as_long_as_the_pod(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("fails", {"emptyDir": {}}))
    kubelet.run(3)
    first, second = (start.mounts for start in kubelet.runtime.starts)
    assert first == second
    source = Path(first[0].source)
    assert source.is_dir()
    kubelet.runtime.script = lambda start: BEHAVIOURS["ok"]
    kubelet.run(60)
    assert kubelet.phase() == "Succeeded"
    assert not source.exists()


def test_a_pod_waits_for_what_its_volumes_are_made_of(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok", {"configMap": {"name": "cm"}}))
    kubelet.run(25)
    assert kubelet.state() == {"waiting": {"reason": "ContainerCreating"}}
    assert conditions(kubelet)["PodReadyToStartContainers"] == "False"
    assert "podIP" not in kubelet.pod()["status"]
    why = 'MountVolume.SetUp failed for volume "v" : configmap "cm" not found'
    assert kubelet.events()[1:] == [("FailedMount", why)]
    kubelet.config_map("cm", a="1")
    kubelet.run(0)
    (start,) = kubelet.runtime.starts
    assert (Path(start.mounts[0].source) / "a").read_text() == "1"
    assert start.mounts[0].read_only
    assert conditions(kubelet)["PodReadyToStartContainers"] == "True"
    kubelet.run(5)
    assert kubelet.phase() == "Succeeded"


def test_a_running_pod_sees_changes(kubelet: KubeletHarness) -> None:
    kubelet.config_map("cm", a="1")
    kubelet.create(spec("sleeps", {"configMap": {"name": "cm"}}))
    kubelet.run(1)
    found = kubelet.store.get(CONFIGMAPS, "ns", "cm")
    assert found is not None
    kubelet.store.replace(CONFIGMAPS, {**found, "data": {"a": "2"}})
    kubelet.run(1)
    (start,) = kubelet.runtime.starts
    assert (Path(start.mounts[0].source) / "a").read_text() == "2"


def test_a_restart_after_a_restart_of_the_daemon_waits_for_its_volumes_too(
    kubelet: KubeletHarness,
) -> None:
    kubelet.config_map("cm", a="1")
    kubelet.create(spec("fails", {"configMap": {"name": "cm"}}))
    kubelet.run(2.5)
    kubelet.kubelet._unsubscribe()
    kubelet.store.remove(CONFIGMAPS, "ns", "cm")
    kubelet.boot(kubelet.store)
    kubelet.run(30)
    starts = len(kubelet.runtime.starts)
    assert "FailedMount" in kubelet.reasons()
    kubelet.config_map("cm", a="1")
    kubelet.run(30)
    assert len(kubelet.runtime.starts) > starts
    kubelet.runtime.check()


def test_a_working_directory_may_be_in_a_volume(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok", {"emptyDir": {}}, workingDir="/v/sub"))
    kubelet.run(0)
    (start,) = kubelet.runtime.starts
    assert start.working_directory == "/v/sub"
    assert (Path(start.mounts[0].source) / "sub").is_dir()


def test_volumes_need_private_views(tmp_path: Path) -> None:
    kubelet = KubeletHarness(tmp_path, BEHAVIOURS)
    kubelet.runtime.supports_mounts = False
    kubelet.kubelet._unsubscribe()
    kubelet.boot(kubelet.store)
    kubelet.create(spec("ok", {"emptyDir": {}}))
    kubelet.run(1)
    assert kubelet.pod()["status"]["reason"] == "Unsupported"
    assert "private mount namespaces" in kubelet.pod()["status"]["message"]
