import pytest

from localjobs.admission.validation.pod import validate_pod
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, container_errors, pod, spec_errors, texts

RANGE = "must be between 1 and 65535, inclusive"


@pytest.mark.parametrize(
    ("port", "expected"),
    [
        ({"containerPort": 80, "name": "http", "protocol": "SCTP"}, []),
        ({"containerPort": 0}, ["containerPort: Required value"]),
        ({"containerPort": 65536}, [f"containerPort: Invalid value: 65536: {RANGE}"]),
        ({"containerPort": 1, "hostPort": -1}, [f"hostPort: Invalid value: -1: {RANGE}"]),
        (
            {"containerPort": 1, "protocol": "tcp"},
            ['protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'],
        ),
        (
            {"containerPort": 1, "name": "1-"},
            [
                'name: Invalid value: "1-": must contain at least one letter (a-z)',
                'name: Invalid value: "1-": must not begin or end with a hyphen',
            ],
        ),
    ],
)
def test_a_port(port: Object, expected: list[str]) -> None:
    assert container_errors(ports=[port]) == [f"ports[0].{text}" for text in expected]


def test_names_are_unique_in_a_container_and_host_ports_in_a_pod() -> None:
    ports = [
        {"containerPort": 1, "name": "a", "hostPort": 1},
        {"containerPort": 2, "name": "a", "hostPort": 1, "hostIP": "1.2.3.4"},
    ]
    other = {"name": "d", "image": "x", "ports": [{"containerPort": 3, "hostPort": 1}]}
    assert spec_errors(containers=[{**CONTAINER, "ports": ports}, other]) == [
        'spec.containers[0].ports[1].name: Duplicate value: "a"',
        'spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//1"',
    ]


def test_on_the_hosts_network_a_host_port_is_the_containers_port() -> None:
    containers = [{**CONTAINER, "ports": [{"containerPort": 80, "hostPort": 81}]}]
    error = (
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when "
        "`hostNetwork` is true"
    )
    assert spec_errors(containers=containers, hostNetwork=True) == [error]
    assert texts(validate_pod(pod(containers=containers, hostNetwork=True))) == [error]
