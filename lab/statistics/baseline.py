"""What a noisy series did before: where it lies, how far nights scatter, how long a mood lasts.

A machine has moods: a slow night is followed by slow nights. Five slow nights in a row are then
weak evidence, and a spread that was estimated from nights that resemble each other is too small.
Both are accounted for through the autocorrelation of the baseline itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.statistics.medians import medians
from lab.statistics.special import student_beyond

LOOKS = (1, 3, 5, 9, 15)
"""How many of the last nights are held against the baseline, by their median: one alone sees a
large change at once, fifteen see a small one in time. The median of three or more is not moved by
one spike."""
# Standard deviation of the median of k normal values over that of their mean (tables of order
# statistics; the limit is the square root of pi / 2). Positive correlation makes it smaller.
MEDIAN_FACTOR = {1: 1.0, 3: 1.1602, 5: 1.1976, 9: 1.2244, 15: 1.2371}
_CLIP = 3.5
_MAD = 1.4826
_STANDS_OUT = 2.0
_LONG_BASELINE = 90
_INDEPENDENT_NIGHTS = 10
_LEAST_NIGHTS = 60


@dataclass(frozen=True)
class Level:
    """A baseline of nights.

    Attributes
    ----------
    nights
        How many.
    centre
        Median, on the scale that is judged on.
    spread
        Standard deviation of a night, outliers drawn in; 0: all nights are equal.
    logarithmic
        That scale is the natural logarithm: all values are above 0.
    correlations
        Of nights 1, 2, ... apart, cut off where they are no longer positive.
    """

    nights: int
    centre: float
    spread: float
    logarithmic: bool
    correlations: tuple[float, ...] = ()

    @property
    def mood_nights(self) -> float:
        """How many nights tell as much as one independent night would: 1 without moods."""
        return 1.0 + 2.0 * sum(self.correlations)

    @property
    def freedom(self) -> float:
        """Degrees of freedom of `spread`."""
        return max(1.0, self.nights / self.mood_nights - 1.0)

    def spread_of_median(self, look: int) -> float:
        """Standard deviation of the median of `look` nights less the centre."""
        shared = sum(2 * (1 - j / look) * r for j, r in enumerate(self.correlations[: look - 1], 1))
        of_look = MEDIAN_FACTOR.get(look, 1.2533) ** 2 * (1 + shared) / look
        of_centre = math.pi / 2 * self.mood_nights / self.nights
        return self.spread * math.sqrt(of_look + of_centre)

    def p_beyond(self, distance: float, look: int) -> float:
        """One-sided p of a median of `look` nights so far from the centre; 0.5 for none."""
        scale = self.spread_of_median(look)
        z = abs(distance) / scale if scale > 0 else (math.inf if distance else 0.0)
        return student_beyond(min(z, 1e150), self.freedom)

    def on_scale(self, value: float) -> float:
        """A value on the scale that is judged on; a value that has no logarithm is far below."""
        if not self.logarithmic:
            return value
        return math.log(value) if value > 0 else self.centre - 1e3 * max(self.spread, 1.0)

    def off_scale(self, value: float) -> float:
        """The inverse of `on_scale`."""
        return math.exp(min(value, 700.0)) if self.logarithmic else value


def level_of(values: NDArray[np.float64]) -> Level:
    """The level of a baseline.

    Parameters
    ----------
    values
        Shape (nights,), at least one, finite.
    """
    logarithmic = bool((values > 0).all())
    x = np.log(values) if logarithmic else values
    centre, spread = centre_and_spread(x[np.newaxis, :])
    level = Level(x.size, float(centre[0]), float(spread[0]), logarithmic)
    if level.spread == 0:
        return level
    with np.errstate(over="ignore"):
        residuals = (x / 2 - level.centre / 2) / (level.spread / 2)
    correlations = _correlations(np.clip(residuals, -_CLIP, _CLIP))
    return Level(x.size, level.centre, level.spread, logarithmic, correlations)


def stands_out(values: NDArray[np.float64], level: Level, distance: float, look: int) -> bool:
    """Whether a median lies clearly outside all that the baseline itself has been through.

    Few moods fit into a baseline, so that how strong they get is known badly, and no degrees of
    freedom make up for it. A baseline of less than 60 nights, or of less than 10 moods, does not
    know them at all: then only single nights are judged. In a longer one, a new level has to lie
    twice as far out as the worst median of as many nights in the baseline; below 90 nights
    farther, by the square root of what it lacks. Where nights are independent this costs little:
    the limit of p is farther out than that.

    Parameters
    ----------
    values
        Of the baseline, shape (nights,).
    level
        Of them.
    distance
        Of the median to the centre.
    look
        Of how many nights the median is. 1: every spike would count, nothing is asked for.
    """
    if look == 1:
        return True
    if values.size < max(_LEAST_NIGHTS, _INDEPENDENT_NIGHTS * level.mood_nights):
        return False
    x = np.log(values) if level.logarithmic else values
    rolling = medians(np.lib.stride_tricks.sliding_window_view(x, look))
    with np.errstate(over="ignore"):
        worst = float(np.abs(rolling - level.centre).max())
    factor = _STANDS_OUT * math.sqrt(max(1.0, _LONG_BASELINE / values.size))
    return abs(distance) / factor > worst


def centre_and_spread(
    x: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Median, and standard deviation with outliers drawn in, of each row.

    Parameters
    ----------
    x
        Shape (series, nights).

    Returns
    -------
    centre, spread : ndarray
        Shape (series,). A row that is mostly one value has no robust scale: its plain standard
        deviation is taken. All equal: exactly 0.
    """
    # Halves before the difference: two values of opposite sign may differ by more than a float.
    centre = medians(x)
    off = x / 2 - centre[:, np.newaxis] / 2
    size = np.abs(off).max(axis=1)
    unit = np.where(size > 0, size, 1.0)[:, np.newaxis]
    off = off / unit
    reach = _CLIP * _MAD * np.median(np.abs(off), axis=1)
    reach = np.where(reach > 0, reach, 1.0)[:, np.newaxis]
    drawn_in = np.clip(off, -reach, reach)
    spread = np.sqrt((drawn_in**2).sum(axis=1) / max(1, x.shape[1] - 1))
    with np.errstate(over="ignore"):
        scaled = spread * unit[:, 0] * 2
    return centre, np.where(size > 0, np.minimum(scaled, 1e300), 0.0)


def _correlations(residuals: NDArray[np.float64]) -> tuple[float, ...]:
    """Autocorrelations up to where two neighbours no longer sum to more than 0 (Geyer 1992)."""
    drawn_in = residuals - residuals.mean()
    nights = drawn_in.size
    power = float((drawn_in**2).sum())
    kept: list[float] = []
    if power <= 0:
        return ()
    for lag in range(1, nights // 3, 2):
        # A mean that was estimated makes autocorrelations too small, by about 1/n and by
        # (1 + 3r)/n at the first lag (Kendall 1954).
        pair = []
        for j in (lag, lag + 1):
            r = float((drawn_in[:-j] * drawn_in[j:]).sum()) / power * nights / (nights - j)
            pair.append(min(1.0, r + (1 + 3 * max(r, 0.0)) / nights))
        if sum(pair) <= 0:
            break
        kept += [max(0.0, r) for r in pair]
    return tuple(kept)
