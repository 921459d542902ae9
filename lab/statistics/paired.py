"""A driver against a reference in the same run: the machine's share cancels.

Runs are interleaved: reference (the Null driver), driver, reference, and again. What the machine
does to one of three neighbours it does to all: the geometric mean of the two references is what the
reference would have measured at the driver's moment (a steady drift cancels, too), and the
driver's ratio to it is its own. A machine that is twice as slow tonight doubles all three.

Medians and their order statistics carry it: no distribution is assumed, and a stall during one run
does no harm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lab.errors import LabError
from lab.statistics.special import binomial_at_least, scipy_special

_LEAST, _MOST = 1e-290, 1e290


@dataclass(frozen=True)
class OwnPart:
    """What is the driver's own, of one night.

    Attributes
    ----------
    triples
        How many times reference, driver, reference.
    ratio, low, high
        Driver over reference, median, and its interval.
    own, own_low, own_high
        ``(ratio - 1)`` times the reference's median: what the driver adds, in the unit of the
        values, on tonight's machine.
    confidence
        That the interval really has: at least what was asked for, or, of fewer than 6 triples,
        the most that so few can give.
    drift
        Second reference over the first, median: what the machine did within a triple.
    """

    triples: int
    ratio: float
    low: float
    high: float
    own: float
    own_low: float
    own_high: float
    confidence: float
    drift: float


@dataclass(frozen=True)
class OwnChange:
    """A driver's own part on two sides.

    Attributes
    ----------
    factor, low, high
        Ratio after over ratio before (Hodges and Lehmann's estimate), and its interval.
    p
        Two-sided, Mann and Whitney; 1 when a side has nothing.
    worse
        `factor` is on the side that is not `better`.
    """

    factor: float
    low: float
    high: float
    p: float
    worse: bool


def own_part(triples: ArrayLike, *, confidence: float = 0.95) -> OwnPart:
    """Estimate a driver's own part.

    Parameters
    ----------
    triples
        Shape (n, 3), n at least 1: reference, driver, reference, as they were run; above 0.
    confidence
        Of the interval.

    Raises
    ------
    LabError
        For another shape, or a value that is not above 0 and finite.
    """
    x = _as_triples(triples)
    logs = _log_ratios(x)
    low, high, reached = _median_interval(logs, confidence)
    reference = float(np.exp(np.median(np.log(x[:, [0, 2]]))))
    ratio = _exp(float(np.median(logs)))
    return OwnPart(
        triples=len(x),
        ratio=ratio,
        low=_exp(low),
        high=_exp(high),
        own=_times(ratio - 1, reference),
        own_low=_times(_exp(low) - 1, reference),
        own_high=_times(_exp(high) - 1, reference),
        confidence=reached,
        drift=_exp(float(np.median(np.log(x[:, 2]) - np.log(x[:, 0])))),
    )


def own_change(
    before: ArrayLike,
    after: ArrayLike,
    *,
    better: Literal["lower", "higher"] = "lower",
    confidence: float = 0.95,
) -> OwnChange:
    """Compare the driver's own part on two sides, whatever the machine did on either.

    Parameters
    ----------
    before, after
        Triples, as for `own_part`; of one night, or of several put together.
    better
        Which way is good.
    confidence
        Of the interval.

    Raises
    ------
    LabError
        As `own_part`.
    """
    a, b = _log_ratios(_as_triples(before)), _log_ratios(_as_triples(after))
    differences = np.sort((b[:, np.newaxis] - a[np.newaxis, :]).ravel())
    centre = float(np.median(differences))
    # The Mann-Whitney statistic's normal limit says which of the sorted differences bound it.
    n, m = a.size, b.size
    z = float(-scipy_special().ndtri((1 - confidence) / 2))
    reach = z * math.sqrt(n * m * (n + m + 1) / 12)
    rank = min(max(0, math.floor(n * m / 2 - reach)), (n * m - 1) // 2)
    return OwnChange(
        factor=_exp(centre),
        low=_exp(float(differences[rank])),
        high=_exp(float(differences[n * m - 1 - rank])),
        p=_mann_whitney(a, b),
        worse=centre != 0 and (centre > 0) == (better == "lower"),
    )


def _mann_whitney(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    if min(a.min(), b.min()) == max(a.max(), b.max()):
        return 1.0
    p = float(_scipy_stats().mannwhitneyu(b, a).pvalue)
    return p if math.isfinite(p) else 1.0


def _scipy_stats() -> Any:
    scipy_special()  # says how to install it, where it is missing
    import scipy.stats as stats

    return stats


def _as_triples(triples: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(triples, dtype=np.float64)
    if x.ndim != 2 or x.shape[1] != 3 or len(x) == 0:
        raise LabError(
            f"paired runs of shape {x.shape}", do="give reference, driver, reference for each"
        )
    if not (np.isfinite(x).all() and (x > 0).all()):
        raise LabError("a value of a paired run is not a finite number above 0")
    return np.clip(x, _LEAST, _MOST)


def _log_ratios(x: NDArray[np.float64]) -> NDArray[np.float64]:
    logs = np.log(x)
    ratios: NDArray[np.float64] = logs[:, 1] - (logs[:, 0] + logs[:, 2]) / 2
    return ratios


def _median_interval(x: NDArray[np.float64], confidence: float) -> tuple[float, float, float]:
    """Order statistics around the median: exact for any continuous distribution."""
    ascending = np.sort(x)
    n = ascending.size
    rank, reached = 0, 1 - 2 * _all_below(n, 0)
    while rank + 1 < (n + 1) // 2:
        closer = 1 - 2 * _all_below(n, rank + 1)
        if closer < confidence:
            break
        rank, reached = rank + 1, closer
    return float(ascending[rank]), float(ascending[n - 1 - rank]), max(0.0, reached)


def _all_below(n: int, rank: int) -> float:
    """P(at most `rank` of n values lie below the median)."""
    return binomial_at_least(n - rank, n, 0.5)


def _exp(x: float) -> float:
    return math.exp(max(-700.0, min(x, 700.0)))


def _times(a: float, b: float) -> float:
    return max(-1e300, min(a * b, 1e300))
