"""Numbers, told to people."""

import pytest

from localjobs.controller.wording import counted


@pytest.mark.parametrize(("number", "told"), [(0, "0 pods"), (1, "1 pod"), (2, "2 pods")])
def test_only_one_is_one(number: int, told: str) -> None:
    assert counted(number, "pod") == told


def test_what_no_s_makes_many_is_named() -> None:
    assert counted(2, "index", "indexes") == "2 indexes"
    assert counted(1, "index", "indexes") == "1 index"
