import pytest

from localjobs.admission.validation.pod_warnings import warnings_for_pod, warnings_for_template
from localjobs.api.objects import Object
from tests.admission.validation.written import CONTAINER, job, pod

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
NO_SELECTOR = "a null labelSelector results in matching no pod"
MASTER = "node-role.kubernetes.io/master"
USE = 'use "node-role.kubernetes.io/control-plane" instead'
SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({}, []),
        ({"nodeSelector": {MASTER: ""}}, [f"nodeSelector[{MASTER}]: {USE}"]),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        REQUIRED: {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": MASTER, "operator": "Exists"}]}
                            ]
                        }
                    }
                }
            },
            [
                (
                    f"affinity.nodeAffinity.{REQUIRED}.nodeSelectorTerms[0]."
                    "matchExpressions[0].key: "
                    f"{MASTER} is {USE}"
                )
            ],
        ),
        (
            {"topologySpreadConstraints": [{"topologyKey": MASTER}]},
            [
                f"topologySpreadConstraints[0].topologyKey: {MASTER} is {USE}",
                f"topologySpreadConstraints[0].labelSelector: {NO_SELECTOR}",
            ],
        ),
        (
            {"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]},
            ["volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+"],
        ),
        (
            {"volumes": [{"name": "v", "storageos": {}}]},
            ["volumes[0].storageOS: deprecated in v1.22, non-functional in v1.25+"],
        ),
        (
            {"hostAliases": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}]},
            ['hostAliases[1].ip: duplicate ip "1.1.1.1"'],
        ),
        (
            {"imagePullSecrets": [{"name": ""}, {"name": ""}]},
            [
                'imagePullSecrets[1].name: duplicate name ""',
                'imagePullSecrets[0].name: invalid empty name ""',
                'imagePullSecrets[1].name: invalid empty name ""',
            ],
        ),
        (
            {"overhead": {"memory": "1500m"}},
            ['overhead[memory]: fractional byte value "1500m" is invalid, must be an integer'],
        ),
        (
            {"affinity": {"podAffinity": {REQUIRED: [{"topologyKey": "z"}]}}},
            [f"affinity.podAffinity.{REQUIRED}[0].labelSelector: {NO_SELECTOR}"],
        ),
        (
            {"affinity": {"podAntiAffinity": {PREFERRED: [{"podAffinityTerm": {}}]}}},
            [
                (
                    f"affinity.podAntiAffinity.{PREFERRED}[0].podAffinityTerm.labelSelector: "
                    f"{NO_SELECTOR}"
                )
            ],
        ),
        (
            {"dnsConfig": {"nameservers": ["2001:0db8::1", "1.1.1.1"]}},
            [
                (
                    'dnsConfig.nameservers[0]: IPv6 address "2001:0db8::1" should be in RFC 5952 '
                    'canonical format ("2001:db8::1")'
                )
            ],
        ),
    ],
)
def test_a_template(spec: Object, expected: list[str]) -> None:
    found = warnings_for_template({"spec": {"containers": [CONTAINER], **spec}}, "t")
    assert found == [f"t.spec.{text}" for text in expected]


def test_preferred_nodes_with_impossible_labels() -> None:
    expression = {"key": "a", "operator": "In", "values": ["-"]}
    wish = {"weight": 1, "preference": {"matchExpressions": [expression]}}
    spec = {"affinity": {"nodeAffinity": {PREFERRED: [wish]}}}
    (warning,) = warnings_for_template({"spec": spec}, "t")
    path = f"t.spec.affinity.nodeAffinity.{PREFERRED}[0].preference.matchExpressions[0].values[0]"
    assert warning.startswith(f"{path}: - is invalid, a valid label must be")


@pytest.mark.parametrize(
    ("second", "is_hidden"),
    [
        ({"value": "x"}, True),
        ({"value": "$(A)"}, True),
        ({"value": "$(A)x"}, False),
        ({"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}, True),
    ],
)
def test_a_variable_set_again_hides_its_former_value(second: Object, *, is_hidden: bool) -> None:
    variables = [{"name": "A", "value": "a"}, {"name": "A", **second}]
    found = warnings_for_pod(pod(containers=[{**CONTAINER, "env": variables}]))
    warning = (
        'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when '
        "using apply"
    )
    assert found == ([warning] if is_hidden else [])


def test_fractions_of_a_byte() -> None:
    resources = {
        "limits": {"memory": "1.5", "ephemeral-storage": "0.1"},
        "requests": {"ephemeral-storage": "100m"},
    }
    found = warnings_for_pod(pod(containers=[{**CONTAINER, "resources": resources}]))
    path = "spec.containers[0].resources"
    assert found == [
        f'{path}.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
        f'{path}.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
        *(
            f'{path}.{side}[ephemeral-storage]: fractional byte value "100m" is invalid, must be '
            "an integer"
            for side in ("limits", "requests")
        ),
    ]


def test_a_claim_of_a_fraction() -> None:
    spec = {"resources": {"requests": {"storage": "1500m"}}}
    volume = {"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": spec}}}
    assert warnings_for_template({"spec": {"volumes": [volume]}}, "t") == [
        (
            "t.spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: "
            'fractional byte value "1500m" is invalid, must be an integer'
        )
    ]


def test_old_annotations() -> None:
    found = {
        "scheduler.alpha.kubernetes.io/critical-pod": "",
        "seccomp.security.alpha.kubernetes.io/pod": "unconfined",
        "container.seccomp.security.alpha.kubernetes.io/c": "unconfined",
        "container.apparmor.security.beta.kubernetes.io/c": "unconfined",
    }
    template = job(template={"metadata": {"annotations": found}})["spec"]["template"]
    path = "t.metadata.annotations"
    assert warnings_for_template(template, "t") == [
        (
            f"{path}[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use "
            "the "
            '"priorityClassName" field instead'
        ),
        f"{path}[seccomp.security.alpha.kubernetes.io/pod]: {SECCOMP}",
        f"{path}[container.seccomp.security.alpha.kubernetes.io/c]: {SECCOMP}",
        (
            f"{path}[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; "
            "use "
            'the "appArmorProfile" field instead'
        ),
    ]
