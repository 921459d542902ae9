"""Percentiles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lab.measure.latency import LatencySummary, summarise_ns


def test_percentiles_are_elements_of_the_input() -> None:
    found = summarise_ns(np.arange(1, 1_001) * 1_000)
    assert (found.count, found.min_us, found.max_us) == (1_000, 1, 1_000)
    assert (found.p50_us, found.p90_us, found.p99_us, found.p999_us) == (500, 900, 990, 999)
    assert found.mean_us == 500.5


def test_nothing_measured_is_all_zero() -> None:
    assert summarise_ns(np.empty(0, dtype=np.int64)) == LatencySummary()


@given(st.lists(st.integers(-(10**9), 10**10), min_size=1, max_size=300))
def test_a_percentile_is_the_smallest_that_so_many_do_not_exceed(values: list[int]) -> None:
    found = summarise_ns(np.array(values, dtype=np.int64))
    ascending = [value / 1e3 for value in sorted(values)]
    for permille, told in ((500, found.p50_us), (900, found.p90_us), (990, found.p99_us)):
        rank = ascending.index(told)  # of the first of equals
        below_or_equal = sum(value <= told for value in ascending)
        assert 1_000 * below_or_equal >= permille * len(values)
        assert 1_000 * rank < permille * len(values)
