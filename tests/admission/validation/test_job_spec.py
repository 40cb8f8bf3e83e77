from typing import Any

import pytest

from localjobs.admission.validation.job_spec import validate_job_spec
from localjobs.api.objects import Object
from tests.admission.validation.written import job, texts

NEGATIVE = "must be greater than or equal to 0"


def errors_of(template: Object | None = None, **spec: Any) -> list[str]:
    built = job(template=template, **spec)["spec"]
    return [text.removeprefix("spec.") for text in texts(validate_job_spec(built, "spec"))]


@pytest.mark.parametrize(
    "key",
    [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
    ],
)
def test_counts_are_not_negative(key: str) -> None:
    assert errors_of(None, **{key: -1}) == [f"{key}: Invalid value: -1: {NEGATIVE}"]


@pytest.mark.parametrize(
    ("manager", "expected"),
    [
        ("acme.io/foo", []),
        ("kubernetes.io/job-controller", []),
        ("", ["managedBy: Required value"]),
        (
            "acme",
            [
                (
                    'managedBy: Invalid value: "acme": must be a domain-prefixed path (such as '
                    '"acme.io/foo")'
                )
            ],
        ),
        (
            "acme.io/a b",
            [
                (
                    'managedBy: Invalid value: "a b": Invalid path (regex used for validation is '
                    "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"
                )
            ],
        ),
        ("acme.io/" + "a" * 60, ["managedBy: Too long: may not be more than 63 bytes"]),
    ],
)
def test_who_manages_a_job(manager: str, expected: list[str]) -> None:
    assert errors_of(managedBy=manager) == expected


def test_back_off_per_index_is_for_indexed_jobs() -> None:
    assert errors_of(completionMode="Sorted", completions=1) == [
        'completionMode: Unsupported value: "Sorted": supported values: "NonIndexed", "Indexed"'
    ]
    assert errors_of(backoffLimitPerIndex=1, maxFailedIndexes=2) == [
        "backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode",
        "maxFailedIndexes: Invalid value: 2: requires indexed completion mode",
    ]
    assert errors_of(completionMode="Indexed", completions=2, maxFailedIndexes=3) == [
        "backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        "maxFailedIndexes: Invalid value: 3: must be less than or equal to completions",
    ]


def test_indexed_jobs_are_bounded() -> None:
    assert errors_of(completionMode="Indexed", parallelism=100_001) == [
        "completions: Required value: when completion mode is Indexed",
        (
            "parallelism: Invalid value: 100001: must be less than or equal to 100000 when "
            "completion "
            "mode is Indexed"
        ),
    ]


def test_back_off_per_index_of_very_many_is_bounded_tighter() -> None:
    huge: dict[str, Any] = {
        "completionMode": "Indexed",
        "completions": 100_001,
        "backoffLimitPerIndex": 1,
    }
    bound = (
        "must be less than or equal to 10000 when completions are above 100000 and used with "
        "backoff limit per index"
    )
    assert errors_of(**huge) == [
        "maxFailedIndexes: Required value: must be specified when completions is above 100000"
    ]
    assert errors_of(**huge, maxFailedIndexes=100_001, parallelism=10_001) == [
        "maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000",
        f"parallelism: Invalid value: 10001: {bound}",
        f"maxFailedIndexes: Invalid value: 100001: {bound}",
    ]


def test_when_pods_are_replaced() -> None:
    assert errors_of(podReplacementPolicy="Never") == [
        (
            'podReplacementPolicy: Unsupported value: "Never": supported values: "Failed", '
            '"TerminatingOrFailed"'
        )
    ]
    assert errors_of(
        podReplacementPolicy="TerminatingOrFailed", podFailurePolicy={"rules": []}
    ) == [
        'podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"'
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("OnFailure", []),
        ("Always", ['Required value: valid values: "OnFailure", "Never"']),
        (
            "Maybe",
            [
                'Unsupported value: "Maybe": supported values: "Always", "OnFailure", "Never"',
                'Unsupported value: "Maybe": supported values: "OnFailure", "Never"',
            ],
        ),
    ],
)
def test_pods_of_jobs_end(policy: str, expected: list[str]) -> None:
    found = errors_of({"spec": {"restartPolicy": policy}})
    assert found == [f"template.spec.restartPolicy: {text}" for text in expected]


def test_a_failure_policy_sees_pods_that_never_restart() -> None:
    found = errors_of({"spec": {"restartPolicy": "OnFailure"}}, podFailurePolicy={"rules": []})
    assert found == [
        (
            'template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported '
            "when "
            "podFailurePolicy is specified"
        )
    ]
