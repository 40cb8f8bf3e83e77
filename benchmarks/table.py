"""How results are printed: what was measured, the goal, and whether it is met."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One figure and its goal: at most that much, or at least."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        above = self.least is None or self.value >= self.least
        return above and (self.most is None or self.value <= self.most)

    @property
    def goal(self) -> str:
        if self.most is not None:
            return f"<= {self.most:g}"
        return "" if self.least is None else f">= {self.least:g}"


def show(results: Sequence[Result]) -> None:
    """Print them as a table."""
    width = max(len(result.what) for result in results)
    for result in results:
        verdict = ("met" if result.is_met else "MISSED") if result.goal else ""
        line = f"  {result.what:<{width}}  {result.value:9.2f} {result.unit:<8}"
        print(f"{line} {result.goal:<9} {verdict:<6} {result.note}".rstrip())
