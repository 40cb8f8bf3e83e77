import pytest

from localjobs.admission.validation.pod import validate_pod
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, container_errors, pod, spec_errors, texts

ONLY_SIDECARS = "Forbidden: may not be set for init containers without restartPolicy=Always"
NOT_EPHEMERAL = "Forbidden: cannot be set for an Ephemeral Container"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, []),
        ({"image": ""}, ["image: Required value"]),
        ({"image": " padded "}, []),
        (
            {"name": "a.b"},
            ['name: Invalid value: "a.b": must not contain dots'],
        ),
        (
            {"imagePullPolicy": "Sometimes"},
            [
                (
                    'imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", '
                    '"IfNotPresent", "Never"'
                )
            ],
        ),
        (
            {"terminationMessagePolicy": "Log"},
            [
                (
                    'terminationMessagePolicy: Unsupported value: "Log": supported values: "File", '
                    '"FallbackToLogsOnError"'
                )
            ],
        ),
        (
            {"resizePolicy": [{"resourceName": "gpu", "restartPolicy": "RestartContainer"}]},
            [
                'resizePolicy: Unsupported value: "gpu": supported values: "cpu", "memory"',
                (
                    "resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when "
                    "pod `restartPolicy` is 'Never'"
                ),
            ],
        ),
        (
            {
                "resizePolicy": [
                    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
                ]
            },
            ['resizePolicy[1]: Duplicate value: "cpu"'],
        ),
    ],
)
def test_every_container(members: Object, expected: list[str]) -> None:
    assert container_errors(**members) == expected


def test_a_pod_needs_a_container() -> None:
    assert spec_errors(containers=[]) == ["spec.containers: Required value"]


def test_names_are_unique_among_containers_and_init_containers() -> None:
    found = spec_errors(
        containers=[CONTAINER, CONTAINER], initContainers=[CONTAINER, {"name": "i", "image": "x"}]
    )
    assert found == [
        'spec.containers[1].name: Duplicate value: "c"',
        'spec.initContainers[0].name: Duplicate value: "c"',
    ]


def test_only_sidecars_among_init_containers_have_hooks_and_probes() -> None:
    running = {
        "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
        "startupProbe": {"tcpSocket": {"port": 1}},
    }
    init = {"name": "i", "image": "x", **running}
    sidecar = {"name": "s", "image": "x", "restartPolicy": "Always", **running}
    assert spec_errors(initContainers=[init, sidecar]) == [
        f"spec.initContainers[0].lifecycle: {ONLY_SIDECARS}",
        f"spec.initContainers[0].startupProbe: {ONLY_SIDECARS}",
    ]


def test_init_containers_do_not_restart_for_new_resources() -> None:
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    init = {"name": "i", "image": "x", "resizePolicy": policy}
    assert spec_errors(initContainers=[init], restartPolicy="OnFailure") == [
        (
            "spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "
            '"RestartContainer": '
            "must not be set to 'RestartContainer' for non-sidecar initContainers"
        )
    ]


def test_init_containers_share_host_ports_one_after_the_other() -> None:
    port = {"containerPort": 80, "hostPort": 80}
    inits = [{"name": n, "image": "x", "ports": [port]} for n in ("i", "j")]
    twice = {"name": "k", "image": "x", "ports": [port, {**port, "containerPort": 81}]}
    assert spec_errors(initContainers=inits) == []
    assert spec_errors(initContainers=[*inits, twice]) == [
        'spec.initContainers[0].ports[1].hostPort: Duplicate value: "TCP//80"'
    ]


def test_ephemeral_containers_lack_what_workloads_have() -> None:
    debugger = {
        "name": "c",
        "image": "x",
        "targetContainerName": "gone",
        "resources": {"requests": {"cpu": "1"}},
        "livenessProbe": {"exec": {"command": ["x"]}},
        "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "s"}],
    }
    found = spec_errors(ephemeralContainers=[debugger], volumes=[{"name": "v", "emptyDir": {}}])
    path = "spec.ephemeralContainers[0]"
    assert found == [
        f'{path}.name: Duplicate value: "c"',
        f'{path}.targetContainerName: Not found: "gone"',
        f"{path}.resources: {NOT_EPHEMERAL}",
        f"{path}.livenessProbe: {NOT_EPHEMERAL}",
        f"{path}.volumeMounts[0].subPath: {NOT_EPHEMERAL}",
    ]


def test_a_pod_refuses_spaces_around_an_image_that_a_template_takes() -> None:
    assert texts(validate_pod(pod(containers=[{"name": "c", "image": "x "}]))) == [
        (
            'spec.containers[0].image: Invalid value: "x ": must not have leading or trailing '
            "whitespace"
        )
    ]
