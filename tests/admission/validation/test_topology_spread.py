import pytest

from localjobs.api.objects import Object
from tests.admission.validation.written import spec_errors

GOOD: Object = {
    "maxSkew": 1,
    "topologyKey": "zone",
    "whenUnsatisfiable": "DoNotSchedule",
    "labelSelector": {},
}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"minDomains": 2, "nodeTaintsPolicy": "Honor", "matchLabelKeys": ["a"]}, []),
        ({"maxSkew": 0}, [".maxSkew: Invalid value: 0: must be greater than zero"]),
        ({"topologyKey": ""}, [".topologyKey: Required value: can not be empty"]),
        (
            {"whenUnsatisfiable": "Wait"},
            [
                (
                    '.whenUnsatisfiable: Unsupported value: "Wait": supported values: '
                    '"DoNotSchedule", "ScheduleAnyway"'
                )
            ],
        ),
        (
            {"minDomains": 0, "whenUnsatisfiable": "ScheduleAnyway"},
            [
                ".minDomains: Invalid value: 0: must be greater than zero",
                (
                    ".minDomains: Invalid value: 0: can only use minDomains if "
                    "whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
                ),
            ],
        ),
        (
            {"nodeAffinityPolicy": "Bend"},
            ['.nodeAffinityPolicy: Unsupported value: "Bend": supported values: "Honor", "Ignore"'],
        ),
        (
            {"labelSelector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}},
            [
                (
                    '.labelSelector.matchExpressions[0].operator: Invalid value: "Is": not a valid '
                    "selector operator"
                )
            ],
        ),
    ],
)
def test_a_constraint(members: Object, expected: list[str]) -> None:
    found = spec_errors(topologySpreadConstraints=[{**GOOD, **members}])
    assert found == [f"spec.topologySpreadConstraints[0]{text}" for text in expected]


def test_there_is_one_constraint_for_each_key_and_action() -> None:
    found = spec_errors(topologySpreadConstraints=[GOOD, {**GOOD, "maxSkew": 2}])
    assert found == [
        (
            "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "
            '"{zone, DoNotSchedule}"'
        )
    ]
