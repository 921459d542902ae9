"""A player behind packets that come when they come."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.measure.playout import Playout, play_out

MS = 1_000_000
LOOK_AHEAD_NS = 6_500_000


def play(arrived_ms: list[float], *, begins: tuple[int, ...] = (), wait: int = 480) -> Playout:
    count = len(arrived_ms)
    arrived = np.array([round(ms * MS) for ms in arrived_ms], dtype=np.int64)
    flags = np.zeros(count, dtype=bool)
    flags[list(begins)] = True
    return play_out(arrived, np.full(count, 960, dtype=np.int64), flags, wait_frames=wait)


def of(playout: Playout) -> NDArray[np.int64]:
    return playout.played_ns - LOOK_AHEAD_NS


def test_even_packets_are_played_one_wait_after_they_came() -> None:
    playout = play([20.0 * n for n in range(50)])
    assert of(playout).tolist() == [(20 * n + 10) * MS for n in range(50)]
    assert playout.underruns == playout.silent_frames == 0


def test_a_packet_that_is_late_by_less_than_the_wait_is_not_heard() -> None:
    playout = play([0, 20, 49.9, 60, 80])
    assert playout.underruns == 0
    assert of(playout).tolist() == [10 * MS, 30 * MS, 50 * MS, 70 * MS, 90 * MS]


def test_a_packet_that_is_later_is_one_underrun_and_delays_what_follows() -> None:
    playout = play([0, 20, 55, 60, 80])
    assert playout.underruns == 1
    # Due at 50, there at 55, played at 65 after another wait.
    assert playout.silent_frames == 15 * 48
    assert of(playout).tolist()[2:] == [65 * MS, 85 * MS, 105 * MS]


def test_silence_between_two_stretches_is_no_underrun() -> None:
    playout = play([0, 20, 1000, 1020], begins=(2,))
    assert playout.underruns == 0
    assert of(playout).tolist() == [10 * MS, 30 * MS, 1010 * MS, 1030 * MS]


def test_a_stretch_that_begins_at_once_waits_for_the_last_one_to_end() -> None:
    playout = play([0, 0, 0, 1], begins=(3,))
    assert of(playout).tolist() == [10 * MS, 30 * MS, 50 * MS, 70 * MS]


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="per packet"):
        play_out(np.zeros(3, np.int64), np.zeros(2, np.int64), np.zeros(3, bool))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=60), st.integers(0, 4800))
def test_nothing_is_played_before_it_came_and_silence_adds_up(gaps: list[int], wait: int) -> None:
    arrived = np.cumsum(np.array(gaps, dtype=np.int64)) * MS
    frames = np.full(len(gaps), 960, dtype=np.int64)
    playout = play_out(arrived, frames, np.zeros(len(gaps), bool), wait_frames=wait)
    played = of(playout)
    assert (played >= arrived).all()
    last = (played[-1] - played[0]) / MS
    silent = playout.silent_frames / 48
    assert last == pytest.approx(20 * (len(gaps) - 1) + silent, abs=0.05 * len(gaps))
    assert (playout.silent_frames > 0) >= (playout.underruns > 0 and wait > 0)


def test_an_empty_stream_is_silence() -> None:
    playout = play([])
    assert len(playout.played_ns) == playout.underruns == 0
