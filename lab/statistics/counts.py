"""Two rates of events compared exactly, and what to do when events do not come one by one.

Glitches and underruns are counts, mostly 0. A t-test takes them for normal and raises an alarm
for nothing. Two Poisson counts are compared exactly: given their sum, the second one is binomial
with the second one's share of the exposure (Przyborowski and Wilenski 1940). The interval of the
ratio of rates is Clopper and Pearson's interval of that share, so that interval and p agree.

Exposures are in any unit that is the same on both sides (seconds of audio). What has no bound
(a ratio to a rate of 0) is None, never infinity: records of JSON have none.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.errors import LabError
from lab.statistics.special import (
    binomial_at_least,
    binomial_bounds,
    chi_squared_beyond,
    chi_squared_low,
    negative_binomial_tails,
)

# Below this mean count per night Pearson's statistic is not chi squared; it is simulated.
_CHI_SQUARED_MEAN = 5.0
_SIMULATIONS = 1_999
DISPERSION_LIMIT = 0.01
"""A p of `check_dispersion` at or below this says that Poisson is the wrong model."""


@dataclass(frozen=True)
class CountComparison:
    """Two counts with exposures, compared.

    Attributes
    ----------
    rate_before, rate_after
        Events per unit of exposure.
    ratio
        After over before; None when there was none before.
    ratio_low, ratio_high
        Interval of the ratio; `ratio_high` None: no bound.
    p_more, p_fewer
        One-sided: that so many, or so few, come after, when nothing has changed.
    p
        Two-sided: twice the smaller one, at most 1.
    confidence
        Of the interval.
    model
        ``"poisson"``, or ``"negative-binomial"`` where the baseline is overdispersed.
    """

    rate_before: float
    rate_after: float
    ratio: float | None
    ratio_low: float
    ratio_high: float | None
    p_more: float
    p_fewer: float
    p: float
    confidence: float = 0.95
    model: Literal["poisson", "negative-binomial"] = "poisson"


@dataclass(frozen=True)
class Dispersion:
    """Whether nights scatter as Poisson counts do.

    Attributes
    ----------
    factor
        Variance over mean, Pearson's estimate; 1 for Poisson.
    upper
        Its upper 95 % bound, never below 1: what overdispersed counts are judged by.
    p
        That Poisson nights scatter as much or more.
    """

    factor: float
    upper: float
    p: float

    @property
    def is_poisson(self) -> bool:
        """Nothing speaks against Poisson."""
        return self.p > DISPERSION_LIMIT


def compare_counts(
    before: int,
    exposure_before: float,
    after: int,
    exposure_after: float,
    *,
    confidence: float = 0.95,
) -> CountComparison:
    """Compare two Poisson counts exactly.

    Parameters
    ----------
    before, after
        Counts, 0 or more.
    exposure_before, exposure_after
        What each was counted over, above 0, same unit.
    confidence
        Of the interval of the ratio.

    Returns
    -------
    CountComparison
        Two counts of 0 have p = 1.

    Raises
    ------
    LabError
        For a negative count, or an exposure that is not above 0 and finite.
    """
    _check([before, after], [exposure_before, exposure_after])
    # The larger exposure divides: no overflow, whatever they are.
    largest = max(exposure_before, exposure_after)
    scaled = exposure_before / largest, exposure_after / largest
    share = scaled[1] / (scaled[0] + scaled[1])
    total = before + after
    p_more = binomial_at_least(after, total, share)
    p_fewer = binomial_at_least(before, total, scaled[0] / (scaled[0] + scaled[1]))
    low, high = binomial_bounds(after, total, confidence)
    return CountComparison(
        rate_before=_finite(before / exposure_before),
        rate_after=_finite(after / exposure_after),
        ratio=_ratio(after, before, *scaled),
        ratio_low=_ratio(low, 1 - low, *scaled) or 0.0,
        ratio_high=_ratio(high, 1 - high, *scaled),
        p_more=p_more,
        p_fewer=p_fewer,
        p=min(1.0, 2 * min(p_more, p_fewer)),
        confidence=confidence,
    )


def compare_with_baseline(
    counts: Sequence[int] | NDArray[np.int64],
    exposures: Sequence[float] | NDArray[np.float64],
    count: int,
    exposure: float,
    *,
    seed: int = 0,
) -> CountComparison:
    """Compare a night with a baseline of nights of unequal exposure.

    While nights scatter as Poisson, their sum says all there is to know. When they scatter more
    (`check_dispersion`), the night is held against a negative binomial: variance = upper bound of
    the factor times the mean, plus what the mean itself is uncertain by.

    Whole nights are not permuted: with n nights no permutation gives a p below 1/(n + 1), and a
    family of thousands of series needs one far below.

    Parameters
    ----------
    counts, exposures
        Of the nights of the baseline, at least one.
    count, exposure
        Of the night in question.
    seed
        Of the simulation in `check_dispersion`.

    Raises
    ------
    LabError
        For an empty baseline, a negative count, or an exposure not above 0.
    """
    k, t = _as_arrays(counts, exposures)
    plain = compare_counts(int(k.sum()), float(t.sum()), count, exposure)
    dispersion = check_dispersion(k.astype(np.int64), t, seed=seed)
    if dispersion.is_poisson:
        return plain
    return overdispersed(plain, int(k.sum()), float(t.sum()), count, exposure, dispersion.upper)


def overdispersed(
    plain: CountComparison,
    before: int,
    exposure_before: float,
    after: int,
    exposure_after: float,
    factor: float,
) -> CountComparison:
    """The comparison again, when the variance is `factor` times Poisson's.

    Parameters
    ----------
    plain
        By Poisson.
    before, exposure_before, after, exposure_after
        As for `compare_counts`.
    factor
        Above 1; anything else returns `plain`.

    Returns
    -------
    CountComparison
        p is never below Poisson's; the interval of the ratio is wider by the square root of the
        factor, on a logarithmic scale.
    """
    if factor <= 1.0 or before == 0:
        return plain
    share = exposure_after / exposure_before
    mean = before * share
    variance = mean * factor * (1 + share)
    if not (math.isfinite(mean) and math.isfinite(variance) and variance > mean > 1e-12):
        return plain
    more, fewer = negative_binomial_tails(after, mean, variance)
    p_more, p_fewer = max(more, plain.p_more), max(fewer, plain.p_fewer)
    low, high = plain.ratio_low, plain.ratio_high
    if plain.ratio:
        widen = math.sqrt(factor)
        low = plain.ratio * _power(low / plain.ratio, widen)
        high = (
            None
            if high is None
            else _none_if_infinite(plain.ratio * _power(high / plain.ratio, widen))
        )
    return CountComparison(
        rate_before=plain.rate_before,
        rate_after=plain.rate_after,
        ratio=plain.ratio,
        ratio_low=low,
        ratio_high=high,
        p_more=p_more,
        p_fewer=p_fewer,
        p=min(1.0, 2 * min(p_more, p_fewer)),
        confidence=plain.confidence,
        model="negative-binomial",
    )


def check_dispersion(
    counts: Sequence[int] | NDArray[np.int64],
    exposures: Sequence[float] | NDArray[np.float64],
    *,
    seed: int = 0,
    simulations: int = _SIMULATIONS,
) -> Dispersion:
    """Test whether nights scatter as Poisson counts of one rate do.

    Pearson's statistic. Given their sum, Poisson counts are multinomial; where the mean is below
    5 a night the distribution of the statistic is simulated from that, elsewhere it is chi
    squared with n - 1 degrees of freedom.

    Parameters
    ----------
    counts, exposures
        Of the nights.
    seed, simulations
        Of the simulation, and how many.

    Returns
    -------
    Dispersion
        Factor 1 and p 1 when there is nothing to tell: one night, or no events.

    Raises
    ------
    LabError
        For an empty list, a negative count, or an exposure not above 0.
    """
    k, t = _as_arrays(counts, exposures)
    total, nights = int(k.sum()), k.size
    if nights < 2 or total == 0:
        return Dispersion(factor=1.0, upper=1.0, p=1.0)
    shares = t / t.max()
    shares = np.maximum(shares / shares.sum(), 1e-12)
    shares /= shares.sum()
    expected = total * shares
    found = float(((k - expected) ** 2 / expected).sum())
    if total / nights >= _CHI_SQUARED_MEAN:
        p = chi_squared_beyond(found, nights - 1)
    else:
        drawn = np.random.default_rng(seed).multinomial(total, shares, size=simulations)
        simulated = ((drawn - expected) ** 2 / expected).sum(axis=1)
        p = (1 + int((simulated >= found * (1 - 1e-12)).sum())) / (simulations + 1)
    factor = found / (nights - 1)
    upper = max(1.0, found / chi_squared_low(nights - 1, 0.05))
    return Dispersion(factor=factor, upper=upper, p=p)


def _as_arrays(
    counts: ArrayLike, exposures: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    k = np.asarray(counts, dtype=np.float64).ravel()
    t = np.asarray(exposures, dtype=np.float64).ravel()
    if k.size == 0 or k.size != t.size:
        raise LabError(f"{k.size} counts and {t.size} exposures", do="give one of each per night")
    _check(k, t)
    return k, t


def _check(counts: ArrayLike, exposures: ArrayLike) -> None:
    k, t = np.asarray(counts, dtype=np.float64), np.asarray(exposures, dtype=np.float64)
    if not (np.isfinite(k).all() and (k >= 0).all() and (k == np.floor(k)).all()):
        raise LabError("a count is not a whole number of 0 or more")
    if not (np.isfinite(t).all() and (t > 0).all() and np.isfinite(t.sum())):
        raise LabError("an exposure is not a finite number above 0")


def _ratio(events_after: float, events_before: float, before: float, after: float) -> float | None:
    """Rate after over rate before; None: no bound."""
    if events_before == 0:
        return None
    # Exposures that differ by 300 orders of magnitude have no ratio that a float holds.
    return _none_if_infinite((events_after / events_before) * before / after if after else math.inf)


def _none_if_infinite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _finite(value: float) -> float:
    return min(value, sys.float_info.max)


def _power(base: float, exponent: float) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf
