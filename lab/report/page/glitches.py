"""Which glitches are shown, and what is said of each; those that are not shown are counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from lab.night.record import Night
from lab.report.page.clips import Clip, ClipError, read_clip
from lab.report.page.figures import (
    RANK,
    cause_sentence,
    count_of,
    driver_of,
    figure,
    of_the_run,
    says_nothing_against_the_driver,
)
from lab.report.page.plots import TIMELINE_WIDTH, ticks_path
from lab.results import Glitch, Result

CARDS = 60
"""As many glitches are shown one by one."""
ROWS = 40
"""As many rows has the table of all causes."""


@dataclass(frozen=True)
class Timeline:
    """Where a glitch lies in its run.

    Attributes
    ----------
    ticks
        Path: all glitches of the run whose list was kept.
    x
        Of this one.
    begin, end
        What the axis says.
    """

    ticks: str
    x: float
    begin: str
    end: str


@dataclass(frozen=True)
class Card:
    """A glitch as it is shown.

    Attributes
    ----------
    anchor
        ID in the page; that of the first card of a result is ``g-`` and the result's ID.
    result
        It was found in.
    glitch
        The record.
    run
        What makes the run the one it is.
    number
        Of the glitches in the result's list, from 1.
    size, place
        ``"3 frames"``, ``"frame 96,000"``; empty where there is none.
    cause
        The sentence.
    not_the_driver
        Whether somebody else is to blame.
    timeline
        None when nobody knows where it was.
    clip
        None when there is none.
    silence
        Why there is no player.
    """

    anchor: str
    result: Result
    glitch: Glitch
    run: str
    number: int
    size: str
    place: str
    cause: str
    not_the_driver: bool
    timeline: Timeline | None
    clip: Clip | None = None
    silence: str = ""


@dataclass(frozen=True)
class CauseRow:
    """How often one cause spoiled one driver in one way."""

    driver: str
    kind: str
    cause_id: str
    cause: str
    count: int
    runs: int


@dataclass(frozen=True)
class Glitches:
    """The section.

    Attributes
    ----------
    cards
        Shown one by one.
    total
        Of the night.
    unlisted
        Of those, how many no result's list has room for: their causes are not in `causes`.
    causes
        Most frequent first.
    more_causes
        Rows left out.
    """

    cards: tuple[Card, ...]
    total: int
    unlisted: int
    causes: tuple[CauseRow, ...]
    more_causes: int

    @property
    def rest(self) -> str:
        """What is not shown one by one, in a sentence; empty when all are."""
        left = self.total - len(self.cards)
        if left <= 0:
            return ""
        return (
            f"{count_of(len(self.cards), 'glitch', 'glitches')} of {self.total:,} shown one by one, "
            "one of each run, kind and cause before a second one; all are in the table of causes, "
            "and in the results' JSON."
        )


class _Axis:
    """The time lines of a run: positions are looked at once, not once for each glitch."""

    def __init__(self, result: Result) -> None:
        self._result = result
        told = {m.name: m.value for m in result.measurements}
        self._frames = max(told.get("frames-received", 0.0), told.get("frames-sent", 0.0))
        self._cycles = told.get("cycles", 0.0)

    def of(self, glitch: Glitch) -> Timeline | None:
        if glitch.position_frame >= 0:
            ticks, end = self._by_frame
            label = f"frame {end:,.0f}"
            if self._frames and self._result.audio_s:
                label += f", {figure(round(end / self._frames * self._result.audio_s, 2), 's')}"
            return _timeline(ticks, glitch.position_frame, end, "frame 0", label)
        if glitch.cycle >= 0:
            ticks, end = self._by_cycle
            return _timeline(ticks, glitch.cycle, end, "cycle 0", f"cycle {end:,.0f}")
        if glitch.at_ns >= 0:
            ticks, end, first = self._by_time
            span = figure(round(end / 1e9, 3), "s")
            return _timeline(ticks, glitch.at_ns - first, end, "first glitch", f"{span} later")
        return None

    @cached_property
    def _by_frame(self) -> tuple[str, float]:
        at = [g.position_frame for g in self._result.glitches if g.position_frame >= 0]
        end = max(self._frames, *at, 1)
        return ticks_path(at, end), end

    @cached_property
    def _by_cycle(self) -> tuple[str, float]:
        at = [g.cycle for g in self._result.glitches if g.cycle >= 0]
        end = max(self._cycles, *at, 1)
        return ticks_path(at, end), end

    @cached_property
    def _by_time(self) -> tuple[str, float, int]:
        at = [g.at_ns for g in self._result.glitches if g.at_ns >= 0]
        first = min(at)
        end = max(max(at) - first, 1)
        return ticks_path([t - first for t in at], end), end, first


def _timeline(ticks: str, at: float, end: float, begin: str, last: str) -> Timeline:
    return Timeline(ticks, round(min(at / end, 1.0) * TIMELINE_WIDTH, 1), begin, last)


def glitches_of(night: Night, *, cards: int = CARDS) -> Glitches:
    """Choose what is shown, and count all.

    Parameters
    ----------
    night
        The record.
    cards
        How many at most.

    Returns
    -------
    Glitches
        Without clips, see `with_clips`.
    """
    total = sum(max(r.glitch_count, len(r.glitches)) for r in night.results)
    listed = sum(len(r.glitches) for r in night.results)
    causes = _causes(night)
    return Glitches(
        cards=tuple(_cards(night, cards)),
        total=total,
        unlisted=total - listed,
        causes=tuple(causes[:ROWS]),
        more_causes=max(len(causes) - ROWS, 0),
    )


def with_clips(found: Glitches, folder: Path, budget: int) -> Glitches:
    """Give the cards their clips, in their order, as long as there is room.

    Parameters
    ----------
    found
        Without clips.
    folder
        Of the night.
    budget
        Bytes that clips may add to the page.

    Returns
    -------
    Glitches
        Of each card either the clip, or why there is none.
    """
    cards = []
    for card in found.cards:
        artefacts = card.result.artefacts
        name = card.glitch.clip
        if not name:
            cards.append(card)
            continue
        try:
            if name not in artefacts:
                raise ClipError(f"the result has no artefact {name!r}")
            sent = artefacts.get(f"{name}-sent", "")
            clip = read_clip(folder, artefacts[name], sent, frames=card.glitch.frames)
        except ClipError as error:
            cards.append(replace(card, silence=f"No clip: {error}."))
            continue
        if clip.size > budget:
            cards.append(replace(card, silence=f"The page has no room for it: {artefacts[name]}."))
            continue
        budget -= clip.size
        cards.append(replace(card, clip=clip))
    return replace(found, cards=tuple(cards))


def _cards(night: Night, most: int) -> list[Card]:
    """One of each kind and cause of each run in turn, until there are enough."""
    rounds = [_in_turn(result) for result in _runs_worst_first(night)]
    axes: dict[str, _Axis] = {}
    taken: Counter[str] = Counter()
    cards: list[Card] = []
    while rounds and len(cards) < most:
        still = []
        for result, turn in rounds:
            chosen = next(turn, None)
            if chosen is None or len(cards) == most:
                continue
            axis = axes.setdefault(result.id, _Axis(result))
            cards.append(_card(result, chosen[0], chosen[1], axis, taken[result.id]))
            taken[result.id] += 1
            still.append((result, turn))
        rounds = still
    # What belongs together stands together.
    first: dict[str, int] = {}
    for card in cards:
        first.setdefault(card.result.id, len(first))
    return sorted(cards, key=lambda card: (first[card.result.id], card.number))


def _runs_worst_first(night: Night) -> list[Result]:
    changed = [change.result_id for change in night.changes if change.is_worse]
    place = {id_: at for at, id_ in reversed(list(enumerate(changed)))}
    with_any = [result for result in night.results if result.glitches]
    return sorted(with_any, key=lambda r: (place.get(r.id, len(changed)), RANK[r.verdict]))


def _in_turn(result: Result) -> tuple[Result, Iterator[tuple[int, Glitch]]]:
    """The glitches of a result: each kind and cause once, then again; those with clips first."""
    groups: dict[tuple[str, str], list[tuple[int, Glitch]]] = defaultdict(list)
    for at, glitch in enumerate(result.glitches, 1):
        group = groups[glitch.kind, glitch.cause]
        # No more than this many are ever asked for, unless they can be heard.
        if len(group) < CARDS or glitch.clip:
            group.append((at, glitch))
    for group in groups.values():
        group.sort(key=lambda numbered: not numbered[1].clip)

    def turns() -> Iterator[tuple[int, Glitch]]:
        most = max((len(group) for group in groups.values()), default=0)
        for at in range(most):
            for group in groups.values():
                if at < len(group):
                    yield group[at]

    return result, turns()


def _card(result: Result, number: int, glitch: Glitch, axis: _Axis, before: int) -> Card:
    return Card(
        anchor=f"g-{result.id}" + (f"-{number}" if before else ""),
        result=result,
        glitch=glitch,
        run=of_the_run(result),
        number=number,
        size=count_of(glitch.frames, "frame") if glitch.frames > 0 else "",
        place=_place(glitch),
        cause=cause_sentence(glitch.cause),
        not_the_driver=says_nothing_against_the_driver(glitch.cause),
        timeline=axis.of(glitch),
    )


def _place(glitch: Glitch) -> str:
    told = []
    if glitch.position_frame >= 0:
        told.append(f"at frame {glitch.position_frame:,}")
    if glitch.cycle >= 0:
        told.append(f"in cycle {glitch.cycle:,}")
    if not told and glitch.at_ns >= 0:
        told.append(f"at {glitch.at_ns / 1e9:,.3f} s of the host's clock")
    return ", ".join(told)


def _causes(night: Night) -> list[CauseRow]:
    counts: Counter[tuple[str, str, str]] = Counter()
    runs: Counter[tuple[str, str, str]] = Counter()
    for result in night.results:
        driver = driver_of(result)
        of_this = Counter((driver, g.kind, g.cause) for g in result.glitches)
        counts.update(of_this)
        runs.update(of_this.keys())
    return [
        CauseRow(driver, kind, cause, cause_sentence(cause), count, runs[driver, kind, cause])
        for (driver, kind, cause), count in counts.most_common()
    ]
