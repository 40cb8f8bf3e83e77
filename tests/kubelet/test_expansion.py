import pytest
from hypothesis import given
from hypothesis import strategies as st

from localjobs.kubelet.expansion import expand

VARIABLES = {"A": "1", "B": "$(A)", "EMPTY": "", "odd name": "x"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"),
        ("$(A)$(A)-$(NOPE)", "11-$(NOPE)"),
        ("$(B)", "$(A)"),  # a value is not expanded again
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("[$(EMPTY)]", "[]"),
        ("$(odd name)", "x"),
        ("$()", "$()"),
        ("kill -9 $$", "kill -9 $"),
    ],
)
def test_references(text: str, expected: str) -> None:
    assert expand(text, VARIABLES) == expected


@given(st.text())
def test_doubled_dollars_give_the_text_itself(text: str) -> None:
    assert expand(text.replace("$", "$$"), VARIABLES) == text
