"""Which glitches are shown, and what is said of each; those that are not shown are counted."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from lab.night.record import Night
from lab.report.page.clips import Clip, ClipError, read_clip
from lab.report.page.figures import (
    RANK,
    cause_sentence,
    count_of,
    figure,
    of_the_run,
    says_nothing_against_the_driver,
)
from lab.report.page.plots import TIMELINE_WIDTH, ticks_path
from lab.results import Glitch, Result

CARDS = 60
"""As many glitches are shown one by one."""
ROWS = 100
"""As many rows has the table of all causes."""


_Numbered = tuple[int, Glitch]


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
        shown = count_of(len(self.cards), "glitch", "glitches")
        return (
            f"{shown} of {self.total:,} shown one by one, those that can be heard first, and one "
            "of each run, kind and cause before a second one. All are in the results' JSON."
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
        heard = _heard(card, folder, budget) if card.glitch.clip else card
        budget -= heard.clip.size if heard.clip is not None else 0
        cards.append(heard)
    return replace(found, cards=tuple(cards))


def _heard(card: Card, folder: Path, budget: int) -> Card:
    """The card with its clip, or with why it has none."""
    artefacts = card.result.artefacts
    name = card.glitch.clip
    path = artefacts.get(name)
    if path is None:
        return replace(card, silence=f"No clip: the result has no artefact {name!r}.")
    try:
        sent = artefacts.get(f"{name}-sent", "")
        clip = read_clip(folder, path, sent, frames=card.glitch.frames)
    except ClipError as error:
        return replace(card, silence=f"No clip: {error}.")
    if clip.size > budget:
        return replace(card, silence=f"The page has no room for it: {path}.")
    return replace(card, clip=clip)


def _cards(night: Night, most: int) -> list[Card]:
    """The first of each run that changed; then what can be heard, one of each run in turn."""
    changed = [change.result_id for change in night.changes if change.is_worse]
    runs = _runs_worst_first(night, changed)
    waiting: list[tuple[int, int, int, _Numbered]] = []
    for at, result in enumerate(runs):
        for turn, numbered in enumerate(_in_turn(result, most)):
            is_link = turn == 0 and result.id in changed
            urgency = 0 if is_link else 1 if numbered[1].clip else 2
            waiting.append((urgency, turn, at, numbered))
    chosen = heapq.nsmallest(most, waiting, key=lambda told: told[:3])
    # What belongs together stands together.
    chosen.sort(key=lambda told: (told[2], told[3][0]))
    axes: dict[str, _Axis] = {}
    cards = []
    for _, _, at, (number, glitch) in chosen:
        result = runs[at]
        is_first = result.id not in axes
        axis = axes.setdefault(result.id, _Axis(result))
        cards.append(_card(result, number, glitch, axis, is_first=is_first))
    return cards


def _runs_worst_first(night: Night, changed: Sequence[str]) -> list[Result]:
    place = {id_: at for at, id_ in reversed(list(enumerate(changed)))}
    with_any = [result for result in night.results if result.glitches]
    return sorted(with_any, key=lambda r: (place.get(r.id, len(changed)), RANK[r.verdict]))


def _in_turn(result: Result, most: int) -> list[_Numbered]:
    """Glitches of a result, those with clips first: one of each kind and cause, then another."""
    groups: Counter[tuple[str, str, bool]] = Counter()
    waiting: list[tuple[bool, int, _Numbered]] = []
    for number, glitch in enumerate(result.glitches, 1):
        group = glitch.kind, glitch.cause, bool(glitch.clip)
        # Of one group no more than this many can be chosen: a list may have tens of thousands.
        if groups[group] < most:
            waiting.append((not glitch.clip, groups[group], (number, glitch)))
        groups[group] += 1
    waiting.sort(key=lambda told: told[:2])
    return [numbered for _, _, numbered in waiting[:most]]


def _card(result: Result, number: int, glitch: Glitch, axis: _Axis, *, is_first: bool) -> Card:
    return Card(
        anchor=f"g-{result.id}" + ("" if is_first else f"-{number}"),
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
        driver = result.driver_name
        of_this = Counter((driver, g.kind, g.cause) for g in result.glitches)
        counts.update(of_this)
        runs.update(of_this.keys())
    return [
        CauseRow(driver, kind, cause, cause_sentence(cause), count, runs[driver, kind, cause])
        for (driver, kind, cause), count in counts.most_common()
    ]
