"""Sets of completion indexes, kept as sorted runs: `0-2,5,7,8`.

An Indexed Job can have 100,000 indexes, so a set of all of them is one run, and adding one index
costs a binary search (pkg/controller/job/indexed_job_utils.go).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class IndexSetError(ValueError):
    """A text that is no set of indexes, in the words of upstream's validation."""


class IndexSet:
    """A mutable set of indexes >= 0. Iterates in increasing order."""

    __slots__ = ("_firsts", "_lasts", "_size", "_texts")

    def __init__(self, indexes: Iterable[int] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self._texts: list[str] = []
        """Each run as it is rendered: a status with thousands of runs is rendered very often."""
        self._size = 0
        for index in indexes:
            self.add(index)

    @classmethod
    def parse(cls, text: str, limit: int | None = None) -> IndexSet:
        """Read `0-2,5`. IndexSetError if it is malformed, unsorted, or reaches `limit`.

        The texts are those of pkg/apis/batch/validation (validateIndexesFormat).
        """
        result = cls()
        for fragment in text.split(",") if text else ():
            first, last = _interval(fragment, limit)
            if result._lasts and result._lasts[-1] >= first:
                raise _not_increasing(result._lasts[-1], first)
            result._append(first, last)
        return result

    def _append(self, first: int, last: int) -> None:
        if self._lasts and self._lasts[-1] + 1 == first:
            self._lasts[-1] = last
            self._texts[-1] = _render_run(self._firsts[-1], last)
        else:
            self._firsts.append(first)
            self._lasts.append(last)
            self._texts.append(_render_run(first, last))
        self._size += last - first + 1

    def add(self, index: int) -> bool:
        """Add it; False if it was there already."""
        at = bisect_right(self._firsts, index)
        if at and index <= self._lasts[at - 1]:
            return False
        self._size += 1
        joins_left = at > 0 and self._lasts[at - 1] + 1 == index
        joins_right = at < len(self._firsts) and self._firsts[at] - 1 == index
        if joins_left and joins_right:
            self._replace(at - 1, at + 1, [(self._firsts[at - 1], self._lasts[at])])
        elif joins_left:
            self._replace(at - 1, at, [(self._firsts[at - 1], index)])
        elif joins_right:
            self._replace(at, at + 1, [(index, self._lasts[at])])
        else:
            self._replace(at, at, [(index, index)])
        return True

    def _replace(self, start: int, end: int, runs: list[tuple[int, int]]) -> None:
        """Put other runs in the place of those from `start` to before `end`."""
        self._firsts[start:end] = [run[0] for run in runs]
        self._lasts[start:end] = [run[1] for run in runs]
        self._texts[start:end] = [_render_run(*run) for run in runs]

    def discard(self, index: int) -> bool:
        """Remove it; False if it was not there."""
        at = bisect_right(self._firsts, index) - 1
        if at < 0 or index > self._lasts[at]:
            return False
        self._size -= 1
        first, last = self._firsts[at], self._lasts[at]
        kept = [run for run in ((first, index - 1), (index + 1, last)) if run[0] <= run[1]]
        self._replace(at, at + 1, kept)
        return True

    def below(self, limit: int) -> IndexSet:
        """The indexes smaller than `limit`."""
        result = IndexSet()
        for first, last in self.runs():
            if first >= limit:
                break
            result._append(first, min(last, limit - 1))
        return result

    def union(self, other: IndexSet) -> IndexSet:
        """The indexes of both."""
        result = IndexSet()
        for first, last in sorted([*self.runs(), *other.runs()]):
            start = max(first, result._lasts[-1] + 1) if result._lasts else first
            if start <= last:
                result._append(start, last)
        return result

    def first_common(self, other: IndexSet) -> int | None:
        """The smallest index in both; None if they share none."""
        left, right = iter(self.runs()), iter(other.runs())
        mine, theirs = next(left, None), next(right, None)
        while mine is not None and theirs is not None:
            if max(mine[0], theirs[0]) <= min(mine[1], theirs[1]):
                return max(mine[0], theirs[0])
            if mine[1] < theirs[1]:
                mine = next(left, None)
            else:
                theirs = next(right, None)
        return None

    def missing(self, limit: int) -> Iterator[int]:
        """The indexes below `limit` that are not in the set, increasing."""
        start = 0
        for first, last in self.runs():
            yield from range(start, min(first, limit))
            start = last + 1
        yield from range(start, limit)

    def runs(self) -> Iterator[tuple[int, int]]:
        """The runs as (first, last), increasing, none adjacent."""
        return zip(self._firsts, self._lasts, strict=True)

    def render(self) -> str:
        """Runs of three and more as `a-b`, shorter ones index by index."""
        return ",".join(self._texts)

    def copy(self) -> IndexSet:
        """A set of its own with the same indexes."""
        result = IndexSet()
        result._firsts, result._lasts = self._firsts.copy(), self._lasts.copy()
        result._texts, result._size = self._texts.copy(), self._size
        return result

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        at = bisect_right(self._firsts, index)
        return at > 0 and index <= self._lasts[at - 1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.runs():
            yield from range(first, last + 1)

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return self._size > 0

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IndexSet):
            return NotImplemented
        return self._firsts == other._firsts and self._lasts == other._lasts

    __hash__ = None  # type: ignore[assignment]  # it is mutable

    def __repr__(self) -> str:
        return f"IndexSet({self.render()!r})"


def _render_run(first: int, last: int) -> str:
    if first == last:
        return str(first)
    return f"{first},{last}" if last == first + 1 else f"{first}-{last}"


def _interval(fragment: str, limit: int | None) -> tuple[int, int]:
    parts = fragment.split("-")
    if len(parts) > 2:
        raise IndexSetError(
            f'the fragment "{fragment}" violates the requirement that an index interval '
            "can have at most two parts separated by '-'"
        )
    limits = [_index(part, limit) for part in parts]
    if len(limits) == 2 and limits[0] >= limits[1]:
        raise _not_increasing(limits[0], limits[1])
    return limits[0], limits[-1]


def _index(text: str, limit: int | None) -> int:
    if not _INTEGER.fullmatch(text):
        raise IndexSetError(f'cannot convert string to integer for index: "{text}"')
    index = int(text)
    if limit is not None and index >= limit:
        raise IndexSetError(f'too large index: "{text}"')
    return index


def _not_increasing(previous: int, current: int) -> IndexSetError:
    return IndexSetError(f"non-increasing order, previous: {previous}, current: {current}")
