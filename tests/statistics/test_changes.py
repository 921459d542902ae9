"""Change points are found where they are, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from lab.errors import LabError
from lab.statistics import change_points
from lab.statistics.changes import best_split, without_spikes


def noisy(nights: int, seed: int, spread: float = 5.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(100, spread, nights)


def by_pairs(x: NDArray[np.float64], split: int) -> float:
    """The scaled energy distance as the paper defines it."""
    left, right = x[:split], x[split:]
    n, m = left.size, right.size

    def mean(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float(np.abs(a[:, np.newaxis] - b[np.newaxis, :]).mean())

    return n * m / (n + m) * (2 * mean(left, right) - mean(left, left) - mean(right, right))


@pytest.mark.parametrize("seed", range(5))
def test_the_split_is_the_best_one_by_the_definition_over_pairs(seed: int) -> None:
    x = noisy(30, seed)
    x[12:] += 6
    found = best_split(x, 3)
    assert found is not None
    heights = {split: by_pairs(x, split) for split in range(3, 28)}
    assert found[0] == max(heights, key=lambda split: heights[split])
    # In units of the range.
    assert found[1] * (x.max() - x.min()) == pytest.approx(heights[found[0]], rel=1e-4)


@pytest.mark.parametrize(("nights", "onset"), [(20, 10), (60, 45), (365, 200), (730, 700)])
def test_a_step_is_found_within_a_night(nights: int, onset: int) -> None:
    x = noisy(nights, 1)
    x[onset:] *= 1.3
    (found,) = change_points(x)
    assert abs(found.index - onset) <= 1
    assert found.magnitude == pytest.approx(0.3, abs=0.06)
    assert found.worse


def test_several_changes_are_found_each() -> None:
    x = noisy(365, 2)
    x[100:160] *= 1.25
    x[200:] *= 1.15
    assert [abs(c.index - at) <= 2 for c, at in zip(change_points(x), (100, 160, 200), strict=True)]


def test_of_a_hundred_quiet_years_few_have_a_change_point() -> None:
    assert sum(bool(change_points(noisy(365, seed), seed=seed)) for seed in range(100)) <= 4


def test_single_spikes_are_no_change_and_hide_none() -> None:
    x = noisy(200, 3)
    x[[20, 70, 110, 150]] = [900, 2_000, 1_500, 10.0]
    assert change_points(x) == ()
    x[100:] *= 1.3
    (found,) = change_points(x)
    assert abs(found.index - 100) <= 1


def test_two_high_nights_in_a_row_are_a_level_and_one_is_a_spike() -> None:
    x = noisy(30, 4)
    x[10], x[20:22] = 500, 500
    calm = without_spikes(x)
    assert calm[10] < 200
    assert (calm[20:22] == 500).all()


def test_a_fall_is_worse_where_higher_is_better() -> None:
    x = noisy(60, 5)
    x[30:] *= 0.7
    assert [c.worse for c in change_points(x, better="higher")] == [True]
    assert [c.worse for c in change_points(x, better="lower")] == [False]


def test_a_change_below_the_minimum_is_dropped() -> None:
    x = noisy(200, 6, spread=1.0)
    x[80:] *= 1.03
    x[150:] *= 1.3
    assert len(change_points(x)) == 2
    (found,) = change_points(x, minimum_magnitude=0.1)
    assert abs(found.index - 150) <= 1
    assert found.before == pytest.approx(np.median(x[: found.index]))


def test_missing_and_unfit_nights_are_left_out_and_not_zero() -> None:
    x = noisy(100, 7)
    x[60:] *= 1.4
    x[[5, 6, 7, 61]] = np.nan
    fit = np.ones(100, dtype=bool)
    x[20:40] *= 3
    fit[20:40] = False
    (found,) = change_points(x, fit=fit)
    assert found.index in {59, 60, 62}
    assert len(change_points(x)) > 1  # the unfit nights would have been changes


def test_the_same_seed_gives_the_same_points() -> None:
    x = noisy(100, 8)
    x[50:] += 6
    assert change_points(x, seed=1) == change_points(x, seed=1)


@given(
    arrays(np.float64, st.integers(0, 60), elements=st.floats(allow_infinity=False)),
    st.sampled_from([0.0, 0.1]),
)
@settings(max_examples=100, deadline=None)
def test_no_series_of_floats_gives_a_figure_that_is_none(
    x: NDArray[np.float64], minimum: float
) -> None:
    for found in change_points(x, minimum_magnitude=minimum, permutations=99, p_limit=0.05):
        figures = [found.before, found.after, found.p, found.magnitude or 0.0]
        assert np.isfinite(figures).all()


def test_what_cannot_be_a_series_is_refused() -> None:
    with pytest.raises(LabError, match="infinite"):
        change_points([1.0, np.inf])
    with pytest.raises(LabError, match="segments of 1"):
        change_points([1.0], minimum_segment=1)
    with pytest.raises(LabError, match="2 values, and 1"):
        change_points([1.0, 2.0], fit=[True])
