import pytest

from localjobs.api.objects import Object
from tests.admission.validation.written import container_errors, spec_errors

NEEDS_POLICY = (
    "restartPolicy: Required value: must specify restartPolicy when restart rules are used"
)
POLICIES = '"Always", "Never", "OnFailure"'
RULE = {"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"restartPolicy": "Never", "restartPolicyRules": [RULE]}, []),
        ({"restartPolicyRules": [RULE]}, [NEEDS_POLICY]),
        (
            {"restartPolicy": "Once"},
            [f'restartPolicy: Unsupported value: "Once": supported values: {POLICIES}'],
        ),
        (
            {"restartPolicy": "Never", "restartPolicyRules": [{"action": "Stop"}]},
            [
                (
                    'restartPolicyRules[0].action: Unsupported value: "Stop": supported values: '
                    '"Restart", "RestartAllContainers"'
                ),
                "restartPolicyRules[0].exitCodes: Required value: must be specified",
            ],
        ),
        (
            {
                "restartPolicy": "Never",
                "restartPolicyRules": [
                    {"action": "Restart", "exitCodes": {"operator": "Is", "values": [1] * 256}}
                ],
            },
            [
                (
                    'restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported '
                    'values: "In", "NotIn"'
                ),
                (
                    "restartPolicyRules[0].exitCodes.values: Too many: 256: must have at most 255 "
                    "items"
                ),
            ],
        ),
        (
            {"restartPolicy": "Never", "restartPolicyRules": [RULE] * 21},
            ["restartPolicyRules: Too many: 21: must have at most 20 items"],
        ),
    ],
)
def test_a_containers_own_policy(members: Object, expected: list[str]) -> None:
    assert container_errors(**members) == expected


def test_an_init_containers_rules_are_not_read_without_a_policy() -> None:
    init = {"name": "i", "image": "x", "restartPolicyRules": [{"action": "Stop"}]}
    assert spec_errors(initContainers=[init]) == [f"spec.initContainers[0].{NEEDS_POLICY}"]


def test_the_pods_policy() -> None:
    assert spec_errors(restartPolicy="Maybe") == [
        (
            'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", '
            '"OnFailure", '
            '"Never"'
        )
    ]
