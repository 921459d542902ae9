"""What is judged, by which policy, and what a judgement says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from lab.errors import LabError
from lab.statistics.baseline import LOOKS, Level

COUNT_LOOKS = (1, 3, 7, 15, 30)
"""As `LOOKS`, for sums of counts: rare events take longer to tell."""


@dataclass(frozen=True)
class Night:
    """What one night measured.

    Attributes
    ----------
    night
        Its name, an ISO date.
    value
        Finite; of a count, a whole number of 0 or more.
    exposure
        What a count was counted over: seconds of audio. Above 0.
    fit
        The machine could judge the measurement. A night on an unfit machine is left out, not zero.
    driver
        SHA-256 of the driver; empty: not known.
    """

    night: str
    value: float
    exposure: float = 1.0
    fit: bool = True
    driver: str = ""

    def __post_init__(self) -> None:
        """Refuse what no statistics can be made of."""
        if not math.isfinite(self.value):
            raise LabError("a value is not a finite number", where=self.night)
        if not (math.isfinite(self.exposure) and self.exposure > 0):
            raise LabError("an exposure is not a finite number above 0", where=self.night)


@dataclass(frozen=True)
class Series:
    """One measurement of one run, night after night, before tonight.

    Attributes
    ----------
    nights
        Ascending; nights in which it was not measured are simply not there.
    kind
        `lab.results.Measurement.kind`.
    better
        `lab.results.Measurement.better`.
    deterministic
        Virtual time with a fixed seed: the same driver gives the same value, always.
    wall_clock
        The machine's mood is in it. A re-run tonight shares that mood, and proves less.
    known_change
        Night on which the present level begins, of the last change that was accepted; what lies
        before it is not compared with. Empty: none.
    """

    nights: tuple[Night, ...]
    kind: Literal["count", "scalar"] = "scalar"
    better: Literal["lower", "higher"] = "lower"
    deterministic: bool = False
    wall_clock: bool = True
    known_change: str = ""

    def level(self) -> Sequence[Night]:
        """The fit nights of the present level."""
        return [n for n in self.nights if n.fit and n.night >= self.known_change]


@dataclass(frozen=True)
class Policy:
    """How many false alarms are borne, and what is too small to matter.

    Attributes
    ----------
    series
        How many are judged each night.
    nights
        How many nights the budget is for.
    false_alarms
        The budget: how many are expected in all those nights over all those series, at most.
    p_rerun
        What re-runs have to reach on their own.
    reruns, most_reruns
        How many times a run is made again; the most that are ever asked for.
    baseline_nights, count_baseline_nights
        The longest baselines.
    minimum_nights
        The shortest baseline of a noisy series.
    minimum_change
        Smaller relative changes of a level are not told.
    minimum_ratio
        Smaller ratios of rates of counts (or of their inverse) are not told.
    """

    series: int = 20_000
    nights: int = 365
    false_alarms: float = 0.05
    p_rerun: float = 0.01
    reruns: int = 3
    most_reruns: int = 20
    baseline_nights: int = 180
    count_baseline_nights: int = 365
    minimum_nights: int = 20
    minimum_change: float = 0.02
    minimum_ratio: float = 1.5

    def p_limit(self, *, wall_clock: bool) -> float:
        """Largest p of a series on a night, all looks and both directions told, that is followed.

        The budget over all judgements of the year (Bonferroni). Re-runs that do not share the
        machine's mood are fresh evidence, and the limit is higher. Not by all of ``1 / p_rerun``,
        but by a tenth of it: they are held against the same baseline, and a suspicion that is not
        confirmed may come back the next night.
        """
        limit = self.false_alarms / (self.series * self.nights)
        return min(0.01, limit if wall_clock else limit * max(1.0, 0.1 / self.p_rerun))


@dataclass(frozen=True)
class CountsBefore:
    """Counts of the level before a change, for `confirm`.

    Attributes
    ----------
    count, exposure
        Sums.
    factor
        Variance over mean of a night; 1 for Poisson.
    """

    count: int
    exposure: float
    factor: float


@dataclass(frozen=True)
class Change:
    """That a series is not what it was.

    Attributes
    ----------
    what
        ``"exact value"``: of a deterministic run. ``"level"``, ``"rate"``: of a noisy series.
        ``"rare value"``: of a series that has always been one value though nothing makes it so.
    before, after
        Values; of counts, per unit of exposure.
    since
        First night of the new level.
    p
        That tonight looks like this when nothing changed, all looks told; None: no statistics.
    magnitude
        Relative: after / before - 1; None when before is 0.
    worse
        It went in the direction that is not `better`.
    needs_confirmation
        A change that is not to be told before `confirm` agrees.
    reruns
        How many re-runs that takes.
    driver_changed
        The driver's bytes changed on `since` or a night next to it; None: not known.
    nights_after
        How many fit nights the new level has, tonight included.
    level
        What it was compared with, for `confirm`.
    confirmed_by
        Values of the re-runs; empty before `confirm`.
    """

    what: Literal["exact value", "level", "rate", "rare value"]
    before: float
    after: float
    since: str
    p: float | None
    magnitude: float | None
    worse: bool
    needs_confirmation: bool
    reruns: int
    driver_changed: bool | None
    nights_after: int
    wall_clock: bool
    level: Level | CountsBefore | None = None
    confirmed_by: tuple[float, ...] = ()


@dataclass(frozen=True)
class Window:
    """Which of the fit nights of a level, tonight the last one, are the baseline.

    Attributes
    ----------
    start, end
        The baseline is ``[start:end]``; ``[end:]`` is looked at.
    looks
        Of how many last nights.
    """

    start: int
    end: int
    looks: tuple[int, ...]


def window_of(nights: int, kind: Literal["count", "scalar"], policy: Policy) -> Window | None:
    """The baseline of a series of so many fit nights, tonight included; None: too few."""
    looks = COUNT_LOOKS if kind == "count" else LOOKS
    longest = policy.count_baseline_nights if kind == "count" else policy.baseline_nights
    room = min(looks[-1], nights - policy.minimum_nights)
    if room < 1:
        return None
    end = nights - room
    return Window(max(0, end - longest), end, tuple(look for look in looks if look <= room))
