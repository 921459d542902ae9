"""Distributions of delays as HdrHistograms: make, read, merge, compare.

A probe that waits for a stalled driver is one bad sample where ten would have been bad: coordinated
omission. With the period of the probes known, a histogram counts those that were left out as well
(Tene's correction: a value of v adds v - period, v - 2 period, ... down to the period).
"""

from __future__ import annotations

import binascii
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram
from numpy.typing import NDArray

from lab.errors import LabError
from lab.results import Histogram

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9, 99.95, 99.99)
SIGNIFICANT_DIGITS = 3
_NS_PER = {"ns": 1, "us": 1_000}
_LONGEST_NS = 3_600_000_000_000
_MOST_CORRECTIONS = 5_000_000


@dataclass(frozen=True, eq=False)
class Distribution:
    """A histogram, decoded.

    Attributes
    ----------
    name, unit, period
        As in `lab.results.Histogram`.
    values
        Ascending, the highest value that each bucket stands for; shape (buckets,).
    counts
        Above 0; shape (buckets,).
    """

    name: str
    unit: str
    period: int
    values: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def total(self) -> int:
        """How many values."""
        return int(self.counts.sum())


@dataclass(frozen=True)
class Shift:
    """By how much a percentile moved.

    Attributes
    ----------
    percentile
        Which one.
    before, after
        In the unit of the histograms.
    difference, low, high
        After less before, and its interval.
    confidence
        Of the interval.
    """

    percentile: float
    before: int
    after: int
    difference: int
    low: float
    high: float
    confidence: float

    @property
    def is_change(self) -> bool:
        """0 is outside the interval."""
        return self.low > 0 or self.high < 0


def make_histogram(
    name: str,
    delays_ns: NDArray[np.int64] | NDArray[np.float64],
    *,
    period_ns: int = 0,
    unit: Literal["ns", "us"] = "ns",
) -> Histogram:
    """Record delays.

    Parameters
    ----------
    name
        Of the distribution.
    delays_ns
        Any shape, nanoseconds, 0 to an hour.
    period_ns
        Expected interval between two probes, for the correction; 0: none.
    unit
        Of the histogram's whole numbers; delays are rounded to it.

    Raises
    ------
    LabError
        For a delay that is not finite, negative, or longer than an hour, or a period that is
        negative, no whole number of the unit, or far too short for the delays.
    """
    scale = _NS_PER[unit]
    delays = np.asarray(delays_ns).ravel()
    if delays.size and not np.isfinite(delays).all():
        raise LabError("a delay is not a finite number", where=name)
    if delays.size and (delays.min() < 0 or delays.max() > _LONGEST_NS):
        raise LabError("a delay is negative or longer than an hour", where=name)
    if period_ns < 0 or period_ns % scale:
        raise LabError(f"a period of {period_ns} ns is no whole number of {unit}", where=name)
    values = np.rint(delays.astype(np.float64) / scale).astype(np.int64)
    histogram = _empty(unit)
    uniques, counts = np.unique(_corrected(values, period_ns // scale, name), return_counts=True)
    places, sums = _bucketed(uniques, counts)
    for value, count in zip(places.tolist(), sums.tolist(), strict=True):
        assert histogram.record_value(value, count)
    return _as_record(name, unit, period_ns // scale, histogram)


def decode(histogram: Histogram) -> Distribution:
    """Read a histogram.

    Raises
    ------
    LabError
        When it is none.
    """
    read = read_histogram(histogram)
    # The counters themselves: the library's iterator takes a thousand times as long.
    counts = np.array(read.counts[: read.encoder.payload.counts_len], dtype=np.int64)
    index = np.flatnonzero(counts)
    half_bits = read.sub_bucket_half_count_magnitude
    # Of the first bucket both halves are used, of all others the upper one.
    bucket = np.maximum((index >> half_bits) - 1, 0)
    sub_bucket = index - (bucket << half_bits)
    shifts = bucket + read.unit_magnitude
    return Distribution(
        name=histogram.name,
        unit=histogram.unit,
        period=histogram.period,
        values=((sub_bucket + 1) << shifts) - 1,
        counts=counts[index],
    )


def merge(histograms: Sequence[Histogram]) -> Histogram:
    """All values of several histograms in one.

    Parameters
    ----------
    histograms
        At least one, of the same unit and period.

    Raises
    ------
    LabError
        For none, for units or periods that differ, or for one that cannot be read.
    """
    if not histograms:
        raise LabError("no histogram to merge")
    first = histograms[0]
    _alike(histograms)
    whole = read_histogram(first)
    for other in histograms[1:]:
        read = read_histogram(other)
        if read.highest_trackable_value > whole.highest_trackable_value:
            whole, read = read, whole
        whole.add(read)
    return _as_record(first.name, first.unit, first.period, whole)


def percentiles(
    distribution: Distribution, which: Sequence[float] = PERCENTILES
) -> dict[float, int]:
    """Values that so many per cent do not exceed, by nearest rank; {} of an empty distribution."""
    if distribution.counts.size == 0:
        return {}
    below = np.cumsum(distribution.counts)
    return {p: int(distribution.values[np.searchsorted(below, _rank(p, below[-1]))]) for p in which}


def shift(
    before: Sequence[Distribution],
    after: Sequence[Distribution],
    *,
    percentile: float = 99.0,
    confidence: float = 0.95,
    resamples: int = 999,
    seed: int = 0,
) -> Shift | None:
    """By how much a percentile moved, with a bootstrap interval.

    A side of several nights is resampled by whole nights: what happens in one night belongs
    together. A side of one night is resampled by its values, and then the interval knows nothing
    of how nights differ.

    Parameters
    ----------
    before, after
        One distribution per night, same unit and period.
    percentile
        Above 0, up to 100.
    confidence, resamples, seed
        Of the bootstrap.

    Returns
    -------
    Shift or None
        None when there is nothing on one side.

    Raises
    ------
    LabError
        For a percentile out of range, or units or periods that differ.
    """
    if not 0 < percentile <= 100:
        raise LabError(f"no percentile {percentile:g}", do="ask for one above 0, up to 100")
    _alike([*before, *after])
    rng = np.random.default_rng(seed)
    sides = [[d for d in side if d.counts.size] for side in (before, after)]
    if not all(sides):
        return None
    old, new = (_resampled(side, percentile, resamples, rng) for side in sides)
    tail = (1 - confidence) / 2
    low, high = np.quantile(new[1] - old[1], [tail, 1 - tail])
    return Shift(
        percentile=percentile,
        before=old[0],
        after=new[0],
        difference=new[0] - old[0],
        low=float(low),
        high=float(high),
        confidence=confidence,
    )


def _resampled(
    side: Sequence[Distribution], percentile: float, resamples: int, rng: np.random.Generator
) -> tuple[int, NDArray[np.int64]]:
    """The percentile of all nights, and of each resample."""
    places = np.unique(np.concatenate([d.values for d in side]))
    table = np.zeros((len(side), places.size), dtype=np.int64)
    for row, d in enumerate(side):
        table[row, np.searchsorted(places, d.values)] = d.counts
    if len(side) > 1:
        nights = len(side)
        weights = rng.multinomial(nights, np.full(nights, 1 / nights), size=resamples)
        drawn = weights @ table
    else:
        total = int(table.sum())
        drawn = rng.multinomial(total, table[0] / total, size=resamples)
    below = np.cumsum(drawn, axis=1)
    ranks = np.array([_rank(percentile, n) for n in below[:, -1].tolist()])
    whole = np.cumsum(table.sum(axis=0))
    at = int(np.searchsorted(whole, _rank(percentile, int(whole[-1]))))
    return int(places[at]), places[(below < ranks[:, np.newaxis]).sum(axis=1)]


def _rank(percentile: float, total: int) -> int:
    # In thousandths of a per cent, whole numbers: 99.9 % of 1,000 is 999, which floats miss.
    return max(1, -(-round(percentile * 1_000) * int(total) // 100_000))


def _corrected(values: NDArray[np.int64], period: int, name: str) -> NDArray[np.int64]:
    """With the values that were left out."""
    if period == 0:
        return values
    long = values[values > period]
    left_out = -(-(long - period) // period)
    total = int(left_out.sum())
    if total > _MOST_CORRECTIONS:
        raise LabError(
            f"the correction would add {total:,} values",
            where=name,
            do="check the period: it is far shorter than the delays",
        )
    steps = np.arange(total) - np.repeat(np.cumsum(left_out) - left_out, left_out) + 1
    return np.concatenate((values, np.repeat(long, left_out) - steps * period))


def _bucketed(
    values: NDArray[np.int64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """One value per bucket of the histogram, so that few have to be recorded one by one."""
    if values.size == 0:
        return values, counts
    # 3 digits take 2,048 sub-buckets, 11 bits; frexp's exponent is the number of bits.
    shifts = np.maximum(np.frexp(values.astype(np.float64))[1] - 11, 0)
    floor = (values >> shifts) << shifts
    places, inverse = np.unique(floor, return_inverse=True)
    return places, np.bincount(inverse, weights=counts).astype(np.int64)


def _empty(unit: str) -> HdrHistogram:
    return HdrHistogram(1, _LONGEST_NS // _NS_PER[unit], SIGNIFICANT_DIGITS)


def _as_record(name: str, unit: str, period: int, histogram: HdrHistogram) -> Histogram:
    encoded = histogram.encode()
    text = encoded.decode("ascii") if isinstance(encoded, bytes) else str(encoded)
    return Histogram(name=name, unit=unit, encoded=text, period=period)


def read_histogram(histogram: Histogram) -> HdrHistogram:
    """A histogram as its library has it.

    Raises
    ------
    LabError
        When what is encoded is none.
    """
    try:
        return HdrHistogram.decode(histogram.encoded)
    except (
        HdrCookieException,
        HdrLengthException,
        binascii.Error,
        zlib.error,
        struct.error,
        ValueError,
        IndexError,
        TypeError,
        OverflowError,
        MemoryError,
    ) as error:
        raise LabError("not an HdrHistogram", where=histogram.name) from error


def _alike(told: Sequence[Histogram] | Sequence[Distribution]) -> None:
    kinds = sorted({(h.unit, h.period) for h in told})
    if len(kinds) > 1:
        a, b = kinds[:2]
        raise LabError(
            f"histograms of {a[0]} with period {a[1]} and of {b[0]} with period {b[1]}",
            where=told[0].name,
            do="compare those of one unit and one period",
        )
