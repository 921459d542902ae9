"""Simulated years, to measure what the whole procedure does: alarms for nothing, changes found.

Each model of noise says what a night and a re-run of that night give. A machine's mood is shared
by all series of a year and by the re-runs of a night; a spike is a run's own. Nights are judged
one after the other, each by what was known that night, with re-runs and `confirm`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lab.statistics.alarm import confirm, judge
from lab.statistics.baseline import LOOKS
from lab.statistics.events import group
from lab.statistics.screen import counts_worth_judging, worth_judging
from lab.statistics.series import COUNT_LOOKS, Change, Night, Policy, Series

MODELS: dict[str, str] = {
    "normal": "normal, 5 % a night",
    "spikes": "lognormal, 8 %; 2 % of the runs are spikes of 3 to 10 times",
    "poisson": "Poisson, 0.05 to 5 a night",
    "mood": "mood of the machine, 5 %, nine tenths kept from night to night; 3 % of its own",
    "mood-counts": "Poisson, 0.05 to 5 a night, times a mood of 20 %",
    "unfit": "normal, 5 %; 8 % of the nights on an unfit machine, twice as slow",
}
"""Names, and what they are."""
_MOOD_KEPT = 0.9


@dataclass(frozen=True)
class Plant:
    """A change that is put in.

    Attributes
    ----------
    night
        The first one of the new level.
    factor
        What values, or rates of counts, are multiplied with.
    """

    night: int
    factor: float


@dataclass(frozen=True)
class Told:
    """An alarm that was raised.

    Attributes
    ----------
    row
        Of which series.
    raised
        In which night.
    since
        Which night it names.
    change
        All of it.
    """

    row: int
    raised: int
    since: int
    change: Change


@dataclass(frozen=True)
class Years:
    """What a simulation gave.

    Attributes
    ----------
    alarms
        In no order.
    series
        Series per year; row // series is the year.
    years, nights
        How many years, of how many nights.
    suspicions
        How often runs were made again.
    """

    alarms: tuple[Told, ...]
    series: int
    years: int
    nights: int
    suspicions: int

    def changes_per_year(self) -> NDArray[np.int64]:
        """Series that were said to have changed, of each year, shape (years,)."""
        of = np.array([told.row // self.series for told in self.alarms], dtype=np.int64)
        return np.bincount(of, minlength=self.years)

    def alarms_per_year(self) -> NDArray[np.int64]:
        """Alarms of each year, shape (years,): changes that belong together are one."""
        nights = [f"{night:05d}" for night in range(self.nights)]
        per_year: list[list[tuple[str, Change]]] = [[] for _ in range(self.years)]
        for told in self.alarms:
            per_year[told.row // self.series].append((f"{told.row}", told.change))
        return np.array([len(group(changes, nights)) for changes in per_year], dtype=np.int64)


@dataclass(frozen=True, eq=False)
class _World:
    """Expected values of all nights, and how a run scatters about them."""

    expected: NDArray[np.float64]
    fit: NDArray[np.bool_]
    draw: Callable[[np.random.Generator, NDArray[np.float64]], NDArray[np.float64]]
    kind: Literal["count", "scalar"]
    wall_clock: bool = True


def simulate(
    model: str,
    *,
    years: int,
    series: int = 20,
    nights: int = 365,
    seed: int = 0,
    policy: Policy | None = None,
    plant: Plant | None = None,
    base_rate: float | None = None,
) -> Years:
    """Judge simulated years night by night.

    Parameters
    ----------
    model
        One of `MODELS`.
    years, series, nights
        How many years, of so many series, of so many nights.
    seed
        Of all of it.
    policy
        The budget is for `series` series by default.
    plant
        The same change in all series; None: quiet years.
    base_rate
        Of counts, per night; each series its own by default.

    Returns
    -------
    Years
    """
    told_policy = Policy(series=series, nights=nights) if policy is None else policy
    rng = np.random.default_rng(seed)
    world = _world(model, rng, years, series, nights, base_rate)
    if plant is not None:
        world.expected[:, plant.night :] *= plant.factor
    values = world.draw(rng, world.expected)
    return _Run(world, values, told_policy, rng, series).years(years)


def _world(
    model: str,
    rng: np.random.Generator,
    years: int,
    series: int,
    nights: int,
    base_rate: float | None,
) -> _World:
    rows = years * series
    level = np.full((rows, nights), 100.0)
    fit = np.ones((rows, nights), dtype=np.bool_)
    rates = np.exp(rng.uniform(np.log(0.05), np.log(5.0), rows))
    if base_rate is not None:
        rates = np.full(rows, base_rate)
    if model == "normal":
        return _World(level, fit, _normal(0.05), "scalar")
    if model == "spikes":
        return _World(level, fit, _spiky, "scalar")
    if model == "poisson":
        return _World(level * 0 + rates[:, np.newaxis], fit, _poisson, "count", wall_clock=False)
    if model == "unfit":
        unfit = np.repeat(rng.random((years, nights)) < 0.08, series, axis=0)
        return _World(np.where(unfit, 200.0, level), ~unfit, _normal(0.05), "scalar")
    mood = np.repeat(_moods(rng, years, nights), series, axis=0)
    if model == "mood":
        sensitivity = rng.uniform(0.5, 1.5, (rows, 1))
        return _World(level * np.exp(0.05 * sensitivity * mood), fit, _normal(0.03), "scalar")
    if model == "mood-counts":
        return _World(rates[:, np.newaxis] * np.exp(0.2 * mood), fit, _poisson, "count")
    raise ValueError(f"no model {model}: one of {', '.join(MODELS)}")


def _moods(rng: np.random.Generator, years: int, nights: int) -> NDArray[np.float64]:
    """Autoregressive, standard deviation 1."""
    steps = rng.normal(0, np.sqrt(1 - _MOOD_KEPT**2), (years, nights))
    mood = np.empty((years, nights))
    mood[:, 0] = rng.normal(0, 1, years)
    for night in range(1, nights):
        mood[:, night] = _MOOD_KEPT * mood[:, night - 1] + steps[:, night]
    return mood


def _normal(
    spread: float,
) -> Callable[[np.random.Generator, NDArray[np.float64]], NDArray[np.float64]]:
    def draw(rng: np.random.Generator, expected: NDArray[np.float64]) -> NDArray[np.float64]:
        return expected * (1 + rng.normal(0, spread, expected.shape))

    return draw


def _spiky(rng: np.random.Generator, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    spikes = np.where(rng.random(expected.shape) < 0.02, rng.uniform(3, 10, expected.shape), 1.0)
    return expected * spikes * np.exp(rng.normal(0, 0.08, expected.shape))


def _poisson(rng: np.random.Generator, expected: NDArray[np.float64]) -> NDArray[np.float64]:
    return rng.poisson(expected).astype(np.float64)


@dataclass(eq=False)
class _Run:
    """The nights of all series, one after the other.

    Unfit nights are left out, so that a row's nights are those that count: the rows that have a
    p-th one are screened together.
    """

    world: _World
    values: NDArray[np.float64]
    policy: Policy
    rng: np.random.Generator
    series: int
    told: list[Told] = field(default_factory=list)
    suspicions: int = 0

    def years(self, years: int) -> Years:
        """Judge all of it."""
        rows, nights = self.values.shape
        # Fit nights to the left, in their order.
        order = np.argsort(~self.world.fit, axis=1, kind="stable")
        ordered = np.take_along_axis(self.values, order, axis=1)
        counts = self.world.fit.sum(axis=1)
        begins = np.zeros(rows, dtype=np.int64)
        for p in range(self.policy.minimum_nights, nights):
            there = np.flatnonzero(counts > p)
            quiet = there[begins[there] == 0]
            start = max(0, p + 1 - self._longest())
            suspects = quiet[self._screen(ordered[quiet, start : p + 1])] if quiet.size else quiet
            changed = there[begins[there] > 0]
            for row in (*suspects.tolist(), *changed.tolist()):
                begin = max(start, int(begins[row]))
                since = self._judge(row, order[row, begin : p + 1].tolist())
                if since is not None:
                    begins[row] = int(np.flatnonzero(order[row] == since)[0])
        return Years(tuple(self.told), self.series, years, nights, self.suspicions)

    def _longest(self) -> int:
        if self.world.kind == "count":
            return self.policy.count_baseline_nights + COUNT_LOOKS[-1]
        return self.policy.baseline_nights + LOOKS[-1]

    def _screen(self, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        wall_clock = self.world.wall_clock
        if self.world.kind == "count":
            ones = np.ones_like(values)
            return counts_worth_judging(values, ones, self.policy, wall_clock=wall_clock)
        return worth_judging(values, self.policy, wall_clock=wall_clock)

    def _judge(self, row: int, nights: list[int]) -> int | None:
        """Judge the last one of some nights; the first night of the new level, if there is one."""
        if len(nights) <= self.policy.minimum_nights:
            return None
        known = tuple(Night(f"{night:05d}", float(self.values[row, night])) for night in nights)
        history = Series(known[:-1], kind=self.world.kind, wall_clock=self.world.wall_clock)
        change = judge(history, known[-1], self.policy)
        if change is None:
            return None
        self.suspicions += 1
        tonight = nights[-1]
        again = self.world.draw(self.rng, np.full(change.reruns, self.world.expected[row, tonight]))
        change = confirm(change, again.tolist(), policy=self.policy)
        if change is None:
            return None
        since = int(change.since)
        self.told.append(Told(row, tonight, since, replace(change, level=None)))
        return since
