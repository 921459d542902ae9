"""In paired runs the machine cancels, and the driver does not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lab.errors import LabError
from lab.statistics import own_change, own_part

pytest.importorskip("scipy")


def runs(
    seed: int, *, machine: float = 1.0, driver: float = 1.5, drift: float = 0.0, count: int = 20
) -> NDArray[np.float64]:
    """Triples on a machine of some speed, which may become slower while they are made."""
    rng = np.random.default_rng(seed)
    slow = machine * np.exp(drift * np.arange(3 * count) / 3).reshape(count, 3)
    noise = rng.lognormal(0, 0.03, (count, 3))
    made: NDArray[np.float64] = 40.0 * slow * np.array([1.0, driver, 1.0]) * noise
    return made


def test_a_machine_that_is_twice_as_slow_tonight_is_no_change() -> None:
    before, tonight = runs(1), runs(2, machine=2.0)
    assert tonight[:, 1].mean() > 1.9 * before[:, 1].mean()
    found = own_change(before, tonight)
    assert found.p > 0.01
    assert found.low < 1 < found.high


def test_a_driver_that_is_a_fifth_slower_is_one_on_any_machine() -> None:
    for machine in (0.5, 1.0, 2.0):
        found = own_change(runs(1), runs(3, machine=machine, driver=1.8))
        assert found.p < 1e-4
        assert found.worse
        assert found.low < 1.2 < found.high
        assert found.low > 1.1


def test_faster_is_not_worse_unless_higher_is_better() -> None:
    assert not own_change(runs(1), runs(3, driver=1.2)).worse
    assert own_change(runs(1), runs(3, driver=1.2), better="higher").worse


def test_a_steady_drift_of_the_machine_cancels() -> None:
    found = own_part(runs(4, drift=0.05, count=60))
    assert found.low < 1.5 < found.high
    assert found.drift == pytest.approx(math.exp(0.05 * 2 / 3), abs=0.02)


def test_one_stalled_run_moves_nothing() -> None:
    stalled = runs(5)
    stalled[7, 1] *= 100
    assert own_part(stalled).ratio == pytest.approx(own_part(runs(5)).ratio, rel=0.02)
    assert own_change(runs(6), stalled).p > 0.01


def test_what_the_driver_adds_is_in_the_unit_of_the_values() -> None:
    found = own_part(runs(6, count=60))
    assert found.own == pytest.approx(20.0, rel=0.1)
    assert found.own_low < 20.0 < found.own_high


def test_the_interval_covers_as_often_as_it_says() -> None:
    for count in (1, 3, 8, 25):
        told = [own_part(runs(seed, count=count)) for seed in range(400)]
        covered = np.mean([t.low <= 1.5 <= t.high for t in told])
        assert covered >= told[0].confidence - 0.04
    # Of six triples on 95 % can be had, of fewer not.
    assert own_part(runs(1, count=6)).confidence >= 0.95
    assert own_part(runs(1, count=5)).confidence < 0.95


POSITIVE = st.floats(5e-324, 1.7e308)
TRIPLES = st.lists(st.tuples(POSITIVE, POSITIVE, POSITIVE), min_size=1, max_size=12)


@given(TRIPLES, TRIPLES)
@settings(max_examples=60, deadline=None)
def test_every_figure_is_finite(
    before: list[tuple[float, float, float]], after: list[tuple[float, float, float]]
) -> None:
    part, change = own_part(before), own_change(before, after)
    figures = [part.ratio, part.low, part.high, part.own, part.own_low, part.own_high, part.drift]
    figures += [part.confidence, change.factor, change.low, change.high, change.p]
    assert np.isfinite(figures).all()
    assert 0 <= change.p <= 1


@pytest.mark.parametrize("triples", [[], [[1.0, 2.0]], [[1.0, 0.0, 1.0]], [[1.0, np.nan, 1.0]]])
def test_what_are_no_triples_is_refused(triples: list[list[float]]) -> None:
    with pytest.raises(LabError, match="paired run"):
        own_part(triples)
