import pytest

from localjobs.admission.validation.port_warnings import port_warnings
from localjobs.api.objects import Object


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ({}, {}, "duplicate"),
        ({"hostPort": 80}, {}, "overlapping"),
        ({"hostPort": 80}, {"hostPort": 80, "hostIP": "1.1.1.1"}, "dangerously ambiguous"),
        ({"hostPort": 80, "hostIP": "1.1.1.2"}, {"hostPort": 80, "hostIP": "1.1.1.1"}, ""),
        ({"hostPort": 80}, {"hostPort": 81}, ""),
        ({"protocol": "UDP"}, {}, ""),
    ],
)
def test_a_port_defined_twice(first: Object, second: Object, kind: str) -> None:
    ports = [{"containerPort": 80, "protocol": "TCP", **one} for one in (first, second)]
    found = list(port_warnings([("c", {"ports": ports[:1]}), ("d", {"ports": ports[1:]})]))
    assert found == ([f"d.ports[0]: {kind} port definition with c.ports[0]"] if kind else [])


def test_an_address_of_the_host_without_a_port() -> None:
    port = {"containerPort": 80, "protocol": "TCP", "hostIP": "1.1.1.1"}
    assert list(port_warnings([("c", {"ports": [port]})])) == [
        (
            "c.ports[0]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:80 "
            "Protocol:TCP "
            "HostIP:1.1.1.1}"
        )
    ]


def test_a_name_of_ports_of_several_containers() -> None:
    ports = [{"name": "web", "containerPort": n, "protocol": "TCP"} for n in (80, 81, 82)]
    containers = [(path, {"ports": [port]}) for path, port in zip("abc", ports, strict=True)]
    assert list(port_warnings(containers)) == [
        (
            f'{path}.ports[0]: duplicate port name "web" with a.ports[0], '
            "services and probes that select ports by name will use a.ports[0]"
        )
        for path in "bc"
    ]
