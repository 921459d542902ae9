"""The first two answers, with which page and Markdown begin: is it good, and what changed?"""

from __future__ import annotations

from dataclasses import dataclass

from lab.night.record import Change, DriverLine, Night, Trend
from lab.report.page.figures import RANK, count_of, duration, figure, in_short, moment
from lab.results import Result, Verdict

_DRIVERS = 8


@dataclass(frozen=True)
class Headline:
    """A night in one look.

    Attributes
    ----------
    verdict
        The worst of its drivers.
    good
        Whether it is good.
    changed
        What changed.
    """

    verdict: Verdict
    good: str
    changed: str


@dataclass(frozen=True)
class ChangeView:
    """A change, and what it is a change of.

    Attributes
    ----------
    change
        As it was worked out.
    result
        Of tonight; None when it is not in the night.
    trend
        Of the measurement over the nights; None when there is none.
    step
        ``"0 → 12 frames"``; of a verdict ``"pass → fail"``, empty where that is not known.
    since
        ``"since 2026-11-19, for 3 nights"``.
    notes
        What was confirmed, and whether it is a new build: words, and whether they speak for it.
    """

    change: Change
    result: Result | None
    trend: Trend | None
    step: str
    since: str
    notes: tuple[str, ...]


def headline(night: Night) -> Headline:
    """What to say of a night if there is room for two sentences.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    Headline
    """
    return Headline(_verdict(night), _good(night), _changed(night))


def _verdict(night: Night) -> Verdict:
    if not night.results:
        return Verdict.SKIPPED
    told = [line.verdict for line in night.drivers] or [r.verdict for r in night.results]
    if _failed_without_driver(night):
        return Verdict.FAIL
    return min(told, key=RANK.__getitem__)


def _failed_without_driver(night: Night) -> int:
    """Runs that no driver's line tells of."""
    return sum(r.driver is None and r.verdict is Verdict.FAIL for r in night.results)


def _good(night: Night) -> str:
    if not night.results:
        return "No run was made"
    lines = night.drivers
    failed = [line.name for line in lines if line.verdict is Verdict.FAIL]
    close = [line.name for line in lines if line.verdict is Verdict.MARGINAL]
    if failed:
        names = ", ".join(failed[:3]) + (" and others" if len(failed) > 3 else "")
        if len(lines) == 1:
            return f"{in_short(names, 80)} fails"
        verb = "fails" if len(failed) == 1 else "fail"
        return f"{len(failed)} of {len(lines)} drivers {verb}: {in_short(names, 80)}"
    if stray := _failed_without_driver(night):
        return f"{count_of(stray, 'run')} without a driver failed"
    if close:
        return f"{count_of(len(close), 'driver')} close to a limit, none over it"
    if all(line.verdict is Verdict.PASS for line in lines) and lines:
        return (
            f"{in_short(lines[0].name, 80)} is good" if len(lines) == 1 else "All drivers are good"
        )
    return "Nothing failed, but not everything could be judged"


def _changed(night: Night) -> str:
    if not night.previous:
        return "The first night: nothing to compare it with"
    worse = sum(change.is_worse for change in night.changes)
    better = len(night.changes) - worse
    if not night.changes:
        return f"Nothing changed since {night.previous}"
    told = []
    if worse:
        told.append(f"{count_of(worse, 'change')} for the worse")
    if better:
        told.append(
            f"{better} for the better" if worse else f"{count_of(better, 'change')} for the better"
        )
    return f"{', '.join(told)} since {night.previous}"


def partial_line(night: Night) -> str:
    """Why a night is not the whole of one; empty when it is."""
    made = len({r.id for r in night.results if r.attempt == 0})
    missing = night.planned - made
    if missing <= 0 and not night.stopped:
        return ""
    told = f"Only part of a night: {count_of(made, 'run')} of {night.planned:,}"
    return f"{told}; {in_short(night.stopped)}" if night.stopped else told


def facts_line(night: Night) -> list[str]:
    """Where, what, and for how long, as pieces of one line."""
    machine = ", ".join(
        part for part in (night.machine.name, night.machine.system, night.machine.processor) if part
    )
    pieces = [
        machine,
        count_of(len(night.results), "run")
        + (f" of the {night.matrix} matrix" if night.matrix else ""),
        duration(night.duration_s) if night.duration_s else "",
        f"hal-lab {night.hal_lab}" if night.hal_lab else "",
        f"commit {night.commit[:12]}" if night.commit else "",
        moment(night.made_at),
    ]
    return [piece for piece in pieces if piece]


def drivers_in_sight(night: Night) -> tuple[list[DriverLine], list[DriverLine]]:
    """Drivers that are shown at once, and those that are folded away: good ones behind the eighth.

    On a narrow screen what changed stands below them, and must not be far away.
    """
    good = [line for line in night.drivers if line.verdict is Verdict.PASS]
    others = len(night.drivers) - len(good)
    folded = good[max(_DRIVERS - others, 0) :]
    return [line for line in night.drivers if line not in folded], folded


def change_views(night: Night) -> list[ChangeView]:
    """All changes, those for the worse first, else in their order.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    list of ChangeView
    """
    results = {result.id: result for result in night.results}
    trends = {(trend.key, trend.measurement): trend for trend in night.trends}
    ordered = sorted(night.changes, key=lambda change: not change.is_worse)
    views = []
    for change in ordered:
        result = results.get(change.result_id)
        views.append(
            ChangeView(
                change=change,
                result=result,
                trend=trends.get((change.key, change.measurement)),
                step=_step(change, result),
                since=_since(change),
                notes=_notes(change),
            )
        )
    return views


def _step(change: Change, result: Result | None) -> str:
    if change.before is None or change.after is None:
        if result is None or change.measurement != "verdict":
            return ""
        return (
            f"pass → {result.verdict.value}"
            if change.is_worse
            else f"fail → {result.verdict.value}"
        )
    return f"{figure(change.before)} → {figure(change.after, change.unit)}"


def _since(change: Change) -> str:
    if change.nights <= 1:
        return f"since tonight, {change.since}"
    return f"since {change.since}, for {count_of(change.nights, 'night')}"


def _notes(change: Change) -> tuple[str, ...]:
    notes = []
    if change.confirmed is True:
        notes.append("confirmed by a run made again")
    elif change.confirmed is False:
        notes.append("not confirmed: the run made again disagrees")
    elif change.is_worse:
        notes.append("not made again")
    notes.append("new build of the driver" if change.driver_changed else "same build of the driver")
    if change.p_value is not None:
        chance = "under 0.0001" if change.p_value < 0.0001 else f"{change.p_value:.2g}"
        notes.append(f"chance {chance}")
    return tuple(notes)


def standing_failures(night: Night) -> list[Result]:
    """Runs that fail and are no change of tonight's: they failed before, or there is no before."""
    changed = {change.result_id for change in night.changes if change.is_worse}
    return [r for r in night.results if r.verdict is Verdict.FAIL and r.id not in changed]
