"""Amounts of resources: upstream's `resource.Quantity`, exactly.

An amount is held as a whole number of billionths (upstream rounds finer ones up), with the
notation it was written in (apimachinery/pkg/api/resource/quantity.go and suffix.go).
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache, total_ordering

from msgspec import Struct
from msgspec.structs import replace


class Notation(Enum):
    """How an amount is written: `1500m` or `2k`, `1536Mi`, `15e2`."""

    DECIMAL = "DecimalSI"
    BINARY = "BinarySI"
    EXPONENT = "DecimalExponent"


class QuantityError(ValueError):
    """A text that is no quantity, in upstream's words."""


NANOS = 1_000_000_000
_LARGEST_BINARY = (2**63 - 1) * NANOS
_LARGEST_EXPONENT = 400  # beyond it a text is a joke, and its number would fill the memory
_SYNTAX = re.compile(r"([+-]?)0*([0-9]*)(?:\.([0-9]*))?([eEinumkKMGTP]*[-+]?[0-9]*)", re.ASCII)
_DECIMAL_SUFFIXES = {
    "n": -9,
    "u": -6,
    "m": -3,
    "": 0,
    "k": 3,
    "M": 6,
    "G": 9,
    "T": 12,
    "P": 15,
    "E": 18,
}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_BY_EXPONENT = {exponent: suffix for suffix, exponent in _DECIMAL_SUFFIXES.items()}
_BINARY_BY_POWER = {power: suffix for suffix, power in _BINARY_SUFFIXES.items()}


@total_ordering
class Quantity(Struct, frozen=True, eq=False):
    """An exact amount. Compares by amount alone: `1` equals `1000m`."""

    nanos: int
    notation: Notation = Notation.DECIMAL
    text: str = ""
    """The text it was read from, where upstream prints it unchanged; else ""."""

    @classmethod
    def of(cls, whole: int, notation: Notation = Notation.DECIMAL) -> Quantity:
        """A whole number of units (cores, bytes, ...)."""
        return cls(whole * NANOS, notation)

    @property
    def value(self) -> int:
        """Whole units, rounded up."""
        return -(-self.nanos // NANOS)

    @property
    def milli_value(self) -> int:
        """Thousandths, rounded up."""
        return -(-self.nanos // 1_000_000)

    def rounded_up(self, digits: int) -> Quantity:
        """Rounded away from zero to this many decimal digits."""
        unit = 10 ** (9 - digits)
        if self.nanos % unit == 0:
            return self
        size = -(-abs(self.nanos) // unit) * unit
        return Quantity(size if self.nanos > 0 else -size, self.notation)

    def __str__(self) -> str:
        return self.text or _canonical(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantity) and self.nanos == other.nanos

    def __lt__(self, other: Quantity) -> bool:
        return self.nanos < other.nanos

    def __hash__(self) -> int:
        return hash(self.nanos)

    def __bool__(self) -> bool:
        return self.nanos != 0

    def __neg__(self) -> Quantity:
        return Quantity(-self.nanos, self.notation)

    def __add__(self, other: Quantity) -> Quantity:
        """The sum, in the notation of the first amount that is not zero."""
        notation = self.notation if self.nanos else other.notation
        return Quantity(self.nanos + other.nanos, notation)

    def __sub__(self, other: Quantity) -> Quantity:
        return self + -other


ZERO = Quantity(0, Notation.DECIMAL, "0")


@lru_cache(maxsize=4096)
def parse(text: str) -> Quantity:
    """Read `500m`, `1.5Gi`, `12e3`; QuantityError with upstream's text if it is none."""
    found = _SYNTAX.fullmatch(text)
    if not text or found is None:
        raise QuantityError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )
    sign, whole, fraction, suffix = found.groups(default="")
    base, exponent, notation = _interpret(suffix)
    digits = int((whole + fraction) or "0")
    nanos = _scaled(digits, base, exponent, 9 - len(fraction))
    if notation is Notation.BINARY:
        nanos = min(nanos, _LARGEST_BINARY)
        if 0 < nanos < NANOS:
            notation = Notation.DECIMAL
    kept = text if _is_kept(whole or "0", fraction, exponent, notation) else ""
    return Quantity(-nanos if sign == "-" else nanos, notation, kept)


def _interpret(suffix: str) -> tuple[int, int, Notation]:
    if suffix in _DECIMAL_SUFFIXES:
        return 10, _DECIMAL_SUFFIXES[suffix], Notation.DECIMAL
    if suffix in _BINARY_SUFFIXES:
        return 2, _BINARY_SUFFIXES[suffix], Notation.BINARY
    if re.fullmatch("[eE][-+]?[0-9]{1,9}", suffix) and abs(int(suffix[1:])) <= _LARGEST_EXPONENT:
        return 10, int(suffix[1:]), Notation.EXPONENT
    raise QuantityError("unable to parse quantity's suffix")


def _scaled(digits: int, base: int, exponent: int, shift: int) -> int:
    """digits * base**exponent * 10**shift, rounded up to a whole number."""
    numerator, denominator = digits, 1
    for power_base, power in ((base, exponent), (10, shift)):
        if power >= 0:
            numerator *= power_base**power
        else:
            denominator *= power_base**-power
    return -(-numerator // denominator)


def _is_kept(whole: str, fraction: str, exponent: int, notation: Notation) -> bool:
    """Whether upstream takes the text for canonical already and prints it unchanged."""
    if notation is Notation.BINARY:
        size = 15 - len(whole) - int(exponent * 3 / 10) - 1
        return size >= 0 and not fraction and exponent % 10 == 0 and int(whole) & 7 != 0
    scale, digits = exponent - len(fraction), whole + fraction
    fast = len(digits) <= 18 and scale >= -9
    return fast and scale % 3 == 0 and not digits.endswith("000") and digits[0] != "0"


def _canonical(quantity: Quantity) -> str:
    if quantity.nanos == 0:
        return "0"
    if quantity.notation is Notation.BINARY:
        whole, rest = divmod(abs(quantity.nanos), NANOS)
        if whole >= 1024 and rest == 0:
            return _in_powers(quantity.nanos // NANOS)
    return _in_thousands(quantity)


def _in_powers(amount: int) -> str:
    power = 0
    while amount % 1024 == 0 and power < 60:
        amount, power = amount // 1024, power + 10
    return f"{amount}{_BINARY_BY_POWER[power] if power else ''}"


def _in_thousands(quantity: Quantity) -> str:
    amount, exponent = quantity.nanos, -9
    is_exponent = quantity.notation is Notation.EXPONENT
    while amount % 1000 == 0 and (is_exponent or exponent < 18):
        amount, exponent = amount // 1000, exponent + 3
    if is_exponent:
        return f"{amount}e{exponent}" if exponent else str(amount)
    return f"{amount}{_DECIMAL_BY_EXPONENT[exponent]}"


def canonical(text: str) -> str:
    """The text as upstream prints it; QuantityError if it is no quantity."""
    return str(parse(text))


def with_notation(quantity: Quantity, notation: Notation) -> Quantity:
    """The same amount, written differently."""
    return replace(quantity, notation=notation, text="")
