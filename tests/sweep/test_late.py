"""What jitter and load are: drawn from the seed, and known in closed form."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.faults.events import Drift, LateWake, ReaderSlow, ReaderStall
from lab.faults.prng import Stream
from lab.faults.schedule import check_order
from lab.sweep.late import (
    LONGEST_US,
    cycles_without_loss,
    events_of,
    exponential_us,
    glitch_probability,
    period_ns,
    setup_of,
)
from tests.sweep.support import task_of


def test_the_times_are_exponential_with_that_mean() -> None:
    stream = Stream(1, 0, 10)
    drawn = np.array([exponential_us(stream, Decimal("2.5")) for _ in range(20_000)])
    assert drawn.mean() == pytest.approx(2500, rel=0.03)
    for times in (1, 3):  # the tail is exponential, too
        share = float((drawn > 2500 * times).mean())
        assert share == pytest.approx(np.exp(-times), abs=4 * np.sqrt(np.exp(-times) / 20_000))


def test_the_first_times_of_a_seed_stay_what_they_are_on_every_machine() -> None:
    stream = Stream(7, 0, 10)
    assert [exponential_us(stream, Decimal(10)) for _ in range(4)] == [28484, 8583, 23989, 2152]


def test_no_time_is_longer_than_an_event_may_be() -> None:
    assert exponential_us(Stream(0, 0, 10), Decimal(10**9)) == LONGEST_US


@given(
    seed=st.integers(0, 1 << 63),
    jitter=st.sampled_from(["0", "0.5", "20", "2000"]),
    load=st.integers(0, 100),
    host=st.sampled_from(["0", "5", "2000"]),
    ppm=st.integers(-5000, 5000),
    period=st.sampled_from([16, 480, 8192]),
)
def test_a_schedule_is_in_order_and_ends_before_the_run_does(
    seed: int, jitter: str, load: int, host: str, ppm: int, period: int
) -> None:
    task = task_of(
        *(f"jitter={jitter}", f"load={load}", f"host_jitter={host}", f"ppm={ppm}"),
        *(f"period={period}", "load_burst=2000"),
        seed=seed,
    )
    events, setup = events_of(task), setup_of(task)
    check_order(events, end_cycle=setup.cycles)
    kinds = {type(event) for event in events}
    assert (Drift in kinds) == (ppm != 0)
    assert load or ReaderSlow not in kinds
    assert jitter != "0" or ReaderStall not in kinds
    assert host != "0" or LateWake not in kinds


def test_events_do_not_overlap() -> None:
    task = task_of("jitter=50", "load=50", "host_jitter=5", seed=5)
    until = 0
    for event in events_of(task):
        assert event.at.cycle is not None
        assert event.at.cycle > until
        if isinstance(event, ReaderStall | ReaderSlow):
            until = event.at.cycle + round(event.s * 1e9) // period_ns(task)


@given(seed=st.integers(0, 1 << 63))
def test_twice_the_mean_is_twice_each_time(seed: int) -> None:
    once = exponential_us(Stream(seed, 0, 10), Decimal(10))
    twice = exponential_us(Stream(seed, 0, 10), Decimal(20))
    assert abs(twice - 2 * once) <= 1


def test_a_ring_holds_the_cycles_that_fit_and_not_one_more() -> None:
    task = task_of("ring=4096", "period=512")
    # Eight blocks fit: seven while it is away, and that of the cycle behind which it is back.
    assert cycles_without_loss(task) == 7
    assert cycles_without_loss(task, percent=50) == 14
    assert cycles_without_loss(task, percent=99) is not None
    assert cycles_without_loss(task_of("ring=512", "period=512")) == 0


def test_the_closed_form_is_what_it_is_in_simple_cases() -> None:
    assert glitch_probability(task_of("jitter=0")) == 0
    task = task_of("ring=4096", "period=512", "jitter=100", late_wake_ups=1)
    assert glitch_probability(task) == pytest.approx(np.exp(-8 * 512 / 48_000 / 0.1), rel=1e-6)
    # A ring as long as a cycle holds nothing of what comes while the reader is away.
    task = task_of("ring=512", "period=512", "jitter=2000", late_wake_ups=100)
    assert glitch_probability(task) == pytest.approx(1.0)


@given(
    jitter=st.integers(1, 2000), load=st.integers(0, 100), period=st.sampled_from([64, 480, 1024])
)
def test_a_larger_ring_is_never_worse(jitter: int, load: int, period: int) -> None:
    chances = [
        glitch_probability(
            task_of(f"ring={r}", f"jitter={jitter}", f"load={load}", f"period={period}")
        )
        for r in (1024, 4096, 65_536)
    ]
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in chances)
