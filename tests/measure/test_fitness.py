"""The probe of the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lab.measure.fitness import (
    Fitness,
    parse_run_delay,
    parse_steal,
    probe_fitness,
    steal_share,
)

GOOD = Fitness(
    probes=100,
    wake_p50_us=60,
    wake_p99_us=200,
    steal_percent=0.1,
    run_delay_percent=0.5,
    realtime_priority=True,
    processors=2,
)


def test_a_quiet_machine_is_fit() -> None:
    assert GOOD.is_fit
    assert GOOD.reasons == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (replace(GOOD, wake_p99_us=1_500), "wakes 1500 us late"),
        (replace(GOOD, steal_percent=5), "hypervisor takes 5.0 %"),
        (replace(GOOD, run_delay_percent=20), "waits 20.0 %"),
    ],
)
def test_a_busy_machine_is_not_and_says_why(bad: Fitness, said: str) -> None:
    assert not bad.is_fit
    assert said in bad.reasons[0]


def test_a_machine_that_does_not_say_how_long_it_waits_is_not_unfit_for_that() -> None:
    assert replace(GOOD, run_delay_percent=-1).is_fit


def test_steal_is_the_eighth_field_of_the_first_line() -> None:
    assert parse_steal("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1 1\n") == (8, 36)
    assert parse_steal("cpu 1 2 3 4\n") == (0, 10)
    assert parse_steal("") == (0, 0)


@pytest.mark.parametrize(("stolen", "percent"), [(0, 0), (1, 0), (2, 5), (5, 20)])
def test_one_stolen_tick_in_a_short_probe_is_no_evidence(stolen: int, percent: float) -> None:
    # 100 ms on two processors are 20 ticks.
    share = steal_share((100, 5_000), (100 + stolen, 5_020))
    assert share == percent
    assert replace(GOOD, steal_percent=share).is_fit == (stolen < 2)


def test_a_machine_that_counts_no_ticks_steals_none() -> None:
    assert steal_share((0, 0), (0, 0)) == 0


def test_run_delay_is_the_second_field() -> None:
    assert parse_run_delay("100 250 3\n") == 250
    assert parse_run_delay("") == -1


def test_the_probe_measures_this_machine() -> None:
    found = probe_fitness(probes=10, interval_us=1_000)
    assert found.probes == 10
    assert 0 <= found.wake_p50_us <= found.wake_p99_us
    assert found.processors >= 1
