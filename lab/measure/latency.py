"""Percentiles of delays, exact from an array or mergeable as a histogram.

All inputs are nanoseconds. Wall-clock verdicts look at p50 and p99, never at the maximum: on a
shared machine the maximum is the hypervisor's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

_HIGHEST_NS = 60 * 1_000_000_000
_DIGITS = 3


@dataclass(frozen=True)
class LatencySummary:
    """Percentiles of a set of delays.

    Attributes
    ----------
    count
        How many delays.
    min_us, mean_us, p50_us, p90_us, p99_us, p999_us, max_us
        Microseconds; 0 when there are none.
    """

    count: int = 0
    min_us: float = 0.0
    mean_us: float = 0.0
    p50_us: float = 0.0
    p90_us: float = 0.0
    p99_us: float = 0.0
    p999_us: float = 0.0
    max_us: float = 0.0


def summarise_ns(delay_ns: NDArray[np.int64] | NDArray[np.float64]) -> LatencySummary:
    """Exact percentiles of an array of delays.

    Parameters
    ----------
    delay_ns
        Any shape, nanoseconds; negative values are kept.

    Returns
    -------
    LatencySummary
        A percentile is an element of the input: the smallest one that at least that share of
        all elements does not exceed.
    """
    flat = np.asarray(delay_ns, dtype=np.float64).ravel()
    if flat.size == 0:
        return LatencySummary()
    ascending = np.sort(flat)

    def at(permille: int) -> float:
        # Nearest rank in whole numbers: 99.9 % of 1,000 is 999, which floating point misses.
        rank = -(-permille * ascending.size // 1_000)
        return float(ascending[rank - 1]) / 1e3

    return LatencySummary(
        count=int(flat.size),
        min_us=float(flat.min()) / 1e3,
        mean_us=float(flat.mean()) / 1e3,
        p50_us=at(500),
        p90_us=at(900),
        p99_us=at(990),
        p999_us=at(999),
        max_us=float(flat.max()) / 1e3,
    )


def histogram_ns(
    delay_ns: NDArray[np.int64], *, expected_interval_ns: int | None = None
) -> HdrHistogram:
    """A high dynamic range histogram: 1 ns to 60 s, three digits.

    Parameters
    ----------
    delay_ns
        Nanoseconds; below 1 counts as 1, above 60 s as 60 s.
    expected_interval_ns
        With it, coordinated omission is corrected: one stall of 100 ms in a 10 ms period then
        counts as the ten delays that nobody was there to measure.

    Returns
    -------
    HdrHistogram
        ``encode()`` gives the bytes that go into a result; two histograms can be added.
    """
    histogram = HdrHistogram(1, _HIGHEST_NS, _DIGITS)
    values, counts = np.unique(np.clip(delay_ns, 1, _HIGHEST_NS), return_counts=True)
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        if expected_interval_ns is None:
            histogram.record_value(value, count)
        else:
            histogram.record_corrected_value(value, expected_interval_ns, count)
    return histogram


def summarise_histogram(histogram: HdrHistogram) -> LatencySummary:
    """The summary of a histogram, within its three digits.

    Parameters
    ----------
    histogram
        Of nanoseconds.

    Returns
    -------
    LatencySummary
    """
    if histogram.total_count == 0:
        return LatencySummary()

    def at(percentile: float) -> float:
        return float(histogram.get_value_at_percentile(percentile)) / 1e3

    return LatencySummary(
        count=int(histogram.total_count),
        min_us=float(histogram.get_min_value()) / 1e3,
        mean_us=float(histogram.get_mean_value()) / 1e3,
        p50_us=at(50),
        p90_us=at(90),
        p99_us=at(99),
        p999_us=at(99.9),
        max_us=float(histogram.get_max_value()) / 1e3,
    )
