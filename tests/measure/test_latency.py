"""Percentiles, and the histogram that corrects for what nobody was there to measure."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.measure.latency import LatencySummary, histogram_ns, summarise_histogram, summarise_ns


def test_percentiles_are_elements_of_the_input() -> None:
    found = summarise_ns(np.arange(1, 1_001) * 1_000)
    assert (found.count, found.min_us, found.max_us) == (1_000, 1, 1_000)
    assert (found.p50_us, found.p90_us, found.p99_us, found.p999_us) == (500, 900, 990, 999)
    assert found.mean_us == 500.5


def test_nothing_measured_is_all_zero() -> None:
    assert summarise_ns(np.empty(0, dtype=np.int64)) == LatencySummary()
    assert summarise_histogram(histogram_ns(np.empty(0, dtype=np.int64))) == LatencySummary()


@settings(max_examples=25)
@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=300))
def test_the_histogram_agrees_within_its_three_digits(values: list[int]) -> None:
    array = np.array(values, dtype=np.int64)
    exact, rough = summarise_ns(array), summarise_histogram(histogram_ns(array))
    assert rough.count == exact.count
    assert rough.max_us == pytest.approx(exact.max_us, rel=2e-3)
    for name in ("p50_us", "p90_us", "p99_us"):
        # A percentile may fall on the neighbour of the exact one, where there are few values.
        low, high = np.min(array) / 1e3, np.max(array) / 1e3
        assert low * 0.998 <= getattr(rough, name) <= high * 1.002


def test_a_stall_counts_as_the_delays_that_nobody_measured() -> None:
    delays = np.concatenate([np.full(9_999, 50_000), [100_000_000]]).astype(np.int64)
    plain = histogram_ns(delays)
    corrected = histogram_ns(delays, expected_interval_ns=10_000_000)
    assert plain.get_value_at_percentile(99.95) == pytest.approx(50_000, rel=2e-3)
    assert corrected.get_value_at_percentile(99.95) == pytest.approx(50_000_000, rel=0.1)
