"""What changed: tonight against the nights before, series by series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lab.history.history import History
from lab.history.series import (
    GLITCHES,
    SeriesRows,
    VerdictRows,
    series_before,
    verdicts_before,
)
from lab.history.told import read_told
from lab.night.paired import RATIO
from lab.night.paired import SCENARIO as PAIRED
from lab.night.record import Change, Trend
from lab.report.terminal import number, words
from lab.results import Measurement, Result, Verdict
from lab.statistics import Change as Suspicion
from lab.statistics import Night as Point
from lab.statistics import Policy, Series, confirm, group, judge

TREND_NIGHTS = 60
"""So many are drawn."""
OPEN_NIGHTS = 30
"""A change that still stands is told for so long."""
GOOD_NEWS_NIGHTS = 7
"""What became better is told once when it is exact; what scatters takes some nights to be seen."""
_DIRECTED = {"ns", "us", "ms", "s", "ppm", "%", "x"}
_BAD = {Verdict.FAIL.value}
_SAID = {Verdict.PASS.value, Verdict.MARGINAL.value, Verdict.FAIL.value}


@dataclass(frozen=True)
class Suspect:
    """A series that may have changed, and the run that is to be made again.

    Attributes
    ----------
    result, measurement
        Of tonight.
    rows
        Before tonight.
    change
        What the statistics say.
    """

    result: Result
    measurement: Measurement
    rows: SeriesRows
    change: Suspicion


@dataclass(frozen=True)
class Judgement:
    """What is known before anything is made again.

    Attributes
    ----------
    changes
        Sure already: verdicts, exact values, and what was told before and still stands.
    suspects
        To be confirmed.
    trends
        Of whatever changed, and of what has not always been the same.
    told
        Changes of the nights before, as they were told then.
    """

    changes: list[Change]
    suspects: list[Suspect]
    trends: list[Trend]
    told: list[Change]


def judge_night(history: History, night: str, results: Sequence[Result]) -> Judgement:
    """Hold a night against those before it.

    Parameters
    ----------
    history
        Need not hold the night itself.
    night
        Its name.
    results
        Of the night, made for the first time.

    Returns
    -------
    Judgement
    """
    first = [result for result in results if result.attempt == 0]
    keys = {result.key for result in first}
    rows = series_before(history, night, keys)
    verdicts = verdicts_before(history, night, keys)
    judged = [(r, m) for r in first if r.verdict is not Verdict.SKIPPED for m in measured(r)]
    policy = Policy(series=max(len(judged), 1))
    changes = [
        change
        for result in first
        if result.key in verdicts
        and (change := verdict_change(night, result, verdicts[result.key])) is not None
    ]
    fell = {change.key for change in changes}
    suspects: list[Suspect] = []
    trends: list[Trend] = []
    told = read_told(history.store, before=night)
    known = {(change.key, change.measurement): change for change in told}
    for result, measurement in judged:
        before = rows.get((result.key, measurement.name))
        if before is None:
            continue
        last = known.get((result.key, measurement.name))
        if last is not None and (standing := still_open(last, measurement, before)) is not None:
            changes.append(standing)
            trends.append(trend_of(night, result, measurement, before, since=last.since))
            continue
        accepted = last.since if last is not None else ""
        found = judge_series(night, result, measurement, before, policy, accepted)
        if found is None or _is_old_good_news(found):
            if bool((before.values != measurement.value).any()):
                trends.append(trend_of(night, result, measurement, before))
            continue
        trends.append(trend_of(night, result, measurement, before, since=found.since))
        if found.needs_confirmation:
            suspects.append(Suspect(result, measurement, before, found))
        elif result.key not in fell:
            # A verdict that fell says the same, and more.
            changes.append(told_change(result, measurement, found))
    return Judgement(changes, suspects, trends, told)


def _is_old_good_news(found: Suspicion) -> bool:
    return not found.worse and found.nights_after > (
        1 if found.what == "exact value" else GOOD_NEWS_NIGHTS
    )


def measured(result: Result) -> list[Measurement]:
    """What of a result is compared with other nights: what has a good and a bad direction.

    That is whatever has a limit, is counted, or is a time, a rate or a share. A plain number of
    frames or cycles without a limit says how much was done, not how well. Of paired runs it is the
    ratio alone: in their other figures is the machine.
    """
    if result.scenario == PAIRED:
        return [m for m in result.measurements if m.name == RATIO]
    virtual = result.clock == "virtual"
    glitches = Measurement(
        name=GLITCHES, value=result.glitch_count, kind="count", wall_clock=not virtual
    )
    compared = [
        m
        for m in result.measurements
        if m.limit is not None or m.kind == "count" or m.unit.split(" ")[0] in _DIRECTED
    ]
    return [*compared, glitches]


def judge_series(
    night: str,
    result: Result,
    measurement: Measurement,
    before: SeriesRows,
    policy: Policy,
    accepted: str = "",
) -> Suspicion | None:
    """Hold a measurement against its series.

    Parameters
    ----------
    night, result, measurement
        Of tonight.
    before
        Its series.
    policy
        How many false alarms are borne.
    accepted
        Night of the last change that was told: what lies before it is no longer compared with.

    Returns
    -------
    lab.statistics.Change or None
    """
    if bool((before.values == measurement.value).all()):
        return None
    fixed = not measurement.wall_clock and result.clock == "virtual"
    fixed = fixed and bool((before.seeds == result.seed).all())
    points = tuple(
        Point(name, value, exposure or 1.0, fit, sha256)
        for name, value, exposure, fit, sha256 in zip(
            *(before.nights, before.values.tolist(), before.audio_s.tolist(), before.fit.tolist()),
            before.sha256,
            strict=True,
        )
    )
    fit = _is_fit(result, measurement)
    tonight = Point(night, measurement.value, result.audio_s or 1.0, fit, result.driver_sha256)
    series = Series(
        points,
        kind=measurement.kind,
        better=measurement.better,
        deterministic=fixed,
        wall_clock=measurement.wall_clock,
        known_change=accepted,
    )
    if fixed:
        return exact_change(series, tonight, policy)
    return judge(series, tonight, policy)


def still_open(last: Change, measurement: Measurement, before: SeriesRows) -> Change | None:
    """A change for the worse that was told, as it stands tonight; None: it is over, or how it is.

    It stands while tonight is nearer to the new level than to the old one.
    """
    if not last.is_worse or last.before is None or last.after is None:
        return None
    nights = sum(night >= last.since for night in before.nights) + 1
    per = 3600.0 / (float(before.audio_s[-1]) or 1.0) if last.unit.endswith("per hour") else 1.0
    level = measurement.value * per
    if abs(level - last.after) > abs(level - last.before) or nights > OPEN_NIGHTS:
        return None
    return last.model_copy(update={"nights": nights})


def exact_change(series: Series, tonight: Point, policy: Policy) -> Suspicion | None:
    """A value of a deterministic run: the night on which it became what it is tonight.

    Changes that are older than `OPEN_NIGHTS` nights are how it is.
    """
    nights = series.nights
    at = len(nights)
    while at > 0 and nights[at - 1].value == tonight.value:
        at -= 1
    if at == 0 or len(nights) - at >= OPEN_NIGHTS:
        return None
    until = at
    while until > 0 and nights[until - 1].value == nights[at - 1].value:
        until -= 1
    before = replace(series, nights=nights[until:at])
    first = nights[at] if at < len(nights) else tonight
    found = judge(before, first, policy)
    return None if found is None else replace(found, nights_after=len(nights) - at + 1)


def verdict_change(night: str, result: Result, before: VerdictRows) -> Change | None:
    """A run that passed fails now, or the other way; since when.

    Nights in which it was skipped, or the machine was unfit, say nothing.
    """
    told = [
        (name, verdict in _BAD, sha256)
        for name, verdict, sha256 in zip(before.nights, before.verdicts, before.sha256, strict=True)
        if verdict in _SAID
    ]
    if result.verdict.value not in _SAID or not told:
        return None
    bad = result.verdict.value in _BAD
    at = len(told)
    while at > 0 and told[at - 1][1] == bad:
        at -= 1
    if at == 0 or (not bad and at < len(told)) or len(told) - at >= OPEN_NIGHTS:
        return None  # it was always so; or it passes again, and that was told already
    since = told[at][0] if at < len(told) else night
    sha_since = told[at][2] if at < len(told) else result.driver_sha256
    last = f"last {'good' if bad else 'bad'} night {told[at - 1][0]}"
    sentence = f"fails: {result.reason or 'no reason was given'}" if bad else "passes again"
    return Change(
        key=result.key,
        driver=result.driver_name,
        scenario=result.scenario,
        measurement="verdict",
        since=since,
        nights=len(told) - at + 1,
        is_worse=bad,
        sentence=f"{sentence}; {last}",
        command=result.command,
        result_id=result.id,
        driver_changed=bool(sha_since) and sha_since != told[at - 1][2],
    )


def confirmed_changes(
    suspects: Sequence[Suspect], again: Mapping[str, Sequence[Result]]
) -> list[Change]:
    """Hold suspects against the runs that were made again.

    Parameters
    ----------
    suspects
        Of `judge_night`.
    again
        Results with `attempt` above 0, by key.

    Returns
    -------
    list of Change
        Only those that were confirmed.
    """
    changes = []
    for suspect in suspects:
        reruns = [
            (found.value, result.audio_s or 1.0)
            for result in again.get(suspect.result.key, ())
            for found in measured(result)
            if found.name == suspect.measurement.name
        ]
        agreed = confirm(suspect.change, [v for v, _ in reruns], [e for _, e in reruns])
        if agreed is not None:
            changes.append(told_change(suspect.result, suspect.measurement, agreed, confirmed=True))
    return changes


def with_company(
    changes: Sequence[Change], told: Sequence[Change], nights: Sequence[str]
) -> list[Change]:
    """Say of each wall-clock change how many others went the same way at the same time.

    Parameters
    ----------
    changes
        Confirmed tonight.
    told
        In the nights before.
    nights
        All nights, ascending, tonight included.

    Returns
    -------
    list of Change
        Those of tonight; of an event that has company the sentence says so.
    """
    named = [(f"{n}", change) for n, change in enumerate([*changes, *told])]
    events = group([(name, _as_suspicion(change)) for name, change in named], nights)
    company = {name: len(event.changes) - 1 for event in events for name, _ in event.changes}
    made = []
    for name, change in named[: len(changes)]:
        others = company[name]
        said = f"; so did {others} other{'s' * (others > 1)}: look at the machine first"
        made.append(
            change.model_copy(
                update={"shared_with": others, "sentence": change.sentence + said * (others > 0)}
            )
        )
    return made


def _as_suspicion(change: Change) -> Suspicion:
    """What `group` looks at."""
    return Suspicion(
        what="level",
        before=change.before or 0.0,
        after=change.after or 0.0,
        since=change.since,
        p=change.p_value,
        magnitude=None,
        worse=change.is_worse,
        needs_confirmation=False,
        reruns=0,
        driver_changed=change.driver_changed,
        nights_after=change.nights,
        wall_clock=change.wall_clock,
    )


def told_change(
    result: Result,
    measurement: Measurement,
    found: Suspicion,
    *,
    confirmed: bool | None = None,
) -> Change:
    """A change in words."""
    per = 3600.0 if found.what == "rate" else 1.0
    before, after = found.before * per, found.after * per
    unit = f"{measurement.unit} per hour".strip() if found.what == "rate" else measurement.unit
    shown = f" {unit}" if unit else ""
    by = "" if found.magnitude is None else f" ({found.magnitude:+.0%})"
    levels = f"{number(before)} -> {number(after)}"
    return Change(
        key=result.key,
        driver=result.driver_name,
        scenario=result.scenario,
        measurement=measurement.name,
        unit=unit,
        before=before,
        after=after,
        since=found.since,
        nights=found.nights_after,
        is_worse=found.worse,
        sentence=f"{words(measurement.name)} {levels}{shown}{by}",
        p_value=found.p,
        confirmed=confirmed,
        command=result.command,
        result_id=result.id,
        driver_changed=bool(found.driver_changed),
        wall_clock=found.wall_clock,
    )


def trend_of(
    night: str, result: Result, measurement: Measurement, before: SeriesRows, *, since: str = ""
) -> Trend:
    """The last nights of a series, tonight included."""
    fit = _is_fit(result, measurement)
    told = zip(before.values.tolist(), before.fit.tolist(), strict=True)
    values = [value if ok else None for value, ok in told]
    return Trend(
        key=result.key,
        driver=result.driver_name,
        scenario=result.scenario,
        measurement=measurement.name,
        unit=measurement.unit,
        better=measurement.better,
        limit=measurement.limit,
        nights=[*before.nights[-TREND_NIGHTS:], night],
        values=[*values[-TREND_NIGHTS:], measurement.value if fit else None],
        since=[since] if since else [],
    )


def _is_fit(result: Result, measurement: Measurement) -> bool:
    """Whether the machine could measure it; `lab.history.series` asks the same of other nights."""
    if not measurement.wall_clock:
        return True
    return result.fitness is None or not result.fitness.reasons
