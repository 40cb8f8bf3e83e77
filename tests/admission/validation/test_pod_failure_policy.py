from typing import Any

import pytest

from localjobs.admission.validation.pod_failure_policy import validate_pod_failure_policy
from localjobs.api.objects import Object
from tests.admission.validation.written import job, texts

CODES = {"operator": "In", "values": [1]}


def errors_of(rules: list[Object], **spec: Any) -> list[str]:
    built = job(podFailurePolicy={"rules": rules}, **spec)["spec"]
    return texts(validate_pod_failure_policy(built, "p"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"action": "FailJob", "onExitCodes": {**CODES, "containerName": "c"}}, []),
        ({"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}, []),
        (
            {"action": "", "onExitCodes": CODES},
            ['.action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]'],
        ),
        (
            {"action": "Stop", "onExitCodes": CODES},
            [
                (
                    '.action: Unsupported value: "Stop": supported values: "Count", "FailIndex", '
                    '"FailJob", "Ignore"'
                )
            ],
        ),
        (
            {"action": "FailIndex", "onExitCodes": CODES},
            ['.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set'],
        ),
        (
            {"action": "Count"},
            [": Invalid value: specifying one of OnExitCodes and OnPodConditions is required"],
        ),
        (
            {"action": "Count", "onExitCodes": CODES, "onPodConditions": [{"type": "a"}]},
            [": Invalid value: specifying both OnExitCodes and OnPodConditions is not supported"],
        ),
        (
            {"action": "Count", "onPodConditions": [{"type": "a b", "status": "Maybe"}]},
            [
                (
                    '.onPodConditions[0].type: Invalid value: "a b": name part must consist of '
                    "alphanumeric characters, '-', '_' or '.', and must start and end with an "
                    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
                    "used "
                    "for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
                ),
                (
                    '.onPodConditions[0].status: Unsupported value: "Maybe": supported values: '
                    '"False", "True", "Unknown"'
                ),
            ],
        ),
        (
            {"action": "Count", "onExitCodes": {"operator": "", "values": []}},
            [
                '.onExitCodes.operator: Required value: valid values: ["In" "NotIn"]',
                ".onExitCodes.values: Invalid value: []: at least one value is required",
            ],
        ),
        (
            {
                "action": "Count",
                "onExitCodes": {"operator": "In", "values": [3, 0, 3], "containerName": "x"},
            },
            [
                (
                    '.onExitCodes.containerName: Invalid value: "x": must be one of the container '
                    "or "
                    "initContainer names in the pod template"
                ),
                ".onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
                ".onExitCodes.values[2]: Duplicate value: 3",
                ".onExitCodes.values: Invalid value: [3,0,3]: must be ordered",
            ],
        ),
        ({"action": "Count", "onExitCodes": {"operator": "NotIn", "values": [0]}}, []),
    ],
)
def test_a_rule(rule: Object, expected: list[str]) -> None:
    assert errors_of([rule]) == [f"p.rules[0]{text}" for text in expected]


def test_an_index_fails_where_each_has_a_limit() -> None:
    rule = {"action": "FailIndex", "onExitCodes": CODES}
    indexed = {"completionMode": "Indexed", "completions": 1, "backoffLimitPerIndex": 1}
    assert errors_of([rule], **indexed) == []


def test_bounds() -> None:
    rule = {"action": "Count", "onExitCodes": {"operator": "In", "values": list(range(1, 257))}}
    patterns = {"action": "Count", "onPodConditions": [{"type": "a"}] * 21}
    assert errors_of([rule] * 21)[:2] == [
        "p.rules: Too many: 21: must have at most 20 items",
        "p.rules[0].onExitCodes.values: Too many: 256: must have at most 255 items",
    ]
    assert errors_of([patterns]) == [
        "p.rules[0].onPodConditions: Too many: 21: must have at most 20 items"
    ]
