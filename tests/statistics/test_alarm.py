"""A change is found on the right night, and only when a re-run agrees."""

from __future__ import annotations

import dataclasses
import math
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from lab.errors import LabError
from lab.statistics import (
    Change,
    Night,
    Policy,
    Series,
    confirm,
    counts_worth_judging,
    group,
    judge,
    worth_judging,
)

pytest.importorskip("scipy")

FAMILY = Policy(series=20)


def name(night: int) -> str:
    return f"night-{night:04d}"


def as_nights(values: ArrayLike, unfit: frozenset[int] = frozenset()) -> list[Night]:
    told = np.asarray(values, dtype=np.float64).tolist()
    return [Night(name(n), v, fit=n not in unfit) for n, v in enumerate(told)]


def first_alarm(nights: list[Night], policy: Policy = FAMILY, **traits: object) -> Change | None:
    """Judge night by night, as the nightly run does, with re-runs like the night itself."""
    for n in range(1, len(nights)):
        series = Series(tuple(nights[:n]), **traits)  # type: ignore[arg-type]
        change = judge(series, nights[n], policy)
        if change is None:
            continue
        if not change.needs_confirmation:
            return change
        again = [nights[n].value] * change.reruns
        if (agreed := confirm(change, again, policy=policy)) is not None:
            return agreed
    return None


def latency(nights: int, seed: int, spread: float = 0.03) -> NDArray[np.float64]:
    return 50.0 * np.random.default_rng(seed).lognormal(0, spread, nights)


# ---- found ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [1, 5, 364])
def test_a_deterministic_value_that_changes_is_a_change_at_once_with_no_p(length: int) -> None:
    found = first_alarm(as_nights([0.0] * length + [1.0]), deterministic=True)
    assert found is not None
    assert (found.what, found.since, found.p) == ("exact value", name(length), None)
    assert not found.needs_confirmation
    assert found.worse


def test_a_value_that_is_only_by_chance_always_the_same_is_none_at_once() -> None:
    series = Series(tuple(as_nights([0.0] * 20)), kind="count")
    assert judge(series, Night(name(20), 1.0), FAMILY) is None


@pytest.mark.parametrize("seed", range(5))
def test_latency_that_rises_by_15_percent_is_found_within_a_night(seed: int) -> None:
    values = latency(140, seed)
    values[110:] *= 1.15
    found = first_alarm(as_nights(values))
    assert found is not None
    assert abs(int(found.since[-4:]) - 110) <= 1
    assert found.worse
    assert found.magnitude == pytest.approx(0.15, abs=0.06)


@pytest.mark.parametrize("seed", range(5))
def test_a_count_rate_of_three_times_is_found_within_a_night(seed: int) -> None:
    values = np.random.default_rng(seed).poisson(6.0, 130).astype(float)
    values[100:] = np.random.default_rng(seed + 50).poisson(18.0, 30)
    found = first_alarm(as_nights(values), kind="count", wall_clock=False)
    assert found is not None
    assert abs(int(found.since[-4:]) - 100) <= 1
    assert found.worse
    assert found.after / found.before == pytest.approx(3, rel=0.6)


def test_a_large_step_is_found_in_its_first_night_exactly() -> None:
    values = latency(101, 9)
    values[100] *= 2
    found = first_alarm(as_nights(values))
    assert found is not None
    assert (found.since, found.nights_after) == (name(100), 1)


def test_a_fall_is_told_as_good_or_as_bad_by_what_is_better() -> None:
    values = latency(110, 2)
    values[100:] /= 2
    for better, worse in (("lower", False), ("higher", True)):
        found = first_alarm(as_nights(values), better=better)
        assert found is not None
        assert found.worse is worse


def test_a_rate_is_held_against_the_exposure_of_each_night() -> None:
    rng = np.random.default_rng(5)
    hours = rng.uniform(0.5, 2, 100)
    hours[90:] = 12.0
    nights = [
        Night(name(n), float(rng.poisson(4 * t)), exposure=t) for n, t in enumerate(hours.tolist())
    ]
    assert first_alarm(nights, kind="count", wall_clock=False) is None
    without = [dataclasses.replace(night, exposure=1.0) for night in nights]
    assert first_alarm(without, kind="count", wall_clock=False) is not None


def test_a_value_that_was_always_the_same_on_the_wall_clock_takes_many_re_runs() -> None:
    series = Series(tuple(as_nights([0.0] * 40)))
    found = judge(series, Night(name(40), 480.0))
    assert found is not None
    assert found.what == "rare value"
    assert found.reruns > Policy().reruns
    again = [480.0] * found.reruns
    assert confirm(found, again) is not None
    assert confirm(found, [*again[:-1], 0.0]) is None


def test_the_driver_that_came_with_the_change_is_told() -> None:
    values = latency(104, 3)
    values[100:] *= 2
    for swap, told in ((100, True), (50, False)):
        nights = [
            dataclasses.replace(night, driver="a" if n < swap else "b")
            for n, night in enumerate(as_nights(values))
        ]
        found = first_alarm(nights)
        assert found is not None
        assert found.driver_changed is told
    unknown = first_alarm(as_nights(values))
    assert unknown is not None
    assert unknown.driver_changed is None


# ---- not found -----------------------------------------------------------------------------------


def test_one_spike_is_a_suspicion_that_the_re_runs_take_back() -> None:
    values = latency(101, 4)
    values[100] *= 5
    nights = as_nights(values)
    change = judge(Series(tuple(nights[:-1])), nights[-1], FAMILY)
    assert change is not None
    assert change.needs_confirmation
    assert confirm(change, [50.0, 51.0, 49.0]) is None
    assert confirm(change, [250.0, 51.0, 240.0]) is None
    assert confirm(change, [250.0, 255.0]) is None  # fewer than were asked for
    told = confirm(change, [250.0, 255.0, 240.0])
    assert told is not None
    assert told.confirmed_by == (250.0, 255.0, 240.0)


def test_a_deterministic_run_that_gives_a_third_value_is_not_deterministic() -> None:
    change = judge(Series(tuple(as_nights([0.0] * 9)), deterministic=True), Night(name(9), 2.0))
    assert change is not None
    assert confirm(change, [2.0]) is not None
    assert confirm(change, [1.0]) is None


def test_re_runs_of_counts_have_to_be_many_on_their_own() -> None:
    nights = as_nights([*np.random.default_rng(1).poisson(2.0, 99).tolist(), 16])
    change = judge(Series(tuple(nights[:-1]), kind="count", wall_clock=False), nights[-1], FAMILY)
    assert change is not None
    assert confirm(change, [15.0] * change.reruns) is not None
    assert confirm(change, [2.0] * change.reruns) is None
    # What many come of, when each re-run is ten times as long.
    assert confirm(change, [15.0] * change.reruns, [10.0] * change.reruns) is None
    with pytest.raises(LabError, match="exposures"):
        confirm(change, [15.0] * change.reruns, [1.0])


def test_nights_on_an_unfit_machine_are_neither_judged_nor_compared_with() -> None:
    values = latency(120, 6)
    unfit = frozenset({*range(60, 75), 100, 119})
    values[list(unfit)] *= 3
    assert first_alarm(as_nights(values, unfit)) is None
    assert first_alarm(as_nights(values)) is not None


def test_after_a_known_change_the_new_level_is_the_normal_one() -> None:
    values = latency(140, 7)
    values[130:] *= 1.5
    nights = as_nights(values)
    history = Series(tuple(nights[:-1]))
    assert judge(history, nights[-1], FAMILY) is not None
    known = dataclasses.replace(history, known_change=name(130))
    assert judge(known, nights[-1], FAMILY) is None
    exact = Series(tuple(as_nights([0.0] * 5 + [7.0])), deterministic=True, known_change=name(5))
    assert judge(exact, Night(name(6), 7.0)) is None


def test_a_change_too_small_to_matter_is_not_told() -> None:
    values = latency(140, 8, spread=0.0005)
    values[110:] *= 1.01
    assert first_alarm(as_nights(values)) is None
    assert first_alarm(as_nights(values), Policy(series=20, minimum_change=0.005)) is not None


def test_more_series_and_less_budget_make_the_limit_stricter() -> None:
    strict, lax = (Policy(series=n).p_limit(wall_clock=True) for n in (20, 2))
    assert lax == pytest.approx(10 * strict)
    assert FAMILY.p_limit(wall_clock=False) > FAMILY.p_limit(wall_clock=True)


# ---- any input -----------------------------------------------------------------------------------

FINITE = st.floats(allow_nan=False, allow_infinity=False)
SERIES = st.lists(FINITE | st.sampled_from([0.0, 1.0, -1.0, 1e308]), min_size=1, max_size=50)


def check_finite(change: Change) -> None:
    figures = [change.before, change.after, change.p, change.magnitude]
    assert all(math.isfinite(f) for f in figures if f is not None)


@given(SERIES, FINITE, st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_values_give_a_figure_that_is_none(
    values: list[float], tonight: float, wall_clock: bool
) -> None:
    lenient = Policy(series=1, nights=1, minimum_nights=3, false_alarms=1.0)
    series = Series(tuple(as_nights(values)), wall_clock=wall_clock)
    change = judge(series, Night(name(99), tonight), lenient)
    if change is not None:
        check_finite(change)
        agreed = confirm(change, [tonight] * change.reruns, policy=lenient)
        assert agreed is None or agreed.confirmed_by


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.floats(1e-200, 1e200)), min_size=2, max_size=50),
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_no_counts_give_a_figure_that_is_none(
    told: list[tuple[int, float]], wall_clock: bool
) -> None:
    lenient = Policy(series=1, nights=1, minimum_nights=3, false_alarms=1.0)
    nights = [Night(name(n), float(k), exposure=t) for n, (k, t) in enumerate(told)]
    series = Series(tuple(nights[:-1]), kind="count", wall_clock=wall_clock)
    change = judge(series, nights[-1], lenient)
    if change is not None:
        check_finite(change)
        t = [nights[-1].exposure] * change.reruns
        confirm(change, [nights[-1].value] * change.reruns, t, policy=lenient)


@pytest.mark.parametrize("kind", ["count", "scalar"])
@pytest.mark.parametrize("wall_clock", [False, True])
def test_the_screen_leaves_out_nothing_that_would_be_told(
    kind: Literal["count", "scalar"], wall_clock: bool
) -> None:
    rng = np.random.default_rng(11)
    policy, told = Policy(series=2), 0
    for length in (22, 30, 60, 130):
        rows = np.repeat(rng.choice([1.0, 1.0, 1.5, 3.0], (60, 1)), length, axis=1)
        rows[:, : -int(rng.integers(1, 9))] = 1.0
        values = (
            rng.poisson(4 * rows).astype(float)
            if kind == "count"
            else rows * rng.lognormal(0, 0.1, rows.shape)
        )
        ones = np.ones_like(values)
        worth = (
            counts_worth_judging(values, ones, policy, wall_clock=wall_clock)
            if kind == "count"
            else worth_judging(values, policy, wall_clock=wall_clock)
        )
        for row, kept in zip(values, worth.tolist(), strict=True):
            nights = as_nights(row)
            series = Series(tuple(nights[:-1]), kind=kind, wall_clock=wall_clock)
            change = judge(series, nights[-1], policy)
            told += change is not None
            assert kept or change is None
        assert not worth.all()  # it does leave out something
    assert told > 10


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_value_that_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(LabError, match="finite"):
        Night(name(1), value)
    with pytest.raises(LabError, match="exposure"):
        Night(name(1), 1.0, exposure=0.0)


@pytest.mark.parametrize("value", [0.5, -1.0])
def test_a_count_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(LabError, match="count"):
        judge(Series(tuple(as_nights([1.0] * 30)), kind="count"), Night(name(31), value))


# ---- events --------------------------------------------------------------------------------------


def some_change(since: int, *, up: bool = True, wall_clock: bool = True) -> Change:
    return Change(
        what="level",
        before=1.0,
        after=2.0 if up else 0.5,
        since=name(since),
        p=1e-9,
        magnitude=1.0,
        worse=up,
        needs_confirmation=True,
        reruns=3,
        driver_changed=None,
        nights_after=1,
        wall_clock=wall_clock,
    )


def test_what_moves_together_on_the_wall_clock_is_one_event() -> None:
    nights = [name(n) for n in range(100)]
    told = [(f"s{n}", some_change(n)) for n in (50, 41, 46)]
    (event,) = group(told, nights)
    assert event.shared
    assert event.since == name(41)
    assert [series for series, _ in event.changes] == ["s41", "s46", "s50"]


def test_far_apart_or_the_other_way_or_in_virtual_time_it_is_another_event() -> None:
    nights = [name(n) for n in range(100)]
    one = ("a", some_change(40))
    for other in (
        some_change(60),
        some_change(40, up=False),
        some_change(40, wall_clock=False),
    ):
        events = group([one, ("b", other)], nights)
        assert [event.shared for event in events] == [False, False]
