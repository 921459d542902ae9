"""By how much sums of counts over several nights scatter more than Poisson's do."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.statistics.counts import check_dispersion
from lab.statistics.special import chi_squared_low

# In doubt for a wider scatter: a Poisson that is not one costs false alarms, the other way round
# it costs a few nights.
_DOUBT = 0.1
_SIMULATIONS = 299
_LEAST_BLOCKS = 4


def scatter_factor(
    counts: NDArray[np.float64], exposures: NDArray[np.float64], look: int, *, wall_clock: bool
) -> float:
    """Variance over mean of the sum of `look` nights.

    Nights first: where they scatter too much for Poisson, the upper bound of what they do. Of
    wall-clock figures the sums of neighbouring nights are looked at as well, because moods that
    are too weak to show in single nights add up in them.

    Parameters
    ----------
    counts, exposures
        Of a baseline, in order of nights, at least one.
    look
        Of how many nights a sum is.
    wall_clock
        Whether moods are possible.

    Returns
    -------
    float
        1 or more.
    """
    nights = check_dispersion(counts.astype(np.int64), exposures, simulations=_SIMULATIONS)
    factor = nights.upper if nights.p <= _DOUBT else 1.0
    if not wall_clock:
        return factor
    total = counts.sum()
    if total == 0:
        return factor
    for size in (3, 7, 15, 30):
        blocks = counts.size // size
        if size > max(look, 3) or blocks < _LEAST_BLOCKS:
            break
        recent = slice(counts.size - blocks * size, None)
        k = counts[recent].reshape(blocks, size).sum(axis=1)
        t = exposures[recent].reshape(blocks, size).sum(axis=1)
        if k.sum() == 0:
            break
        # Divided by the largest first: rates of very unequal exposures stay finite.
        share = np.maximum(t / t.max(), 1e-12)
        expected = k.sum() * share / share.sum()
        found = float(((k - expected) ** 2 / expected).sum())
        # The lower tenth of chi squared: nine times out of ten at least the true factor.
        factor = max(factor, found / chi_squared_low(blocks - 1, _DOUBT))
    return factor
