from typing import Any

import pytest

from localjobs.api.objects import Object
from localjobs.apiserver.tables import pod

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def a_pod(status: Object, **changes: Any) -> Object:
    spec = {"containers": [{"name": "c"}, {"name": "d"}]}
    return {"metadata": {"name": "p"}, "spec": spec, "status": status, **changes}


def ended(code: int, reason: str, name: str = "c") -> Object:
    return {"name": name, "state": {"terminated": {"exitCode": code, "reason": reason}}}


def running(name: str = "d") -> Object:
    return {"name": name, "ready": True, "state": {"running": {}}}


@pytest.mark.parametrize(
    ("containers", "reason"),
    [
        ([ended(0, "Completed"), ended(0, "Completed", "d")], "Completed"),
        ([ended(0, "Completed"), ended(4, "Error", "d")], "Error"),
        ([ended(0, "Completed"), running()], "NotReady"),
        ([{"name": "c", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}], "CrashLoopBackOff"),
        ([{"name": "c", "state": {"terminated": {"exitCode": 9, "signal": 9}}}], "Signal:9"),
        ([{"name": "c", "state": {"terminated": {"exitCode": 3}}}], "ExitCode:3"),
    ],
)
def test_the_status_is_the_most_telling_reason(containers: list[Object], reason: str) -> None:
    status = {"phase": "Running", "containerStatuses": containers}
    assert pod.row(a_pod(status), NOW).cells[2] == reason


def test_init_containers_come_first() -> None:
    spec = {"containers": [{"name": "c"}], "initContainers": [{"name": "i"}, {"name": "k"}]}
    waiting = {"name": "k", "state": {"waiting": {"reason": "PodInitializing"}}}
    status = {"phase": "Pending", "initContainerStatuses": [ended(0, "Completed", "i"), waiting]}
    assert pod.row(a_pod(status, spec=spec), NOW).cells[2] == "Init:1/2"
    status["initContainerStatuses"] = [ended(5, "Error", "i"), waiting]
    assert pod.row(a_pod(status, spec=spec), NOW).cells[2] == "Init:Error"


def test_a_pod_that_is_deleted_terminates() -> None:
    deleting = {"name": "p", "deletionTimestamp": "2023-11-14T22:13:20Z"}
    status = {"phase": "Running", "containerStatuses": [running()]}
    assert pod.row(a_pod(status, metadata=deleting), NOW).cells[1:3] == ("1/2", "Terminating")


def test_restarts_say_when_the_last_one_was() -> None:
    last = {"terminated": {"exitCode": 1, "finishedAt": "2023-11-14T22:12:20Z"}}
    container = {**running("c"), "restartCount": 3, "lastState": last}
    status = {"phase": "Running", "containerStatuses": [container]}
    assert pod.row(a_pod(status), NOW).cells[3] == "3 (60s ago)"


def test_finished_pods_are_greyed_out() -> None:
    assert pod.row(a_pod({"phase": "Failed"}), NOW).conditions[0]["type"] == "Completed"
    assert pod.row(a_pod({"phase": "Running"}), NOW).conditions == ()


def test_restarts_before_the_pod_was_initialized_do_not_count() -> None:
    spec = {
        "containers": [{"name": "c"}],
        "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
    }
    sidecar = {**running("s"), "started": True, "restartCount": 2}
    status: Object = {
        "phase": "Running",
        "initContainerStatuses": [{**ended(0, "Completed", "i"), "restartCount": 4}, sidecar],
        "containerStatuses": [{**running("c"), "restartCount": 1}],
    }
    assert pod.row(a_pod(status, spec=spec), NOW).cells[1:4] == ("2/2", "Running", "3")
    status["initContainerStatuses"][0] = {**running("i"), "restartCount": 4}
    status["containerStatuses"] = []
    assert pod.row(a_pod(status, spec=spec), NOW).cells[2:4] == ("Init:0/2", "4")


def test_a_gated_pod_says_so() -> None:
    gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    status = {"phase": "Pending", "conditions": [gated]}
    assert pod.row(a_pod(status), NOW).cells[2] == "SchedulingGated"


def test_wide_columns_say_none_where_there_is_nothing() -> None:
    assert pod.row(a_pod({"phase": "Pending"}), NOW).cells[5:] == ("<none>",) * 4
    spec = {"containers": [], "nodeName": "n", "readinessGates": [{"conditionType": "x/y"}]}
    status = {"podIP": "127.0.0.1", "conditions": [{"type": "x/y", "status": "True"}]}
    cells = pod.row(a_pod(status, spec=spec), NOW).cells[5:]
    assert cells == ("127.0.0.1", "n", "<none>", "1/1")
