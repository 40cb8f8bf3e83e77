import pytest

from localjobs.admission.validation.resources import aggregate
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, container_errors, spec_errors

STANDARD = "must be a standard resource type or fully qualified"
FOR_CONTAINERS = "must be a standard resource for containers"


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ({"requests": {"cpu": "100m"}, "limits": {"cpu": "1", "acme.io/gpu": "2"}}, []),
        (
            {"limits": {"gpu": "1"}},
            [
                f'limits[gpu]: Invalid value: "gpu": {STANDARD}',
                f'limits[gpu]: Invalid value: "gpu": {FOR_CONTAINERS}',
            ],
        ),
        ({"limits": {"pods": "1"}}, [f'limits[pods]: Invalid value: "pods": {FOR_CONTAINERS}']),
        (
            {"limits": {"requests.acme.io/gpu": "1"}},
            [
                (
                    'limits[requests.acme.io/gpu]: Invalid value: "requests.acme.io/gpu": doesn\'t '
                    "follow extended resource name standard"
                )
            ],
        ),
        (
            {"limits": {"acme.io/gpu": "1500m"}},
            ['limits[acme.io/gpu]: Invalid value: "1500m": must be an integer'],
        ),
        (
            {"limits": {"memory": "-1Mi"}},
            ['limits[memory]: Invalid value: "-1Mi": must be greater than or equal to 0'],
        ),
        (
            {"requests": {"cpu": "2"}, "limits": {"cpu": "1500m"}},
            ['requests: Invalid value: "2": must be less than or equal to cpu limit of 1500m'],
        ),
        (
            {"requests": {"acme.io/gpu": "1"}, "limits": {"acme.io/gpu": "2"}},
            ['requests: Invalid value: "1": must be equal to acme.io/gpu limit of 2'],
        ),
        (
            {"requests": {"acme.io/gpu": "1"}},
            ["limits: Required value: Limit must be set for non overcommitable resources"],
        ),
        (
            {"limits": {"hugepages-2Mi": "3Mi", "cpu": "1"}},
            [
                (
                    'limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer '
                    "multiple of hugepages-2Mi"
                ),
            ],
        ),
        (
            {"limits": {"hugepages-2Mi": "4Mi"}},
            ["Forbidden: HugePages require cpu or memory"],
        ),
        (
            {"limits": {"hugepages-none": "4Mi", "memory": "1Gi"}},
            [
                (
                    'limits[hugepages-none]: Invalid value: "4Mi": 4Mi is not positive integer '
                    "multiple of hugepages-none"
                ),
            ],
        ),
    ],
)
def test_requests_and_limits(resources: Object, expected: list[str]) -> None:
    found = [text.removeprefix("resources") for text in container_errors(resources=resources)]
    wanted = [f".{text}" if text[0].islower() else f": {text}" for text in expected]
    assert found == wanted


def test_containers_use_claims_of_the_pod_once() -> None:
    claims = [
        {"name": "a"},
        {"name": "a", "request": "r"},
        {"name": "b", "request": "r"},
        {"name": "b", "request": "r"},
        {"name": "b"},
        {"name": ""},
        {"name": "gone"},
    ]
    pod_claims = [{"name": n, "resourceClaimName": "x"} for n in ("b", "a")]
    container = {**CONTAINER, "resources": {"claims": claims}}
    path = "spec.containers[0].resources.claims"
    assert spec_errors(containers=[container], resourceClaims=pod_claims) == [
        f'{path}[1]: Duplicate value: "a"',
        f'{path}[3]: Duplicate value: "b/r"',
        f'{path}[4]: Duplicate value: "b"',
        f"{path}[5]: Required value",
        f'{path}[6]: Not found: "gone": must be one of the names in pod.spec.resourceClaims: a, b',
    ]


def test_a_claim_of_a_pod_without_claims() -> None:
    assert container_errors(resources={"claims": [{"name": "a"}]}) == [
        (
            'resources.claims[0]: Not found: "a": must be one of the names in '
            "pod.spec.resourceClaims which is empty"
        )
    ]


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ({"name": "a", "resourceClaimTemplateName": "t"}, []),
        (
            {"name": ""},
            [
                ".name: Required value",
                (
                    ': Invalid value: {"Name":"","ResourceClaimName":null,'
                    '"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, '
                    "`resourceClaimTemplateName`"
                ),
            ],
        ),
        (
            {"name": "a", "resourceClaimName": "x", "resourceClaimTemplateName": "t"},
            [
                (
                    ': Invalid value: {"Name":"a","ResourceClaimName":"x",'
                    '"ResourceClaimTemplateName":"t"}: at most one of `resourceClaimName` or '
                    "`resourceClaimTemplateName` may be specified"
                )
            ],
        ),
    ],
)
def test_a_claim_of_a_pod(claim: Object, expected: list[str]) -> None:
    path = "spec.resourceClaims[0]"
    assert spec_errors(resourceClaims=[claim]) == [path + text for text in expected]


def test_a_pods_own_resources_hold_those_of_its_containers() -> None:
    def container(name: str, cpu: str) -> Object:
        amounts = {"cpu": cpu, "hugepages-2Mi": "4Mi"}
        return {"name": name, "image": "i", "resources": {"limits": amounts, "requests": amounts}}

    found = spec_errors(
        containers=[container("a", "1"), container("b", "3")],
        resources={
            "limits": {"cpu": "2", "hugepages-2Mi": "6Mi", "acme.io/gpu": "1"},
            "requests": {"cpu": "2"},
            "claims": [{"name": "a"}],
        },
        resourceClaims=[{"name": "a", "resourceClaimName": "x"}],
    )
    path = "spec.resources"
    assert found == [
        f"{path}.claims: Forbidden: claims may not be set for Resources at pod-level",
        (
            f'{path}.limits[acme.io/gpu]: Unsupported value: "acme.io/gpu": supported values: '
            '"cpu", '
            '"hugepages-", "memory"'
        ),
        (
            f'{path}.requests[cpu]: Invalid value: "2": must be greater than or equal to aggregate '
            "container requests of 4"
        ),
        (
            f'{path}.limits[hugepages-2Mi]: Invalid value: "6Mi": must be greater than or equal to '
            "aggregate container limits of 8Mi"
        ),
        (
            f'{path}.containers[1][cpu].limits: Invalid value: "3": must be less than or equal to '
            "pod limits of 2"
        ),
    ]


def test_windows_pods_have_no_resources_of_their_own() -> None:
    found = spec_errors(os={"name": "windows"}, resources={"requests": {"gpu": "1"}})
    assert found == ["spec.resources: Forbidden: may not be set for a windows pod"]


def test_sidecars_run_beside_the_init_containers_after_them() -> None:
    def container(cpu: str, **members: str) -> Object:
        return {"resources": {"requests": {"cpu": cpu}}, **members}

    spec = {
        "initContainers": [
            container("5"),
            container("2", restartPolicy="Always"),
            container("4"),
        ],
        "containers": [container("1"), container("1")],
    }
    assert {name: str(amount) for name, amount in aggregate(spec, "requests").items()} == {
        "cpu": "6"
    }
