from localjobs.kubelet.node import (
    Machine,
    NodeSettings,
    capacity,
    node_facts,
    node_object,
    node_view,
)

MACHINE = Machine("host", cpus=4, memory_bytes=8 * 2**30, disk_bytes=2**40, architecture="x86_64")
SETTINGS = NodeSettings("n1", MACHINE, "v1.36.0")
NOW = 1_000_000_000.0


def test_the_node_is_ready_and_has_what_the_machine_has() -> None:
    node = node_object(SETTINGS, NOW)
    assert node["status"]["allocatable"] == {
        "cpu": "4",
        "memory": "8Gi",
        "ephemeral-storage": "1Ti",
        "pods": "110",
    }
    assert node["metadata"]["labels"]["kubernetes.io/arch"] == "amd64"
    assert node["metadata"]["labels"]["kubernetes.io/hostname"] == "n1"
    ready = [(c["type"], c["status"], c["reason"]) for c in node["status"]["conditions"]]
    assert ready[-1] == ("Ready", "True", "KubeletReady")


def test_settings_override_and_extend_what_the_machine_has() -> None:
    settings = NodeSettings(
        "n1", MACHINE, "v1.36.0", max_pods=7, capacity={"cpu": "500m", "example.com/gpu": "2"}
    )
    amounts = {name: str(amount) for name, amount in capacity(settings).items()}
    assert (amounts["cpu"], amounts["example.com/gpu"], amounts["pods"]) == ("500m", "2", "7")
    assert node_facts(settings).allocatable["cpu"].milli_value == 500


def test_what_users_put_on_the_node_stays_and_times_move_on() -> None:
    first = node_object(SETTINGS, NOW)
    first["metadata"] |= {"uid": "u", "labels": {**first["metadata"]["labels"], "disk": "ssd"}}
    first["spec"] = {"taints": [{"key": "k", "effect": "NoSchedule"}], "unschedulable": True}
    second = node_object(SETTINGS, NOW + 60, first)
    assert second["metadata"] == first["metadata"]
    view = node_view(SETTINGS, second)
    assert view.labels["disk"] == "ssd"
    assert view.unschedulable
    assert view.taints == ({"key": "k", "effect": "NoSchedule"},)
    before, after = first["status"]["conditions"][0], second["status"]["conditions"][0]
    assert before["lastTransitionTime"] == after["lastTransitionTime"]
    assert before["lastHeartbeatTime"] < after["lastHeartbeatTime"]
