"""The judgement of one series on one night, and its confirmation.

Tonight and the nights before it are held against the baseline in several looks (their median, or
the sum of their counts), each with a p that knows how far nights scatter and how long a mood
lasts. The smallest p, times the number of looks, is held against a limit that is derived from how
many series are judged in how many nights. Whoever passes is made again tonight, and told only
when the re-runs agree.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.statistics.baseline import Level, level_of, stands_out
from lab.statistics.counts import compare_counts, overdispersed
from lab.statistics.medians import median
from lab.statistics.scatter import scatter_factor
from lab.statistics.series import Change, CountsBefore, Night, Policy, Series, Window, window_of
from lab.statistics.special import student_beyond

_DEFAULT = Policy()


def judge(history: Series, tonight: Night, policy: Policy = _DEFAULT) -> Change | None:
    """Say whether a series changed, as of tonight.

    Parameters
    ----------
    history
        The nights before.
    tonight
        Its value. On an unfit machine nothing is judged.
    policy
        The budget of false alarms.

    Returns
    -------
    Change or None
        With ``needs_confirmation`` it is a suspicion: make the run again ``reruns`` times and ask
        `confirm`.

    Raises
    ------
    LabError
        For a count that is not a whole number of 0 or more.
    """
    before = history.level()
    if not tonight.fit or not before:
        return None
    nights = [*before, tonight]
    values = np.array([night.value for night in nights], dtype=np.float64)
    if history.kind == "count" and ((values < 0) | (values != np.floor(values))).any():
        raise LabError("a count is not a whole number of 0 or more", where=tonight.night)
    constant = bool((values[:-1] == values[0]).all())
    if constant and values[-1] == values[0]:
        return None
    if constant and history.deterministic:
        return _exact(history, nights)
    window = window_of(len(nights), history.kind, policy)
    if window is None:
        return None
    if history.kind == "count":
        return _judge_counts(history, nights, values, window, policy)
    level = level_of(values[window.start : window.end])
    if level.spread == 0:
        return _judge_rare(history, nights, values, window, policy)
    return _judge_level(history, nights, values, window, level, policy)


def confirm(
    change: Change,
    reruns: Sequence[float],
    exposures: Sequence[float] | None = None,
    policy: Policy = _DEFAULT,
) -> Change | None:
    """Hold a suspicion against re-runs of the same night.

    Parameters
    ----------
    change
        By `judge`.
    reruns
        Values of runs made again tonight.
    exposures
        Of counts, one each; 1 each when left out.
    policy
        As for `judge`.

    Returns
    -------
    Change or None
        The change with `Change.confirmed_by`, or None: not confirmed, be it that the re-runs
        disagree or that there are fewer than were asked for. An exact value needs no re-run, but
        one that differs takes it back: then the run is not deterministic.

    Raises
    ------
    LabError
        For a value or an exposure that is not a finite number.
    """
    values = np.asarray(reruns, dtype=np.float64)
    if not np.isfinite(values).all():
        raise LabError("the value of a re-run is not a finite number")
    if values.size < change.reruns:
        return None
    if change.what == "exact value":
        agreed = bool((values == change.after).all())
    elif change.what == "rare value":
        # What it was always is not what it is now, in every one of them.
        agreed = bool((np.sign(values - change.before) == np.sign(_step(change))).all())
    elif isinstance(change.level, CountsBefore):
        agreed = _counts_agree(change, change.level, values, exposures, policy)
    else:
        assert isinstance(change.level, Level)
        agreed = _level_agrees(change, change.level, values, policy)
    return replace(change, confirmed_by=tuple(values.tolist())) if agreed else None


def _exact(history: Series, nights: Sequence[Night]) -> Change:
    """A deterministic run that gives another value: no statistics are needed."""
    before, after = nights[0].value, nights[-1].value
    return Change(
        what="exact value",
        before=before,
        after=after,
        since=nights[-1].night,
        p=None,
        magnitude=_magnitude(before, after),
        worse=_is_worse(history, before, after),
        needs_confirmation=False,
        reruns=0,
        driver_changed=_driver_changed(nights, len(nights) - 1),
        nights_after=1,
        wall_clock=False,
    )


def _judge_rare(
    history: Series,
    nights: Sequence[Night],
    values: NDArray[np.float64],
    window: Window,
    policy: Policy,
) -> Change | None:
    """A noisy series whose baseline is one value: the first other one, by exchangeability.

    That of n + 1 nights the last one is the odd one has p = 1 / (n + 1), for re-runs as well: as
    many are asked for as bring the product below the budget.
    """
    n = window.end - window.start
    before, after = float(values[window.start]), float(values[-1])
    if after == before:
        return None
    single = 1.0 / (n + 1)
    needed = math.ceil(math.log(policy.p_limit(wall_clock=True)) / math.log(single)) - 1
    if needed > policy.most_reruns:
        return None
    first = len(nights) - 1
    while first > window.end and np.sign(values[first - 1] - before) == np.sign(after - before):
        first -= 1
    return Change(
        what="rare value",
        before=before,
        after=median(values[first:]),
        since=nights[first].night,
        p=single,
        magnitude=_magnitude(before, median(values[first:])),
        worse=_is_worse(history, before, after),
        needs_confirmation=True,
        reruns=max(policy.reruns, needed),
        driver_changed=_driver_changed(nights, first),
        nights_after=len(nights) - first,
        wall_clock=history.wall_clock,
    )


def _judge_level(
    history: Series,
    nights: Sequence[Night],
    values: NDArray[np.float64],
    window: Window,
    level: Level,
    policy: Policy,
) -> Change | None:
    """A continuous series: medians of the last nights against the level before."""
    on_scale = np.array([level.on_scale(v) for v in values[window.end :].tolist()])
    looks = {look: median(on_scale[-look:]) for look in window.looks}
    distances = {look: _difference(place, level.centre) for look, place in looks.items()}
    p = {look: level.p_beyond(distances[look], look) for look in looks}
    best = min(p, key=lambda look: (p[look], look))
    told = min(1.0, 2 * len(looks) * p[best])
    if told > policy.p_limit(wall_clock=history.wall_clock):
        return None
    if history.wall_clock and not stands_out(
        values[window.start : window.end], level, distances[best], best
    ):
        return None
    first = _onset_of_level(on_scale, level, looks[best])
    before, after = level.off_scale(level.centre), median(values[window.end + first :])
    magnitude = _magnitude(before, after)
    if after == before or (magnitude is not None and abs(magnitude) < policy.minimum_change):
        return None
    return Change(
        what="level",
        before=before,
        after=after,
        since=nights[window.end + first].night,
        p=told,
        magnitude=magnitude,
        worse=_is_worse(history, before, after),
        needs_confirmation=True,
        reruns=policy.reruns,
        driver_changed=_driver_changed(nights, window.end + first),
        nights_after=len(nights) - window.end - first,
        wall_clock=history.wall_clock,
        level=level,
    )


def _onset_of_level(x: NDArray[np.float64], level: Level, after: float) -> int:
    """First night of the new level: the split with the least distance to the two levels.

    Distances are drawn in, so that no spike decides.

    Parameters
    ----------
    x
        The nights that are looked at, on the scale that is judged on.
    """
    reach = max(4 * level.spread, abs(_difference(after, level.centre)))
    to_old, to_new = (_drawn_in(x, place, reach) for place in (level.centre, after))
    cost = np.concatenate(([0.0], np.cumsum(to_old)[:-1])) + np.cumsum(to_new[::-1])[::-1]
    return int(np.argmin(cost))


def _drawn_in(x: NDArray[np.float64], place: float, reach: float) -> NDArray[np.float64]:
    """Distance to a place as a share of `reach`, 1 at most."""
    # Halves, because the difference of two floats may be none.
    with np.errstate(over="ignore"):
        return np.minimum(np.abs(x / 2 - place / 2) / (reach / 2), 1.0)


def _level_agrees(
    change: Change, level: Level, values: NDArray[np.float64], policy: Policy
) -> bool:
    """All re-runs lie on the new side of half way, and their median is far from the old level."""
    x = np.array([level.on_scale(v) for v in values.tolist()])
    old, new = level.centre, level.on_scale(change.after)
    side = np.sign(new - old)
    if not ((x - (old / 2 + new / 2)) * side > 0).all():
        return False
    distance = _difference(median(x), old)
    # Re-runs share tonight's mood: of a wall-clock figure, many of them tell no more than one.
    if change.wall_clock:
        return level.p_beyond(distance, 1) <= policy.p_rerun
    z = distance / (level.spread * math.sqrt(1.5 / values.size + 1.6 / level.nights))
    return student_beyond(min(abs(z), 1e150), level.freedom) <= policy.p_rerun


@dataclass(frozen=True)
class _Look:
    """One look at counts."""

    p: float
    nights: int
    more: bool


def _judge_counts(
    history: Series,
    nights: Sequence[Night],
    values: NDArray[np.float64],
    window: Window,
    policy: Policy,
) -> Change | None:
    """Counts: sums of the last nights against the sum of the baseline."""
    exposures = np.array([night.exposure for night in nights])
    base, base_t = values[window.start : window.end], exposures[window.start : window.end]
    before, t_before = int(base.sum()), float(base_t.sum())
    limit = policy.p_limit(wall_clock=history.wall_clock)
    best: _Look | None = None
    for look in window.looks:
        count, t = int(values[-look:].sum()), float(exposures[-look:].sum())
        found = compare_counts(before, t_before, count, t)
        if found.p * len(window.looks) > limit:
            continue  # a wider scatter only makes it larger
        factor = scatter_factor(base, base_t, look, wall_clock=history.wall_clock)
        found = overdispersed(found, before, t_before, count, t, factor)
        if best is None or found.p < best.p:
            best = _Look(found.p, look, found.p_more < found.p_fewer)
    if best is None or best.p * len(window.looks) > limit:
        return None
    rate_before = _rate(before, t_before)
    first = window.end + _onset_of_rate(
        values[window.end :], exposures[window.end :], rate_before, more=best.more
    )
    after, t_after = float(values[first:].sum()), float(exposures[first:].sum())
    rate_after = _rate(after, t_after)
    if rate_before == rate_after:
        return None
    if rate_before > 0 and 1 / policy.minimum_ratio < rate_after / rate_before < (
        policy.minimum_ratio
    ):
        return None
    level = CountsBefore(
        before, t_before, scatter_factor(base, base_t, 1, wall_clock=history.wall_clock)
    )
    return Change(
        what="rate",
        before=rate_before,
        after=rate_after,
        since=nights[first].night,
        p=min(1.0, best.p * len(window.looks)),
        magnitude=_magnitude(rate_before, rate_after),
        worse=_is_worse(history, rate_before, rate_after),
        needs_confirmation=True,
        reruns=_reruns_of_counts(level, rate_after, nights[-1].exposure, policy),
        driver_changed=_driver_changed(nights, first),
        nights_after=len(nights) - first,
        wall_clock=history.wall_clock,
        level=level,
    )


def _onset_of_rate(
    k: NDArray[np.float64], t: NDArray[np.float64], rate_before: float, *, more: bool
) -> int:
    """First night of the new rate: the split of the greatest likelihood, in that direction."""
    after_k, after_t = np.cumsum(k[::-1])[::-1], np.cumsum(t[::-1])[::-1]
    with np.errstate(over="ignore"):
        expected = np.minimum(rate_before * after_t, 1e300)
    # Twice the logarithm of the likelihood ratio, halved; 0 log 0 is 0.
    safe = np.maximum(expected, 1e-300)
    gain = np.where(after_k > 0, after_k * (np.log(np.maximum(after_k, 1)) - np.log(safe)), 0.0)
    gain -= after_k - expected
    right_way = after_k > expected if more else after_k < expected
    return int(np.argmax(np.where(right_way, gain, -1.0)))


def _reruns_of_counts(level: CountsBefore, rate: float, exposure: float, policy: Policy) -> int:
    """As many re-runs as let the new rate, if it is real, show up in them as well."""
    for reruns in range(policy.reruns, policy.most_reruns):
        t = exposure * reruns
        expected = round(min(rate * t, 1e15))
        found = compare_counts(level.count, level.exposure, expected, t)
        found = overdispersed(found, level.count, level.exposure, expected, t, level.factor)
        if min(found.p_more, found.p_fewer) <= policy.p_rerun / 4:
            return reruns
    return policy.most_reruns


def _counts_agree(
    change: Change,
    level: CountsBefore,
    values: NDArray[np.float64],
    exposures: Sequence[float] | None,
    policy: Policy,
) -> bool:
    told = [1.0] * values.size if exposures is None else list(exposures)
    if len(told) != values.size:
        raise LabError(f"{values.size} re-runs and {len(told)} exposures", do="give one for each")
    count, t = int(values.sum()), float(sum(told))
    found = compare_counts(level.count, level.exposure, count, t)
    found = overdispersed(found, level.count, level.exposure, count, t, level.factor)
    return (found.p_more if change.after > change.before else found.p_fewer) <= policy.p_rerun


def _rate(count: float, exposure: float) -> float:
    return min(count / exposure, sys.float_info.max)


def _driver_changed(nights: Sequence[Night], first: int) -> bool | None:
    near = [night.driver for night in nights[max(0, first - 2) : first + 2]]
    return None if not all(near) else len(set(near)) > 1


def _is_worse(history: Series, before: float, after: float) -> bool:
    return (after > before) == (history.better == "lower")


def _step(change: Change) -> float:
    return 1.0 if change.after > change.before else -1.0


def _magnitude(before: float, after: float) -> float | None:
    if before == 0:
        return None
    ratio = _difference(after, before) / abs(before)
    return max(-sys.float_info.max, min(ratio, sys.float_info.max))


def _difference(a: float, b: float) -> float:
    return max(-sys.float_info.max, min(a - b, sys.float_info.max))
