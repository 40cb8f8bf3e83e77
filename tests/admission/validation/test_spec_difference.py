from localjobs.admission.validation.spec_difference import difference


def test_the_lines_that_came_and_went_with_one_around_them() -> None:
    old, new = {"a": 1, "b": {"c": [1]}}, {"a": 1, "b": {"c": [2]}}
    assert difference(old, new).splitlines() == ['     "c": [', "-      1", "+      2", "     ]"]


def test_nothing_differs() -> None:
    assert difference({"a": 1}, {"a": 1}) == ""
