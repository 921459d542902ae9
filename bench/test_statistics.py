"""What the nightly judgement costs: change points of a year, and a screen of many series."""

from __future__ import annotations

import time

import numpy as np
import pytest

from bench.conftest import Judge
from bench.ratios import Ratio, floor, typical
from lab.statistics import Policy, change_points, worth_judging

pytest.importorskip("scipy")

ROUNDS = 20
NIGHTS = 365
SERIES = 2_000


def test_change_points_of_a_year_take_well_below_a_tenth_of_a_second(judge: Judge) -> None:
    rng = np.random.default_rng(1)
    cost_ms = []
    for seed in range(ROUNDS):
        year = rng.normal(100, 5, NIGHTS)
        year[100:160] *= 1.2
        year[200:] *= 1.1
        began_ns = time.process_time_ns()
        found = change_points(year, seed=seed)
        cost_ms.append((time.process_time_ns() - began_ns) / 1e6)
        assert len(found) >= 3
    judge(
        Ratio(
            "statistics: change points of 365 nights with three changes",
            floor(cost_ms),
            limit=100,
            stretch=50,
            unit="ms",
            gates=True,
            margin=2,
            detail={"typical ms": typical(cost_ms)},
        )
    )


def test_thousands_of_series_are_screened_in_a_moment(judge: Judge) -> None:
    values = np.random.default_rng(2).normal(100, 5, (SERIES, NIGHTS))
    cost_us = []
    for _ in range(ROUNDS):
        began_ns = time.process_time_ns()
        worth = worth_judging(values, Policy())
        cost_us.append((time.process_time_ns() - began_ns) / 1e3 / SERIES)
        assert not worth.all()
    judge(
        Ratio(
            "statistics: screening one series of a year",
            floor(cost_us),
            limit=100,
            unit="us",
            detail={"typical us": typical(cost_us)},
        )
    )
