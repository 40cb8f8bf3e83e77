import pytest

from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, container_errors, spec_errors

RUN = {"exec": {"command": ["true"]}}
TWO = "Forbidden: may not specify more than 1 handler type"


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        (RUN, []),
        ({}, [": Required value: must specify a handler type"]),
        ({"exec": {}}, [".exec.command: Required value"]),
        ({**RUN, "tcpSocket": {"port": 0}}, [f".tcpSocket: {TWO}"]),
        (
            {"httpGet": {"port": "Bad_Port", "scheme": "FTP", "httpHeaders": [{"name": "a b"}]}},
            [
                (
                    '.httpGet.port: Invalid value: "Bad_Port": must contain only alpha-numeric '
                    "characters (a-z, 0-9), and hyphens (-)"
                ),
                '.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
                (
                    '.httpGet.httpHeaders: Invalid value: "a b": a valid HTTP header must consist '
                    "of "
                    "alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
                    "validation "
                    "is '[-A-Za-z0-9]+')"
                ),
            ],
        ),
        (
            {"grpc": {"port": 70000}},
            [".grpc.port: Invalid value: 70000: must be between 1 and 65535, inclusive"],
        ),
        (
            {**RUN, "periodSeconds": -1, "failureThreshold": -2},
            [
                ".periodSeconds: Invalid value: -1: must be greater than or equal to 0",
                ".failureThreshold: Invalid value: -2: must be greater than or equal to 0",
            ],
        ),
        (
            {**RUN, "terminationGracePeriodSeconds": 0},
            [".terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0"],
        ),
        ({**RUN, "successThreshold": 2}, [".successThreshold: Invalid value: 2: must be 1"]),
    ],
)
@pytest.mark.parametrize("kind", ["livenessProbe", "startupProbe"])
def test_a_probe(kind: str, probe: Object, expected: list[str]) -> None:
    assert container_errors(**{kind: probe}) == [kind + text for text in expected]


def test_readiness_may_need_several_successes_but_never_ends_the_container() -> None:
    probe = {**RUN, "successThreshold": 3, "terminationGracePeriodSeconds": 5}
    assert container_errors(readinessProbe=probe) == [
        (
            "readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for "
            "readinessProbes"
        )
    ]


@pytest.mark.parametrize(
    ("seconds", "is_refused"), [(0, False), (9, False), (10, True), (-1, True)]
)
def test_a_hook_sleeps_within_the_grace_period(seconds: int, is_refused: bool) -> None:
    hook = {"preStop": {"sleep": {"seconds": seconds}}}
    containers = [{**CONTAINER, "lifecycle": hook}]
    error = (
        f"spec.containers[0].lifecycle.preStop.sleep: Invalid value: {seconds}: must be "
        "non-negative and less than terminationGracePeriodSeconds (9)"
    )
    found = spec_errors(containers=containers, terminationGracePeriodSeconds=9)
    assert found == ([error] if is_refused else [])


def test_a_hook_does_one_thing() -> None:
    hooks = {"postStart": {}, "preStop": {**RUN, "httpGet": {"port": 1}}}
    assert container_errors(lifecycle=hooks) == [
        "lifecycle.postStart: Required value: must specify a handler type",
        f"lifecycle.preStop.httpGet: {TWO}",
    ]
