import pytest

from localjobs.admission.ownership.conflicts import Conflicts, conflict_error
from localjobs.admission.ownership.field_set import Tree
from localjobs.admission.ownership.managers import APPLY, UPDATE, Manager

ACTIVE: Tree = {"f:status": {"f:active": {}}}


@pytest.mark.parametrize(
    ("manager", "named"),
    [
        (Manager("one", APPLY), '"one"'),
        (Manager("one", APPLY, "", "status"), '"one" with subresource "status"'),
        (Manager("one", UPDATE, "batch/v1"), '"one" using batch/v1'),
        (
            Manager("one", UPDATE, "batch/v1", "status"),
            '"one" with subresource "status" using batch/v1',
        ),
    ],
)
def test_one_conflict_is_told_in_one_line(manager: Manager, named: str) -> None:
    error = conflict_error({manager: ACTIVE})
    assert error.message == (f"Apply failed with 1 conflict: conflict with {named}: .status.active")


def test_managers_come_in_the_order_of_their_identifiers() -> None:
    conflicts: Conflicts = {
        Manager("b", APPLY): ACTIVE,
        Manager("a", UPDATE, "batch/v1"): ACTIVE,
        Manager("a", UPDATE, "batch/v1", "status"): ACTIVE,
        Manager("a", APPLY, "", "status"): ACTIVE,
    }
    lines = conflict_error(conflicts).message.splitlines()
    assert lines[0] == (
        'Apply failed with 4 conflicts: conflicts with "a" with subresource "status":'
    )
    assert lines[2::2] == [
        'conflicts with "a" with subresource "status" using batch/v1:',
        'conflicts with "a" using batch/v1:',
        'conflicts with "b":',
    ]
    assert set(lines[1::2]) == {"- .status.active"}
