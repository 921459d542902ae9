"""Change points of a whole series, looking back: E-divisive.

After Matteson and James, "A nonparametric approach for multiple change point analysis of
multivariate data", JASA 109 (2014). The two sides of a split are compared by energy distance,
which sees changes of the distribution of any kind; the best split is tested by permuting the
nights of its segment, and both halves are searched again.

In one dimension the energy distance of exponent 1 is twice the integral of the squared difference
of the two distribution functions (Szekely and Rizzo 2005). With the distribution functions taken
at up to 32 thresholds all splits of a segment, in all permutations at once, are a few cumulative
sums: linear in nights, where the sum over pairs is quadratic.

The end of the right-hand side is the end of the segment; the paper also lets it vary. A level that
comes and goes again is found as two changes when the hierarchy reaches it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.statistics.medians import median

_THRESHOLDS = 32
_BATCH = 33
_MAD = 1.4826
_SPIKE = 5.0


@dataclass(frozen=True)
class ChangePoint:
    """Where a series becomes another one.

    Attributes
    ----------
    index
        Of the first value of the new level, in the series as given.
    before, after
        Medians of the segments on both sides.
    magnitude
        ``(after - before) / |before|``; None when before is 0.
    p
        By permutation.
    worse
        It went in the direction that is not `better`.
    """

    index: int
    before: float
    after: float
    magnitude: float | None
    p: float
    worse: bool


def change_points(
    values: Sequence[float] | NDArray[np.float64],
    *,
    fit: Sequence[bool] | NDArray[np.bool_] | None = None,
    better: Literal["lower", "higher"] = "lower",
    minimum_magnitude: float = 0.0,
    minimum_segment: int = 5,
    p_limit: float = 0.01,
    permutations: int = 199,
    seed: int = 0,
) -> tuple[ChangePoint, ...]:
    """Find the change points of a series.

    Parameters
    ----------
    values
        One per night; NaN: not measured that night, left out.
    fit
        Nights of False are left out as well.
    better
        Which way is good.
    minimum_magnitude
        Relative changes of the median below this are dropped, and what they parted is one segment.
    minimum_segment
        Fewest nights of a segment, 2 or more.
    p_limit, permutations, seed
        Of the test of each split.

    Returns
    -------
    tuple of ChangePoint
        In order of time.

    Raises
    ------
    LabError
        For an infinite value, lengths that differ, or a segment below 2.
    """
    x = np.asarray(values, dtype=np.float64).ravel()
    if np.isinf(x).any():
        raise LabError("a series holds an infinite value")
    if minimum_segment < 2:
        raise LabError(f"segments of {minimum_segment} nights", do="ask for 2 or more")
    there = ~np.isnan(x)
    if fit is not None:
        told = np.asarray(fit, dtype=np.bool_).ravel()
        if told.size != x.size:
            raise LabError(f"{x.size} values, and {told.size} that say whether they are fit")
        there &= told
    index, x = np.flatnonzero(there), x[there]
    calm = without_spikes(x)
    rng = np.random.default_rng(seed)
    found: dict[int, float] = {}
    waiting = [(0, calm.size)]
    while waiting:
        start, end = waiting.pop()
        split = best_split(calm[start:end], minimum_segment)
        if split is None:
            continue
        place, height = split
        p = _p_of(calm[start:end], height, minimum_segment, p_limit, permutations, rng)
        if p <= p_limit:
            found[start + place] = p
            waiting += [(start, start + place), (start + place, end)]
    return _as_points(x, index, found, better, minimum_magnitude)


def without_spikes(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The series, with values that stand alone replaced by the median of their neighbours.

    A value stands alone when it lies farther than 5 robust standard deviations (of the differences
    of neighbours) from its two neighbours on either side, all of them on the same side of it. Two
    in a row are a level.

    Parameters
    ----------
    x
        Shape (nights,).
    """
    if x.size < 5:
        return x
    size = float(np.abs(x).max())
    if size == 0:
        return x
    # As shares of the largest: no sum and no difference is more than a float.
    share = x / size
    steps = np.abs(np.diff(share))
    scale = _MAD * float(np.median(steps)) / np.sqrt(2)
    if scale == 0:
        scale = float(np.mean(steps)) / 10
    padded = np.concatenate((share[[2, 1]], share, share[[-2, -3]]))
    around = np.stack([padded[:-4], padded[1:-3], padded[3:-1], padded[4:]])
    off = share - around
    alone = (off > _SPIKE * scale).all(axis=0) | (off < -_SPIKE * scale).all(axis=0)
    return np.where(alone, np.median(around, axis=0) * size, x)


def best_split(x: NDArray[np.float64], minimum_segment: int) -> tuple[int, float] | None:
    """The split with the greatest scaled energy distance.

    Returns
    -------
    (int, float) or None
        Length of the left-hand side, and ``mn / (m + n)`` times the energy distance, in units of
        the spread of the thresholds; None when the series is too short or all equal.
    """
    if x.size < 2 * minimum_segment or x.min() == x.max():
        return None
    steps = _steps(x)
    heights = _heights(steps[np.newaxis], minimum_segment)[0]
    place = int(np.argmax(heights))
    return place + minimum_segment, float(heights[place])


def _steps(x: NDArray[np.float64]) -> NDArray[np.float32]:
    """Whether each value lies at or below each threshold, weighted, its mean removed.

    Shape (nights, thresholds); the sum of squares over thresholds is the integral.
    """
    half = x / 2
    places = np.unique(half)
    if places.size > _THRESHOLDS + 1:
        at = np.linspace(0, x.size - 1, _THRESHOLDS + 1).round().astype(np.int64)
        places = np.unique(np.sort(half)[at])
    # In units of the range: numbers of any size are compared alike.
    widths = np.diff(places / 2 - places[0] / 2) / (places[-1] / 2 - places[0] / 2)
    below = (half[:, np.newaxis] <= places[:-1]).astype(np.float32)
    below -= below.mean(axis=0)
    weighted: NDArray[np.float32] = below * np.sqrt(widths).astype(np.float32)
    return weighted


def _heights(steps: NDArray[np.float32], minimum_segment: int) -> NDArray[np.float32]:
    """Scaled energy distance of every split.

    With the mean removed, the difference of both distribution functions is
    ``S n_all / (m n)``, S the sum over the left-hand side.

    Parameters
    ----------
    steps
        Shape (permutations, nights, thresholds).

    Returns
    -------
    ndarray
        Shape (permutations, splits).
    """
    nights = steps.shape[1]
    sums = np.cumsum(steps, axis=1)[:, minimum_segment - 1 : nights - minimum_segment]
    left = np.arange(minimum_segment, nights - minimum_segment + 1, dtype=np.float32)
    squares = np.einsum("pst,pst->ps", sums, sums)
    heights: NDArray[np.float32] = squares * (2 * nights / (left * (nights - left)))
    return heights


def _p_of(
    x: NDArray[np.float64],
    height: float,
    minimum_segment: int,
    p_limit: float,
    permutations: int,
    rng: np.random.Generator,
) -> float:
    """Share of permutations whose best split is as good; given up once it is over the limit."""
    steps = _steps(x)
    beyond, done = 0, 0
    while done < permutations:
        count = min(_BATCH, permutations - done)
        order = np.argsort(rng.random((count, x.size), dtype=np.float32), axis=1)
        heights = _heights(steps[order], minimum_segment).max(axis=1)
        beyond += int((heights >= height * (1 - 1e-5)).sum())
        done += count
        if 1 + beyond > p_limit * (permutations + 1):
            break
    return (1 + beyond) / (1 + done)


def _as_points(
    x: NDArray[np.float64],
    index: NDArray[np.int64],
    found: dict[int, float],
    better: Literal["lower", "higher"],
    minimum_magnitude: float,
) -> tuple[ChangePoint, ...]:
    """Dropping the smallest one at a time: what it parted becomes one segment."""
    places = sorted(found)
    while True:
        edges = [0, *places, x.size]
        medians = [median(x[a:b]) for a, b in pairwise(edges) if b > a]
        pairs = list(pairwise(medians))
        sizes = [_magnitude(before, after) for before, after in pairs]
        small = [
            (abs(size), place)
            for size, place in zip(sizes, places, strict=True)
            if size is not None and abs(size) < minimum_magnitude
        ]
        if not small:
            break
        places.remove(min(small)[1])
    return tuple(
        ChangePoint(
            index=int(index[place]),
            before=before,
            after=after,
            magnitude=size,
            p=found[place],
            worse=(after > before) == (better == "lower") and after != before,
        )
        for place, (before, after), size in zip(places, pairs, sizes, strict=True)
    )


def _magnitude(before: float, after: float) -> float | None:
    if before == 0:
        return None
    most = sys.float_info.max
    return max(-most, min(after / abs(before) - before / abs(before), most))
