"""Percentiles of delays, exact from an array.

All inputs are nanoseconds. What is judged of the wall clock is the 99th percentile, never the
maximum: on a shared machine the maximum is the hypervisor's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
