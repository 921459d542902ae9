"""Which of many series are worth judging: all at once, in a few operations on arrays.

`judge` takes a few hundred microseconds for one series. Of thousands, nearly all look tonight as
they always did, which is seen without degrees of freedom, moods, or incomplete beta functions.
What is left out here `judge` would not have told: each step below is a lower bound of its p.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.statistics.baseline import MEDIAN_FACTOR, centre_and_spread
from lab.statistics.medians import medians
from lab.statistics.series import Policy, window_of
from lab.statistics.special import normal_limit


def worth_judging(
    values: NDArray[np.float64], policy: Policy, *, wall_clock: bool = True
) -> NDArray[np.bool_]:
    """Screen continuous series of equal length.

    Parameters
    ----------
    values
        Shape (series, nights): fit nights of the present level, tonight the last one.
    policy
        As for `judge`.
    wall_clock
        As `Series.wall_clock`.

    Returns
    -------
    ndarray
        Shape (series,).
    """
    window = window_of(values.shape[1], "scalar", policy)
    if window is None:
        return np.zeros(values.shape[0], dtype=np.bool_)
    base, recent = values[:, window.start : window.end], values[:, window.end :]
    positive: NDArray[np.bool_] = np.asarray((base > 0).all(axis=1))
    odd = (recent <= 0).any(axis=1) & positive
    logarithmic = positive[:, np.newaxis]
    tiny = np.nextafter(0.0, 1.0)
    base = np.where(logarithmic, np.log(np.maximum(base, tiny)), base)
    recent = np.where(logarithmic, np.log(np.maximum(recent, tiny)), recent)
    centre, spread = centre_and_spread(base)
    limit = policy.p_limit(wall_clock=wall_clock) / (2 * len(window.looks))
    z = normal_limit(limit)
    worth: NDArray[np.bool_] = odd | (spread == 0)
    for look in window.looks:
        median = medians(recent[:, -look:])
        # Student's tails are wider than the normal's, and moods only widen the spread.
        reach = z * spread * MEDIAN_FACTOR[look] / np.sqrt(look)
        worth |= np.abs(median / 2 - centre / 2) >= reach / 2 * (1 - 1e-9)
    return worth


def counts_worth_judging(
    counts: NDArray[np.float64],
    exposures: NDArray[np.float64],
    policy: Policy,
    *,
    wall_clock: bool = True,
) -> NDArray[np.bool_]:
    """Screen series of counts of equal length.

    A binomial tail beyond k of n is at least ``exp(-n KL(k/n, share)) / sqrt(2 n)`` (Ash 1965,
    lemma 4.7.2).

    Parameters
    ----------
    counts, exposures
        Shape (series, nights), as for `worth_judging`.
    policy, wall_clock
        As for `worth_judging`.

    Returns
    -------
    ndarray
        Shape (series,).
    """
    worth = np.zeros(counts.shape[0], dtype=np.bool_)
    window = window_of(counts.shape[1], "count", policy)
    if window is None:
        return worth
    before = counts[:, window.start : window.end].sum(axis=1)
    t_before = exposures[:, window.start : window.end].sum(axis=1)
    limit = policy.p_limit(wall_clock=wall_clock) / (2 * len(window.looks))
    for look in window.looks:
        after, t = counts[:, -look:].sum(axis=1), exposures[:, -look:].sum(axis=1)
        n = np.maximum(before + after, 1)
        share = t / (t_before + t)
        divergence = _term(after, n * share) + _term(before, n * (1 - share))
        worth |= -divergence - 0.5 * np.log(2 * n) <= np.log(limit) + 1e-9
    return worth


def _term(k: NDArray[np.float64], expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """``k log(k / expected)``, 0 for k = 0."""
    safe = np.maximum(expected, 1e-300)
    return np.where(k > 0, k * np.log(np.maximum(k, 1e-300) / safe), 0.0)
