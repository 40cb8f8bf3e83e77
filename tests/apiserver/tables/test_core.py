import pytest

from localjobs.api.objects import Object
from localjobs.apiserver.tables import core
from localjobs.apiserver.tables.table import Printer

NOW = 1_700_000_000.0  # 2023-11-14T22:13:20Z


def named(**changes: object) -> Object:
    return {"metadata": {"name": "x", "creationTimestamp": "2023-11-14T22:12:20Z"}, **changes}


def cells(printer: Printer, obj: Object) -> dict[str, object]:
    names = (column.name for column in printer.columns)
    return dict(zip(names, printer.row(obj, NOW).cells, strict=True))


@pytest.mark.parametrize(
    ("printer", "obj", "expected"),
    [
        (core.NAMESPACE, named(status={"phase": "Active"}), {"Status": "Active", "Age": "60s"}),
        (core.CONFIGMAP, named(data={"a": "b"}, binaryData={"c": ""}), {"Data": 2}),
        (core.SECRET, named(data={"a": "b"}, type="Opaque"), {"Type": "Opaque", "Data": 1}),
        (core.SERVICEACCOUNT, named(), {"Secrets": 0, "Age": "60s"}),
        (core.ANY, named(), {"Name": "x", "Created At": "2023-11-14T22:12:20Z"}),
    ],
)
def test_small_kinds(printer: Printer, obj: Object, expected: dict[str, object]) -> None:
    assert cells(printer, obj).items() >= expected.items()


def test_a_service_shows_its_ports() -> None:
    spec = {
        "type": "ClusterIP",
        "clusterIP": "127.0.0.1",
        "ports": [{"port": 443}, {"port": 53, "protocol": "UDP"}],
        "selector": {"b": "2", "a": "1"},
    }
    shown = cells(core.SERVICE, named(spec=spec))
    assert shown["Port(s)"] == "443/TCP,53/UDP"
    assert shown["Selector"] == "a=1,b=2"
    assert shown["External-IP"] == "<none>"


@pytest.mark.parametrize(
    ("conditions", "spec", "status"),
    [
        ([{"type": "Ready", "status": "True"}], {}, "Ready"),
        ([{"type": "Ready", "status": "Unknown"}], {}, "NotReady"),
        ([], {}, "Unknown"),
        (
            [{"type": "Ready", "status": "True"}],
            {"unschedulable": True},
            "Ready,SchedulingDisabled",
        ),
    ],
)
def test_a_node_says_whether_it_takes_pods(
    conditions: list[Object], spec: Object, status: str
) -> None:
    node = named(spec=spec, status={"conditions": conditions})
    assert cells(core.NODE, node)["Status"] == status


def test_a_node_shows_its_roles_and_what_it_is() -> None:
    node: Object = {
        "metadata": {
            "name": "n",
            "labels": {
                "node-role.kubernetes.io/worker": "",
                "node-role.kubernetes.io/": "",
                "kubernetes.io/role": "old",
            },
        },
        "status": {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "nodeInfo": {"kubeletVersion": "v1", "osImage": "Debian"},
        },
    }
    shown = cells(core.NODE, node)
    assert (shown["Roles"], shown["Version"], shown["Age"]) == ("old,worker", "v1", "<unknown>")
    assert (shown["Internal-IP"], shown["External-IP"]) == ("127.0.0.1", "<none>")
    assert (shown["OS-Image"], shown["Kernel-Version"]) == ("Debian", "<unknown>")
