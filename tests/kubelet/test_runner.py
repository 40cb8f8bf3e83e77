import asyncio
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from localjobs.admission.deletion import DeleteOptions
from localjobs.api import objects
from localjobs.api.job import TRACKING_FINALIZER
from localjobs.api.objects import Object
from localjobs.api.resources import JOBS, NODES, PODS
from localjobs.kubelet import directories
from localjobs.kubelet.image import ImageMeaning
from localjobs.store.changes import Change, ChangeType
from localjobs.store.store import Store
from tests.kubelet.fake_runtime import IGNORES, Behaviour, Reaction
from tests.kubelet.kubelet_harness import KubeletHarness
from tests.kubelet.simulation import container

BEHAVIOURS = {
    "ok": Behaviour(duration=1.0),
    "fails": Behaviour(exit_code=3, duration=1.0),
    "missing": Behaviour(start_error='exec: "missing": executable file not found in $PATH'),
    "sleeps": Behaviour(duration=None),
    "deaf": Behaviour(duration=None, traps={signal.SIGTERM: IGNORES}),
    "polite": Behaviour(duration=None, traps={signal.SIGTERM: Reaction(exit_code=0, after=1.0)}),
    "at once": Behaviour(),
    "says": Behaviour(exit_code=2, output="last words\n"),
}


def spec(*commands: str, policy: str = "Never", **more: Any) -> Object:
    containers = [container(name, command=[name]) for name in commands]
    for made in containers:
        made["name"] = made["name"].replace(" ", "-")
    return {
        "restartPolicy": policy,
        "containers": containers,
        "terminationGracePeriodSeconds": 5,
        **more,
    }


@pytest.fixture
def kubelet(tmp_path: Path) -> Iterator[KubeletHarness]:
    harness = KubeletHarness(tmp_path, BEHAVIOURS)
    yield harness
    harness.runtime.check()


def test_a_pod_is_given_the_node_runs_and_succeeds(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok"))
    kubelet.run(5)
    pod = kubelet.pod()
    assert pod["spec"]["nodeName"] == "n1"
    assert pod["status"]["phase"] == "Succeeded"
    assert pod["status"]["qosClass"] == "BestEffort"
    assert kubelet.events() == [
        ("Scheduled", "Successfully assigned ns/p to n1"),
        (
            "Pulled",
            'Container image "busybox" already present on machine and can be accessed by the pod',
        ),
        ("Created", "Container created"),
        ("Started", "Container started"),
    ]
    assert kubelet.runtime.known == []
    assert kubelet.kubelet.active == 0


def test_a_pods_life_is_three_writes_and_a_short_ones_two(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok"), "long")
    kubelet.create(spec("at once"), "short")
    kubelet.run(5)
    writes = [objects.name(w.object) for w in kubelet.writes if w.type is ChangeType.MODIFIED]
    assert sorted(writes) == ["long"] * 3 + ["short"] * 2


def test_nothing_starts_before_its_status_is_committed(kubelet: KubeletHarness) -> None:
    seen: list[tuple[str, list[str]]] = []

    def look(changes: Sequence[Change]) -> None:
        node = kubelet.pod()["spec"].get("nodeName", "none")
        seen.append((node, kubelet.started()))

    kubelet.create(spec("ok"))
    unsubscribe = kubelet.store.subscribe(look, before_commit=True)
    kubelet.store.flush()
    unsubscribe()
    assert seen[0] == ("n1", [])  # it was given its node, which is not committed yet
    assert kubelet.started() == ["uid-1_ok_0"]


@pytest.mark.parametrize(
    ("command", "code", "reason"), [("fails", 3, "Error"), ("missing", 128, "StartError")]
)
def test_failures(kubelet: KubeletHarness, command: str, code: int, reason: str) -> None:
    kubelet.create(spec(command))
    kubelet.run(5)
    assert kubelet.phase() == "Failed"
    ended = kubelet.state()["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (code, reason)
    if command == "missing":
        assert kubelet.events()[-1] == ("Failed", f"Error: {ended['message']}")


def test_what_is_missing_is_waited_for(kubelet: KubeletHarness) -> None:
    made = spec("ok")
    reference = {"configMapKeyRef": {"name": "cm", "key": "a"}}
    made["containers"][0]["env"] = [{"name": "X", "valueFrom": reference}]
    kubelet.create(made)
    kubelet.run(15)
    assert kubelet.phase() == "Pending"
    assert kubelet.state()["waiting"] == {
        "reason": "CreateContainerConfigError",
        "message": 'configmap "cm" not found',
    }
    assert kubelet.events()[-1] == ("Failed", 'Error: configmap "cm" not found')
    kubelet.config_map("cm", a="1")
    kubelet.run(0)
    assert kubelet.runtime.starts[0].environment["X"] == "1"
    kubelet.run(5)
    assert kubelet.phase() == "Succeeded"


def test_a_container_that_may_not_be_root_waits_where_all_are(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok", securityContext={"runAsNonRoot": True}))
    kubelet.run(1)
    assert kubelet.state()["waiting"]["message"] == (
        'container has runAsNonRoot and image will run as root (pod: "p_ns(uid-1)", container: ok)'
    )


def test_users_are_passed_on(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok", securityContext={"runAsUser": 1000, "runAsGroup": 2000}))
    kubelet.run(1)
    (start,) = kubelet.runtime.starts
    assert (start.user, start.group) == (1000, 2000)


def test_a_working_directory_that_is_not_there_is_waited_for(
    kubelet: KubeletHarness, tmp_path: Path
) -> None:
    made = spec("ok")
    made["containers"][0]["workingDir"] = str(tmp_path / "later")
    kubelet.create(made)
    kubelet.run(1)
    assert kubelet.state()["waiting"]["reason"] == "CreateContainerError"
    (tmp_path / "later").mkdir()
    kubelet.run(12)
    assert kubelet.phase() == "Succeeded"


def test_an_image_that_means_nothing_fails_and_names_the_setting(kubelet: KubeletHarness) -> None:
    made = spec("ok")
    made["containers"] = [{"name": "c", "image": "example.com/mine:1"}]
    kubelet.create(made)
    kubelet.run(1)
    assert kubelet.phase() == "Failed"
    assert "[[images]] of localjobs.toml" in kubelet.state()["terminated"]["message"]
    assert kubelet.started() == []


def test_images_bring_words_and_environment(tmp_path: Path) -> None:
    mine = ImageMeaning(
        "mine", args=("ok",), env=(("A", "image"), ("B", "image")), path=("/opt/mine",)
    )
    harness = KubeletHarness(tmp_path, BEHAVIOURS, images=[mine])
    made = spec("ok")
    made["containers"] = [{"name": "c", "image": "mine:2", "env": [{"name": "A", "value": "own"}]}]
    harness.create(made)
    harness.run(5)
    (start,) = harness.runtime.starts
    assert start.command == ("ok",)
    assert start.environment == {
        "PATH": "/opt/mine:/bin",
        "HOME": "/root",
        "HOSTNAME": "p",
        "A": "own",
        "B": "image",
    }


@pytest.mark.parametrize(
    "demand",
    [
        {"livenessProbe": {"grpc": {"port": 8080}}},
        {"volumeDevices": [{"name": "v", "devicePath": "/dev/v"}]},
    ],
)
def test_what_cannot_be_given_is_refused(kubelet: KubeletHarness, demand: Object) -> None:
    made = spec("ok")
    made["containers"][0] |= demand
    kubelet.create(made)
    kubelet.run(1)
    assert kubelet.phase() == "Failed"
    status = kubelet.pod()["status"]
    assert status["reason"] == "Unsupported"
    assert status["message"].startswith("Pod was rejected: ")
    assert kubelet.reasons() == ["Scheduled", "Unsupported"]
    assert kubelet.started() == []


def test_another_user_needs_root(tmp_path: Path) -> None:
    harness = KubeletHarness(tmp_path, BEHAVIOURS, user=1000)
    harness.create(spec("ok", securityContext={"runAsUser": 1000}), "own")
    harness.create(spec("ok", securityContext={"runAsUser": 7}), "other")
    harness.run(5)
    assert harness.phase("own") == "Succeeded"
    assert harness.pod("other")["status"]["reason"] == "Unsupported"


def test_what_does_not_fit_waits_for_room(tmp_path: Path) -> None:
    harness = KubeletHarness(tmp_path, BEHAVIOURS, max_pods=2)
    for index in range(5):
        harness.create(spec("ok"), f"p{index}")
    harness.settle()
    assert len(harness.runtime.running) == 2
    condition = harness.pod("p4")["status"]["conditions"][0]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "Unschedulable")
    assert "1 Too many pods" in condition["message"]
    assert harness.reasons("p4") == ["FailedScheduling"]
    harness.run(10)
    assert [harness.phase(f"p{index}") for index in range(5)] == ["Succeeded"] * 5
    order = [start.split("_")[0] for start in harness.started()]
    assert order == [f"uid-{index}" for index in range(1, 6)]
    conditions = harness.pod("p4")["status"]["conditions"]
    assert [c["status"] for c in conditions if c["type"] == "PodScheduled"] == ["True"]


def test_a_gated_pod_waits_for_its_gates(kubelet: KubeletHarness) -> None:
    pod = kubelet.create(spec("ok", schedulingGates=[{"name": "a.b/c"}]))
    kubelet.run(1)
    assert kubelet.events() == []
    assert kubelet.pod()["status"]["conditions"][0]["reason"] == "SchedulingGated"
    kubelet.store.replace(PODS, {**kubelet.pod(), "spec": spec("ok"), "metadata": pod["metadata"]})
    kubelet.run(5)
    assert kubelet.phase() == "Succeeded"


def test_an_unwanted_node_becomes_wanted_when_it_changes(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok", nodeSelector={"disk": "ssd"}))
    kubelet.run(1)
    assert kubelet.reasons() == ["FailedScheduling"]
    node = kubelet.store.get(NODES, "", "n1")
    assert node is not None
    labels = {**node["metadata"]["labels"], "disk": "ssd"}
    kubelet.store.replace(NODES, objects.with_metadata(node, labels=labels))
    kubelet.run(5)
    assert kubelet.phase() == "Succeeded"


def test_deletion_is_polite_then_firm_then_done(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("polite"), "polite")
    kubelet.create(spec("deaf"), "deaf")
    kubelet.run(1)
    for name in ("polite", "deaf"):
        kubelet.registry.delete(PODS, "ns", name, DeleteOptions())
    kubelet.run(2)
    assert kubelet.find("polite") is None
    assert kubelet.find("deaf") is not None
    kubelet.run(5)
    assert kubelet.find("deaf") is None
    last = {w.object["metadata"]["name"]: w.object for w in kubelet.writes}
    assert last["polite"]["status"]["phase"] == "Succeeded"
    assert last["deaf"]["status"]["phase"] == "Failed"
    assert kubelet.reasons("deaf")[-1] == "Killing"
    assert kubelet.runtime.known == []


def test_a_deleted_pod_waits_for_its_finalizers(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("sleeps"), finalizers=[TRACKING_FINALIZER])
    kubelet.run(1)
    kubelet.registry.delete(PODS, "ns", "p", DeleteOptions())
    kubelet.run(1)
    assert kubelet.phase() == "Failed"
    assert kubelet.runtime.known == []
    kubelet.registry.put(PODS, objects.with_metadata(kubelet.pod(), finalizers=None))
    kubelet.run(0)
    assert kubelet.find() is None


def test_what_runs_of_a_pod_deleted_by_force_is_ended(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("deaf"))
    kubelet.run(1)
    kubelet.registry.delete(PODS, "ns", "p", DeleteOptions(grace_period_seconds=0))
    kubelet.run(0)
    assert kubelet.find() is None
    kubelet.run(3)
    assert kubelet.runtime.signals == [("uid-1_deaf_0", 15), ("uid-1_deaf_0", 9)]
    assert kubelet.runtime.known == []
    assert kubelet.kubelet.active == 0


def test_a_pod_deleted_before_it_starts_never_does(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("ok"))

    def delete_once_bound(changes: Sequence[Change]) -> None:
        if kubelet.find() is not None and not objects.is_deleting(kubelet.pod()):
            kubelet.registry.delete(PODS, "ns", "p", DeleteOptions())

    kubelet.store.subscribe(delete_once_bound, before_commit=True)
    kubelet.run(60)
    assert kubelet.started() == []
    assert kubelet.find() is None


def test_the_last_words_become_the_message(kubelet: KubeletHarness, tmp_path: Path) -> None:
    falls_back = spec("says")
    falls_back["containers"][0]["terminationMessagePolicy"] = "FallbackToLogsOnError"
    kubelet.create(falls_back, "log")
    writes = spec("says")
    writes["containers"][0]["args"] = ["> /dev/termination-log"]
    kubelet.create(writes, "file")
    kubelet.settle()
    assert kubelet.state("log")["terminated"]["message"] == "last words\n"
    (start,) = (s for s in kubelet.runtime.starts if s.mounts)
    assert start.mounts[0].target == "/dev/termination-log"


def test_a_message_file_is_read(kubelet: KubeletHarness) -> None:
    made = spec("ok")
    made["containers"][0]["terminationMessagePath"] = "/my/message"
    kubelet.create(made)
    kubelet.settle()
    (mount,) = kubelet.runtime.starts[0].mounts
    Path(mount.source).write_text("x" * 5000, encoding="utf-8")
    kubelet.run(5)
    assert kubelet.state()["terminated"]["message"] == "x" * 4096
    assert not Path(mount.source).exists()


def test_logs_go_with_the_job(kubelet: KubeletHarness, tmp_path: Path) -> None:
    kubelet.insert(JOBS, "j", apiVersion="batch/v1", kind="Job")
    job = kubelet.store.get(JOBS, "ns", "j")
    assert job is not None
    owner = {"name": "j", "uid": objects.uid(job), "controller": True}
    kubelet.create(spec("says"), "owned", ownerReferences=[owner])
    kubelet.create(spec("says"), "bare")
    kubelet.run(1)
    logs = {s.container_id: Path(s.log_path) for s in kubelet.runtime.starts}
    assert all(log.exists() for log in logs.values())
    for name in ("owned", "bare"):
        kubelet.registry.delete(PODS, "ns", name, DeleteOptions())
    kubelet.run(1)
    assert [log.exists() for log in logs.values()] == [True, False]
    kubelet.store.remove(JOBS, "ns", "j")
    kubelet.run(1)
    assert not any(log.exists() for log in logs.values())


# -- a daemon that dies


def reborn(harness: KubeletHarness, path: str) -> None:
    """The daemon dies: what was not committed is gone. Another comes up."""
    harness.kubelet._unsubscribe()
    lock, harness.store._lock = harness.store._lock, None
    assert harness.store._database is not None
    harness.store._database.close()
    assert lock is not None
    lock.release()
    harness.boot(Store.open(path, clock=harness.clock))


@pytest.mark.parametrize("steps", range(12))
def test_a_daemon_may_die_at_any_step(tmp_path: Path, steps: int) -> None:
    path = str(tmp_path / "db")
    behaviours = {**BEHAVIOURS, "ok": Behaviour(duration=0.0)}
    harness = KubeletHarness(tmp_path, behaviours, store=Store.open(path))
    harness.create(spec("ok", "fails"), "both")
    harness.create(spec("ok", initContainers=[container("i", command=["ok"])]), "init")
    harness.store.flush()
    for _ in range(steps):
        # One commit or one batch of reports at a time, so that each is a place to die at.
        if harness.store._committer.pending:
            harness.store._committer._settle()
            harness.store._committer._commit()
            if steps % 2:
                break
            harness.store._committer._notify()
        else:
            harness.clock.advance(0)
    reborn(harness, path)
    harness.run(60)
    assert (harness.phase("both"), harness.phase("init")) == ("Failed", "Succeeded")
    assert sorted(harness.started()) == [
        "uid-1_fails_0",
        "uid-1_ok_0",
        "uid-2_i_0",
        "uid-2_ok_0",
    ]
    assert harness.runtime.known == []
    harness.runtime.check()
    harness.store.close()


def test_a_new_daemon_goes_on_with_back_off(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    harness = KubeletHarness(tmp_path, BEHAVIOURS, store=Store.open(path))
    harness.create(spec("fails", policy="OnFailure"))
    harness.run(20)
    reborn(harness, path)
    before = harness.started()
    harness.run(10)
    assert harness.started() == before
    harness.run(60)
    assert harness.started() == [f"uid-1_fails_{n}" for n in range(5)]
    harness.runtime.check()
    harness.store.close()


def test_processes_of_pods_that_are_gone_are_ended(tmp_path: Path) -> None:
    harness = KubeletHarness(tmp_path, BEHAVIOURS)
    harness.create(spec("sleeps"))
    harness.run(1)
    harness.kubelet._unsubscribe()
    harness.boot(Store.open(None, clock=harness.clock))
    harness.run(1)
    assert harness.runtime.known == []


def test_when_the_owner_of_the_processes_dies_the_pods_fail(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("sleeps", policy="OnFailure"))
    kubelet.run(1)
    kubelet.runtime.crash()
    kubelet.run(1)
    assert kubelet.phase() == "Failed"
    condition = kubelet.pod()["status"]["conditions"][0]
    assert (condition["type"], condition["reason"]) == ("DisruptionTarget", "DeletionByPodGC")
    assert kubelet.runtime.known == []


def test_what_the_runtime_does_not_know_any_more_is_lost(tmp_path: Path) -> None:
    harness = KubeletHarness(tmp_path, BEHAVIOURS)
    harness.create(spec("sleeps"))
    harness.run(1)
    harness.kubelet._unsubscribe()
    harness.runtime.kill("uid-1_sleeps_0")
    harness.runtime.forget("uid-1_sleeps_0")
    harness.boot(harness.store)
    harness.run(1)
    assert harness.phase() == "Failed"


# -- the end


async def test_a_graceful_stop_removes_pods_uncounted(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("polite"), "a", finalizers=[TRACKING_FINALIZER])
    kubelet.create(spec("deaf"), "b")
    kubelet.create(spec("ok"), "done", finalizers=[TRACKING_FINALIZER])
    kubelet.run(2)
    stopping = asyncio.ensure_future(kubelet.kubelet.stop(graceful=True))
    await asyncio.sleep(0)
    pod = kubelet.pod("a")
    assert objects.is_deleting(pod)
    assert objects.finalizers(pod) == []
    kubelet.create(spec("ok"), "late")
    kubelet.run(10)
    await stopping
    assert kubelet.find("a") is None
    assert kubelet.find("b") is None
    assert objects.finalizers(kubelet.pod("done")) == [TRACKING_FINALIZER]
    assert "nodeName" not in kubelet.pod("late")["spec"]


async def test_a_detached_stop_leaves_pods_running(kubelet: KubeletHarness) -> None:
    kubelet.create(spec("sleeps"))
    kubelet.run(1)
    await kubelet.kubelet.stop(graceful=False)
    kubelet.run(10)
    assert kubelet.runtime.signals == []
    assert kubelet.phase() == "Running"


def test_the_sweep_removes_what_nobody_owns(kubelet: KubeletHarness, tmp_path: Path) -> None:
    pod = kubelet.create(spec("sleeps"))
    kubelet.run(1)
    folders = [
        Path(directories.log_folder(str(tmp_path), pod["metadata"])),
        tmp_path / "logs" / "ns" / "old_uid-old",
        tmp_path / "pods" / "uid-old",
    ]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    kubelet.kubelet._unsubscribe()
    kubelet.boot(kubelet.store)
    assert [folder.exists() for folder in folders] == [True, False, False]


def test_a_pod_that_runs_into_a_defect_does_not_hold_up_the_others(
    kubelet: KubeletHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = kubelet.kubelet._shop
    prepare = shop.prepare
    defective = {"bad"}

    def failing(pod: Object, *rest: Any) -> Any:
        if objects.name(pod) in defective:
            raise RuntimeError("a defect")
        return prepare(pod, *rest)

    monkeypatch.setattr(shop, "prepare", failing)
    kubelet.create(spec("ok"), "bad")
    kubelet.create(spec("ok"), "good")
    kubelet.run(0.5)
    assert kubelet.phase("good") == "Running"
    defective.clear()
    kubelet.run(5)
    assert [kubelet.phase(name) for name in ("bad", "good")] == ["Succeeded"] * 2
