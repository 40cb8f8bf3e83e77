import pytest

from localjobs.admission.validation.tolerations import check_only_additions
from localjobs.api.objects import Object
from tests.admission.validation.written import spec_errors, texts


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        ({"operator": "Exists"}, []),
        ({"key": "a", "value": "b"}, []),
        ({"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}, []),
        (
            {"value": "a"},
            [
                (
                    'operator: Invalid value: "": operator must be Exists when `key` is empty, '
                    "which "
                    'means "match all values and all keys"'
                )
            ],
        ),
        (
            {"key": "a", "tolerationSeconds": 1, "effect": "NoSchedule"},
            [
                (
                    "effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when "
                    "`tolerationSeconds` is set"
                )
            ],
        ),
        (
            {"key": "a", "operator": "Exists", "value": "b"},
            ["operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'"],
        ),
        (
            {"key": "a", "operator": "Lt", "value": "5"},
            ['operator: Unsupported value: "Lt": supported values: "Equal", "Exists", "Lt", "Gt"'],
        ),
        (
            {"key": "a", "operator": "Like", "effect": "Run"},
            [
                'operator: Unsupported value: "Like": supported values: "Equal", "Exists"',
                (
                    'effect: Unsupported value: "Run": supported values: "NoSchedule", '
                    '"PreferNoSchedule", "NoExecute"'
                ),
            ],
        ),
    ],
)
def test_a_toleration(toleration: Object, expected: list[str]) -> None:
    found = spec_errors(tolerations=[toleration])
    assert found == [f"spec.tolerations[0].{text}" for text in expected]


def test_an_update_adds_tolerations_and_changes_seconds() -> None:
    old: list[Object] = [
        {"key": "a", "effect": "NoExecute", "operator": "Exists", "tolerationSeconds": 1}
    ]
    longer: list[Object] = [{**old[0], "tolerationSeconds": 9}, {"operator": "Exists"}]
    assert texts(check_only_additions(longer, old, "t")) == []
    assert texts(check_only_additions(longer[1:], old, "t")) == [
        "t: Forbidden: existing toleration can not be modified except its tolerationSeconds"
    ]
