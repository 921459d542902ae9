"""The model of a player, against one that counts frame by frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.measure.underrun import UnderrunReport, simulate_player, smallest_clean_buffer

RATE = 48_000
PERIOD = 480
PERIOD_NS = 10_000_000


def play(arrival: NDArray[np.int64], buffer_frames: int = PERIOD) -> UnderrunReport:
    return simulate_player(
        arrival,
        np.full(len(arrival), PERIOD),
        sample_rate=RATE,
        period_frames=PERIOD,
        buffer_frames=buffer_frames,
    )


def steady(count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) * PERIOD_NS


def test_a_steady_stream_never_runs_dry() -> None:
    report = play(steady(100))
    assert (report.periods, report.underruns, report.first_ns) == (100, 0, -1)


def test_one_late_block_is_one_underrun_and_the_latency_stays_longer() -> None:
    arrival = steady(100)
    arrival[50] += 4_000_000
    report = play(arrival)
    assert (report.underruns, report.silent_frames) == (1, 480)
    assert report.first_ns == 50 * PERIOD_NS
    # The same delay again is borne by what the first one left behind.
    arrival[70] += 4_000_000
    assert play(arrival).underruns == 1


def test_a_buffer_bears_what_it_is_for() -> None:
    arrival = steady(100)
    arrival[50:55] = arrival[55]
    assert play(arrival, PERIOD).silent_frames == 5 * PERIOD
    assert play(arrival, 6 * PERIOD).underruns == 0
    assert (
        smallest_clean_buffer(arrival, np.full(100, PERIOD), sample_rate=RATE, period_frames=PERIOD)
        == 6 * PERIOD
    )


@pytest.mark.parametrize(("most", "found"), [(2_880, 2_880), (2_879, -1), (480, -1), (1, -1)])
def test_no_buffer_is_longer_than_the_longest_that_was_asked_for(most: int, found: int) -> None:
    arrival = steady(100)
    arrival[50:55] = arrival[55]
    buffer_frames = smallest_clean_buffer(
        arrival,
        np.full(100, PERIOD),
        sample_rate=RATE,
        period_frames=PERIOD,
        most_frames=most,
    )
    assert buffer_frames == found


def test_frames_that_never_arrive_shorten_the_buffer() -> None:
    frames = np.full(100, PERIOD)
    frames[50] = 0
    report = simulate_player(
        steady(100), frames, sample_rate=RATE, period_frames=PERIOD, buffer_frames=PERIOD
    )
    assert (report.underruns, report.silent_frames) == (1, PERIOD)


def test_a_stream_shorter_than_the_buffer_never_plays() -> None:
    assert play(steady(3), 4 * PERIOD).periods == 0
    assert play(steady(0)).periods == 0


def test_sizes_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        simulate_player(
            steady(3), np.ones(2, dtype=np.int64), sample_rate=1, period_frames=1, buffer_frames=1
        )
    with pytest.raises(ValueError, match="buffer of one period"):
        play(steady(3), PERIOD - 1)


@given(
    delays=st.lists(st.integers(0, 60_000_000), min_size=1, max_size=60),
    buffer_periods=st.integers(1, 5),
)
def test_it_counts_as_a_player_that_goes_period_by_period(
    delays: list[int], buffer_periods: int
) -> None:
    arrival = np.maximum.accumulate(steady(len(delays)) + np.array(delays))
    report = play(arrival, buffer_periods * PERIOD)
    # The slow player: a queue and a clock.
    if len(arrival) < buffer_periods:
        assert report.periods == 0
        return
    due = int(arrival[buffer_periods - 1])
    played = silent = underruns = periods = 0
    while due <= arrival[-1]:
        ready = int(np.count_nonzero(arrival <= due)) * PERIOD - played
        got = min(ready, PERIOD)
        played += got
        silent += PERIOD - got
        underruns += got < PERIOD
        periods += 1
        due += PERIOD_NS
    assert (report.periods, report.underruns, report.silent_frames) == (periods, underruns, silent)
