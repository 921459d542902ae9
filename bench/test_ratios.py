"""The arithmetic behind the table: a ratio that should fail does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.ratios import Ratio, Verdict, floor, paired
from bench.simulator import histogram_percentile

GATED = Ratio("x", 1.0, limit=1.0, gates=True, margin=1.2)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(0.9, Verdict.OK), (1.0, Verdict.OK), (1.1, Verdict.ATTENTION), (1.3, Verdict.FAILED)],
)
def test_a_gated_ratio_fails_beyond_its_margin_only(value: float, verdict: Verdict) -> None:
    assert replace(GATED, value=value).verdict is verdict


def test_a_ratio_that_does_not_gate_never_fails() -> None:
    assert replace(GATED, value=50.0, gates=False).verdict is Verdict.ATTENTION


def test_higher_is_better_turns_limit_and_margin_round() -> None:
    speed = replace(GATED, limit=5000.0, higher_is_better=True, stretch=15000.0)
    assert replace(speed, value=20000.0).verdict is Verdict.STRETCH
    assert replace(speed, value=6000.0).verdict is Verdict.OK
    assert replace(speed, value=4500.0).verdict is Verdict.ATTENTION
    assert replace(speed, value=4000.0).verdict is Verdict.FAILED


def test_noise_that_only_adds_does_not_move_the_floor() -> None:
    quiet = [100.0] * 40
    noisy = [100.0] * 5 + [1000.0] * 35
    assert floor(noisy) == floor(quiet)
    assert paired(noisy, quiet) == 1.0


@pytest.mark.parametrize("rounds", [2, 15, 19, 20, 40])
def test_one_lucky_round_is_no_floor(rounds: int) -> None:
    assert floor([1.0] + [100.0] * (rounds - 1)) == 100.0


def test_one_round_alone_has_no_floor() -> None:
    with pytest.raises(ValueError, match="one round"):
        floor([1.0])


def test_percentiles_of_a_histogram_lie_where_the_numbers_do() -> None:
    assert histogram_percentile({10: 50, 20: 50}, 50) == 11.0
    assert 20 <= histogram_percentile({10: 50, 20: 50}, 51) <= 21
    assert histogram_percentile({10: 99, 5000: 1}, 99) == 11.0
    assert 5000 <= histogram_percentile({10: 98, 5000: 2}, 99) <= 5001


def test_an_empty_histogram_has_no_percentiles() -> None:
    with pytest.raises(ValueError, match="empty"):
        histogram_percentile({}, 50)
