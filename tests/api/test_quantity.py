from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localjobs.api import quantity
from localjobs.api.quantity import NANOS, ZERO, Notation, Quantity, QuantityError

WRONG_FORMAT = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("0", "0"),
        ("00", "0"),
        ("0Mi", "0"),
        ("0.5", "500m"),
        ("1.5", "1500m"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("100000k", "100M"),
        ("1.5Gi", "1536Mi"),
        ("1024Ki", "1Mi"),
        ("1000Ki", "1000Ki"),
        (".5Ki", "512"),
        ("0.5Mi", "512Ki"),
        ("1e3", "1e3"),
        ("12e4", "120e3"),
        ("-1", "-1"),
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("9999999999999Ei", "9223372036854775807"),
        # upstream takes these for canonical and prints them as they are
        ("1.500", "1.500"),
        ("+1", "+1"),
        ("1E3", "1E3"),
    ],
)
def test_quantities_are_printed_canonically(text: str, printed: str) -> None:
    assert quantity.canonical(text) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", WRONG_FORMAT),
        ("1x", WRONG_FORMAT),
        ("abc", WRONG_FORMAT),
        ("1.2.3", WRONG_FORMAT),
        ("1 Gi", WRONG_FORMAT),
        ("1ki", "unable to parse quantity's suffix"),
        ("1KiKi", "unable to parse quantity's suffix"),
        ("1e", "unable to parse quantity's suffix"),
        ("1e999999999", "unable to parse quantity's suffix"),
    ],
)
def test_what_is_no_quantity_is_refused_in_upstream_s_words(text: str, message: str) -> None:
    with pytest.raises(QuantityError) as caught:
        quantity.parse(text)
    assert str(caught.value) == message


def test_amounts_compare_and_add_whatever_their_notation() -> None:
    assert quantity.parse("1") == quantity.parse("1000m")
    assert hash(quantity.parse("1")) == hash(quantity.parse("1000m"))
    assert quantity.parse("1Ki") > quantity.parse("1k")
    assert str(quantity.parse("1Gi") + quantity.parse("512Mi")) == "1536Mi"
    assert str(ZERO + quantity.parse("1Gi")) == "1Gi"
    assert str(quantity.parse("1") - quantity.parse("250m")) == "750m"


def test_rounding_goes_away_from_zero() -> None:
    assert str(quantity.parse("1.0001").rounded_up(3)) == "1001m"
    assert str(quantity.parse("-1.0001").rounded_up(3)) == "-1001m"
    assert quantity.parse("0.1").value == 1
    assert quantity.parse("0.0001").milli_value == 1


amounts = st.builds(
    Quantity,
    st.integers(-(10**27), 10**27).map(lambda n: n * 1_000_000),
    st.sampled_from(list(Notation)),
)


@settings(max_examples=100, deadline=None)
@given(amounts)
def test_what_is_printed_reads_as_the_same_amount(amount: Quantity) -> None:
    if amount.notation is Notation.BINARY and abs(amount.nanos) > (2**63 - 1) * NANOS:
        amount = Quantity(amount.nanos, Notation.DECIMAL)
    again = quantity.parse(str(amount))
    assert again == amount
    if amount.notation is not Notation.BINARY:  # without a suffix it reads as a decimal one
        assert str(again) == str(amount)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 999), st.sampled_from(["", "m", "k", "Ki", "Mi"]))
def test_reading_is_exact(whole: int, thousandths: int, suffix: str) -> None:
    factors = {"": Fraction(1), "m": Fraction(1, 1000), "k": Fraction(1000)}
    factors |= {"Ki": Fraction(1024), "Mi": Fraction(2**20)}
    factor = factors[suffix]
    expected = (whole + Fraction(thousandths, 1000)) * factor
    assert Fraction(quantity.parse(f"{whole}.{thousandths:03}{suffix}").nanos, NANOS) == expected
