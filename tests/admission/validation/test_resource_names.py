import pytest

from localjobs.admission.validation.resource_names import (
    is_counted,
    is_divisible,
    is_extended,
    is_overcommit_allowed,
)
from localjobs.api.quantity import parse


@pytest.mark.parametrize(
    ("name", "extended", "counted", "overcommit"),
    [
        ("cpu", False, False, True),
        ("pods", False, True, True),
        ("hugepages-2Mi", False, False, False),
        ("acme.io/gpu", True, True, False),
        ("kubernetes.io/x", False, False, True),
        ("requests.acme.io/gpu", False, False, False),
    ],
)
def test_kinds_of_resources(name: str, *, extended: bool, counted: bool, overcommit: bool) -> None:
    assert is_extended(name) is extended
    assert is_counted(name) is counted
    assert is_overcommit_allowed(name) is overcommit


@pytest.mark.parametrize(
    ("name", "amount", "expected"),
    [
        ("hugepages-2Mi", "4Mi", True),
        ("hugepages-2Mi", "3Mi", False),
        ("hugepages-0", "3Mi", False),
        ("hugepages-x", "3Mi", False),
        ("hugepages-1500m", "3", False),
    ],
)
def test_whole_pages(name: str, amount: str, *, expected: bool) -> None:
    assert is_divisible(name, parse(amount)) is expected
