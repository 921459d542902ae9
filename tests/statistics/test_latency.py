"""Histograms keep what was recorded, count what was left out, and say how far apart they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.errors import LabError
from lab.results import Histogram
from lab.statistics import Distribution, decode, make_histogram, merge, percentiles, shift

STALLED_NS = np.concatenate((np.full(9_999, 50_000), [100_000_000]))


def night(seed: int, factor: float = 1.0, count: int = 2_000) -> Distribution:
    rng = np.random.default_rng(seed)
    mood = rng.lognormal(0, 0.03)
    delays = rng.lognormal(np.log(50_000 * factor * mood), 0.2, count)
    return decode(make_histogram("latency", delays))


def test_a_stall_hides_in_a_plain_histogram_and_shows_in_a_corrected_one() -> None:
    plain = make_histogram("latency", STALLED_NS, unit="us")
    corrected = make_histogram("latency", STALLED_NS, unit="us", period_ns=10_000_000)
    assert percentiles(decode(plain), [99.95]) == {99.95: 50}
    assert percentiles(decode(corrected), [99.95]) == {99.95: 50_015}
    assert corrected.period == 10_000
    assert decode(corrected).total == 10_000 + 9


def test_the_correction_is_that_of_the_library() -> None:
    from hdrh.histogram import HdrHistogram

    rng = np.random.default_rng(1)
    delays = rng.integers(0, 95_000, 300)
    theirs = HdrHistogram(1, 3_600_000_000, 3)
    for value in delays.tolist():
        theirs.record_corrected_value(value, 10_000)
    ours = decode(make_histogram("x", delays * 1_000, unit="us", period_ns=10_000_000))
    iterated = [
        (step.value_iterated_to, step.count_added_in_this_iter_step)
        for step in theirs.get_recorded_iterator()
    ]
    assert list(zip(ours.values.tolist(), ours.counts.tolist(), strict=True)) == iterated
    told = Histogram(name="x", unit="us", encoded=theirs.encode().decode(), period=10_000)
    read = decode(told)
    assert ours.values.tolist() == read.values.tolist()
    assert ours.counts.tolist() == read.counts.tolist()


@given(st.lists(st.integers(0, 3_600_000_000_000), min_size=1, max_size=50))
@settings(deadline=None)
def test_percentiles_are_those_of_the_array_to_three_digits(delays: list[int]) -> None:
    found = percentiles(decode(make_histogram("x", np.array(delays))), [50.0, 99.0, 100.0])
    ascending = sorted(delays)
    for p, rank in ((50.0, -(-len(delays) // 2)), (99.0, -(-99 * len(delays) // 100)), (100.0, 0)):
        exact = ascending[rank - 1]
        assert exact <= found[p] <= exact * 1.001 + 1


def test_merged_nights_are_all_values_in_one() -> None:
    a, b = np.arange(1, 500) * 1_000, np.arange(500, 900) * 1_000
    both = merge([make_histogram("x", a), make_histogram("x", b)])
    whole = make_histogram("x", np.concatenate((a, b)))
    assert percentiles(decode(both)) == percentiles(decode(whole))
    assert decode(both).total == 899


def test_an_empty_distribution_has_no_percentiles_and_no_shift() -> None:
    empty = decode(make_histogram("x", np.array([], dtype=np.int64)))
    assert percentiles(empty) == {}
    assert shift([empty], [night(1)]) is None


def test_a_shift_over_nights_is_found_and_its_interval_holds_it() -> None:
    found = shift([night(n) for n in range(12)], [night(100 + n, 1.3) for n in range(8)])
    assert found is not None
    assert found.is_change
    true = 50_000 * np.exp(2.326 * 0.2) * 0.3
    assert found.low < true < found.high


def test_nights_of_one_level_have_no_shift_most_of_the_time() -> None:
    told = [
        shift(
            [night(100 * k + n, count=500) for n in range(10)],
            [night(100 * k + 50 + n, count=500) for n in range(10)],
            percentile=50,
            resamples=299,
        )
        for k in range(40)
    ]
    assert sum(s is not None and s.is_change for s in told) <= 8


def test_resampling_values_takes_the_mood_of_one_night_for_a_change() -> None:
    # Why nights are resampled where there are some: two nights of one level, far apart in mood.
    one, other = night(3, 1.0, 20_000), night(4, 1.05, 20_000)
    alone = shift([one], [other], percentile=50)
    assert alone is not None
    assert alone.high - alone.low < 2_000


@pytest.mark.parametrize(
    ("delays", "period", "message"),
    [
        ([-1.0], 0, "negative"),
        ([np.nan], 0, "finite"),
        ([3.7e12], 0, "longer than an hour"),
        ([1.0], -5, "period"),
        ([3.6e12], 1, "correction"),
    ],
)
def test_what_cannot_be_a_delay_is_refused(delays: list[float], period: int, message: str) -> None:
    with pytest.raises(LabError, match=message):
        make_histogram("x", np.array(delays), period_ns=period)


@given(st.text(max_size=80))
@settings(deadline=None)
def test_what_is_no_histogram_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(LabError, match="not an HdrHistogram"):
        decode(Histogram(name="x", unit="us", encoded=text))


def test_a_histogram_that_was_cut_is_refused() -> None:
    whole = make_histogram("x", STALLED_NS)
    for length in range(0, len(whole.encoded), 4):
        cut = whole.model_copy(update={"encoded": whole.encoded[:length]})
        with pytest.raises(LabError, match="not an HdrHistogram"):
            decode(cut)


def test_histograms_of_different_periods_are_not_put_together() -> None:
    with pytest.raises(LabError, match="period"):
        merge([make_histogram("x", STALLED_NS), make_histogram("x", STALLED_NS, period_ns=10**7)])
    with pytest.raises(LabError, match="no histogram"):
        merge([])
    with pytest.raises(LabError, match="percentile"):
        shift([], [], percentile=0)
