from __future__ import annotations

import os
from dataclasses import replace

import pytest

from localjobs.shim.memory import LONGEST_INTERVAL, SHORTEST_INTERVAL, Scales
from tests.kubelet.shim_harness import ShimHarness

MEBIBYTE = 1 << 20


async def test_a_container_that_holds_too_much_is_killed(harness: ShimHarness) -> None:
    start = harness.new_start("a", ("tail", "/dev/zero"))
    harness.runtime.start(replace(start, memory_limit=20 * MEBIBYTE))
    end = await harness.exited("a")
    assert (end.signal, end.out_of_memory) == (9, True)


async def test_a_child_that_holds_too_much_is_the_containers(harness: ShimHarness) -> None:
    start = harness.new_start("a", ("sh", "-c", "tail /dev/zero & wait"))
    harness.runtime.start(replace(start, memory_limit=20 * MEBIBYTE))
    end = await harness.exited("a")
    assert (end.signal, end.out_of_memory) == (9, True)


async def test_a_container_within_its_limit_goes_on(harness: ShimHarness) -> None:
    start = harness.new_start("a", ("sh", "-c", "sleep 0.3; exit 4"))
    harness.runtime.start(replace(start, memory_limit=20 * MEBIBYTE))
    end = await harness.exited("a")
    assert (end.exit_code, end.out_of_memory) == (4, False)


@pytest.mark.parametrize(
    ("limit", "interval"), [(1, SHORTEST_INTERVAL), (1 << 40, LONGEST_INTERVAL)]
)
def test_the_closer_to_the_limit_the_sooner_it_is_looked_at_again(
    limit: int, interval: float
) -> None:
    scales, families = Scales(), {7: [os.getpid()]}
    scales.put(7, limit, 100.0)
    assert scales.due == 100.0 + SHORTEST_INTERVAL
    assert scales.over_limit(101.0, families) == ([7] if limit == 1 else [])
    assert scales.due == 101.0 + interval


def test_what_has_ended_is_not_looked_at() -> None:
    scales = Scales()
    scales.put(7, 1, 100.0)
    scales.take_off(7)
    scales.take_off(8)
    assert scales.due is None
