import pytest

from localjobs.admission.validation.success_policy import validate_success_policy
from localjobs.api.objects import Object
from tests.admission.validation.written import job, texts

PARSING = "error parsing succeededIndexes"


def errors_of(rules: list[Object]) -> list[str]:
    policy = {"rules": rules}
    built = job(successPolicy=policy, completionMode="Indexed", completions=5)["spec"]
    return texts(validate_success_policy(built, "p"))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"succeededIndexes": "0-2,4", "succeededCount": 4}, []),
        ({"succeededIndexes": ""}, []),
        (
            {},
            [
                (
                    ": Required value: at least one of succeededCount or succeededIndexes must be "
                    "specified"
                )
            ],
        ),
        (
            {"succeededCount": 6},
            [
                (
                    ".succeededCount: Invalid value: 6: must be less than or equal to 5 (the "
                    "number "
                    "of specified completions)"
                )
            ],
        ),
        (
            {"succeededIndexes": "1-2", "succeededCount": 3},
            [
                (
                    ".succeededCount: Invalid value: 3: must be less than or equal to 2 (the "
                    "number "
                    "of indexes in the specified succeededIndexes field)"
                )
            ],
        ),
        (
            {"succeededIndexes": "0-9", "succeededCount": -1},
            [
                f'.succeededIndexes: Invalid value: "0-9": {PARSING}: too large index: "9"',
                ".succeededCount: Invalid value: -1: must be greater than or equal to 0",
            ],
        ),
        (
            {"succeededIndexes": "1,1"},
            [
                (
                    f'.succeededIndexes: Invalid value: "1,1": {PARSING}: non-increasing order, '
                    "previous: 1, current: 1"
                )
            ],
        ),
        (
            {"succeededIndexes": "1-2-3"},
            [
                (
                    f'.succeededIndexes: Invalid value: "1-2-3": {PARSING}: the fragment "1-2-3" '
                    "violates the requirement that an index interval can have at most two parts "
                    "separated by '-'"
                )
            ],
        ),
        (
            {"succeededIndexes": "a"},
            [
                (
                    f'.succeededIndexes: Invalid value: "a": {PARSING}: cannot convert string to '
                    'integer for index: "a"'
                )
            ],
        ),
    ],
)
def test_a_rule(rule: Object, expected: list[str]) -> None:
    assert errors_of([rule]) == [f"p.rules[0]{text}" for text in expected]


def test_there_are_some_rules_and_not_too_many() -> None:
    assert errors_of([]) == [
        (
            "p.rules: Required value: at least one rules must be specified when the successPolicy "
            "is "
            "specified"
        )
    ]
    assert errors_of([{"succeededCount": 1}] * 21) == [
        "p.rules: Too many: 21: must have at most 20 items"
    ]


def test_only_indexed_jobs_have_one() -> None:
    built = job(successPolicy={"rules": [{"succeededCount": 1}]})["spec"]
    assert texts(validate_success_policy(built, "p")) == [
        (
            'p: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires '
            "indexed completion mode"
        )
    ]
