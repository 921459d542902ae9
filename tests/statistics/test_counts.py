"""Counts are compared exactly, and no input gives NaN."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import LabError
from lab.statistics import check_dispersion, compare_counts, compare_with_baseline

stats = pytest.importorskip("scipy.stats")

# Of otava, whose t-test raised the two alarms below.
OTAVA_P = 0.001
COUNTS = st.integers(0, 10_000)
EXPOSURES = st.floats(1e-300, 1e300)


def numbers_of(record: object) -> list[float]:
    assert dataclasses.is_dataclass(record)
    found = [getattr(record, field.name) for field in dataclasses.fields(record)]
    return [v for v in found if isinstance(v, float)]


@pytest.mark.parametrize(
    ("before", "after"), [(0, 0), (0, 1), (3, 3), (5, 15), (20, 60), (100, 130), (40, 10)]
)
@pytest.mark.parametrize("exposure", [1.0, 20.0])
def test_with_equal_exposures_it_agrees_with_the_e_test(
    before: int, after: int, exposure: float
) -> None:
    ours = compare_counts(before, exposure, after, exposure).p
    theirs = float(stats.poisson_means_test(before, exposure, after, exposure).pvalue)
    # The E-test is not conditional: less conservative, most so where there is little to go by.
    assert theirs / 2 - 1e-9 <= ours
    assert ours <= max(4 * theirs, theirs + 0.4)
    assert (ours < 0.01) == (theirs < 0.01)


@pytest.mark.parametrize(
    ("before", "t_before", "after", "t_after"),
    [(0, 20, 3, 4), (10, 20, 10, 4), (7, 3.0, 2, 9.0), (0, 1, 5, 1), (12, 1, 12, 2)],
)
def test_it_is_the_binomial_test_of_the_share_of_the_exposure(
    before: int, t_before: float, after: int, t_after: float
) -> None:
    ours = compare_counts(before, t_before, after, t_after)
    share, total = t_after / (t_before + t_after), before + after
    for side, p in (("greater", ours.p_more), ("less", ours.p_fewer)):
        assert p == pytest.approx(stats.binomtest(after, total, share, side).pvalue, rel=1e-9)


@pytest.mark.parametrize(
    ("before", "after"), [([0] * 20, [0, 2, 0, 1]), ([0, 1] * 10, [3, 2, 4, 1])]
)
def test_where_the_t_test_raises_an_alarm_for_a_few_glitches_it_does_not(
    before: list[int], after: list[int]
) -> None:
    assert stats.ttest_ind(before, after).pvalue < OTAVA_P
    ours = compare_counts(sum(before), len(before), sum(after), len(after))
    assert ours.p > OTAVA_P


def test_zero_of_twenty_nights_and_then_one_is_one_in_twenty_one() -> None:
    found = compare_counts(0, 20, 1, 1)
    assert found.p_more == pytest.approx(1 / 21)
    assert found.ratio is None
    assert found.ratio_high is None
    assert 0 < found.ratio_low < 1


def test_two_counts_of_zero_say_nothing() -> None:
    found = compare_counts(0, 20, 0, 1)
    assert (found.p, found.ratio, found.ratio_low, found.ratio_high) == (1.0, None, 0.0, None)


@given(COUNTS, EXPOSURES, COUNTS, EXPOSURES)
@settings(max_examples=300, deadline=None)
def test_every_figure_is_finite_and_every_p_a_probability(
    before: int, t_before: float, after: int, t_after: float
) -> None:
    found = compare_counts(before, t_before, after, t_after)
    assert all(math.isfinite(v) for v in numbers_of(found))
    assert all(0 <= p <= 1 for p in (found.p, found.p_more, found.p_fewer))


@given(COUNTS, st.floats(0.01, 100), COUNTS, st.floats(0.01, 100))
@settings(deadline=None)
def test_the_other_way_round_more_is_fewer(
    before: int, t_before: float, after: int, t_after: float
) -> None:
    there = compare_counts(before, t_before, after, t_after)
    back = compare_counts(after, t_after, before, t_before)
    assert there.p_more == pytest.approx(back.p_fewer, rel=1e-6, abs=1e-12)


@given(COUNTS, st.floats(0.1, 10), COUNTS, st.floats(0.1, 10))
@settings(deadline=None)
def test_the_interval_holds_the_ratio_and_agrees_with_the_p(
    before: int, t_before: float, after: int, t_after: float
) -> None:
    found = compare_counts(before, t_before, after, t_after)
    if found.ratio is None:
        return
    high = math.inf if found.ratio_high is None else found.ratio_high
    assert found.ratio_low <= found.ratio * (1 + 1e-9)
    assert found.ratio <= high * (1 + 1e-9)
    if abs(found.p - 0.05) > 1e-6:
        assert (found.p > 0.05) == (found.ratio_low < 1 < high)


@given(st.lists(st.tuples(st.integers(0, 500), st.floats(1e-3, 1e3)), min_size=1, max_size=40))
@settings(max_examples=50, deadline=None)
def test_a_baseline_of_any_nights_gives_finite_figures(nights: list[tuple[int, float]]) -> None:
    counts, exposures = [k for k, _ in nights], [t for _, t in nights]
    dispersion = check_dispersion(counts, exposures)
    found = compare_with_baseline(counts, exposures, 7, 1.0)
    assert all(math.isfinite(v) for v in [*numbers_of(dispersion), *numbers_of(found)])
    assert 0 <= found.p <= 1


def test_poisson_nights_of_unequal_exposure_pass_the_check_of_dispersion() -> None:
    rng = np.random.default_rng(3)
    exposures = rng.uniform(0.2, 5, 60)
    passed = [
        check_dispersion(rng.poisson(mean * exposures), exposures, seed=n).is_poisson
        for n in range(60)
        for mean in (0.05, 1.0, 20.0)
    ]
    assert np.mean(passed) >= 0.97


@pytest.mark.parametrize("mean", [1.0, 30.0])
def test_nights_that_come_in_bursts_are_not_poisson_and_raise_no_alarm(mean: float) -> None:
    rng = np.random.default_rng(4)
    nights = rng.poisson(mean * rng.gamma(0.5, 2.0, 60))
    ones = np.ones(60)
    assert not check_dispersion(nights, ones).is_poisson
    tonight = int(np.sort(nights)[-3])
    plain = compare_counts(int(nights.sum()), 60.0, tonight, 1.0)
    told = compare_with_baseline(nights, ones, tonight, 1.0)
    assert plain.p < 0.01  # Poisson alone would have raised one
    assert told.model == "negative-binomial"
    assert told.p > 0.02
    # Far beyond all nights is far beyond them all the same.
    assert compare_with_baseline(nights, ones, int(nights.max() * 6), 1.0).p < 1e-3


@pytest.mark.parametrize(
    ("count", "exposure"), [(-1, 1.0), (1, 0.0), (1, -1.0), (1, math.nan), (1, math.inf)]
)
def test_what_is_no_count_over_an_exposure_is_refused(count: int, exposure: float) -> None:
    with pytest.raises(LabError):
        compare_counts(count, exposure, 1, 1.0)
    with pytest.raises(LabError):
        compare_with_baseline([count], [exposure], 1, 1.0)


def test_counts_without_their_exposures_are_refused() -> None:
    with pytest.raises(LabError, match="2 counts and 1 exposures"):
        compare_with_baseline([1, 2], [1.0], 1, 1.0)
