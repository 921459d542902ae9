"""What a calibration says: probabilities with their intervals, the smallest size, the table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lab.signals.calibrate import Outcome

ENOUGH = 0.99
CONFIDENCE = 0.95
_HEAD = (
    "Measured with {codec}, {trials} faults per cell, seed {seed}; limits are {margin:g} times the "
    "greatest unrest of {noise_hours:g} h of clean coded audio."
)
_COLUMNS = (
    "| detector | fault | path | smallest found | probability (95 %) | place p50 / p99 "
    "| size p50 / p99 |"
)
BEGIN_MARK = "<!-- calibration: begin (docs/make_calibration.py) -->"
END_MARK = "<!-- calibration: end -->"


def at_most(successes: int, trials: int, probability: float) -> float:
    """Probability of at most so many successes."""
    if successes < 0:
        return 0.0
    if successes >= trials or probability <= 0.0:
        return 1.0
    if probability >= 1.0:
        return 0.0
    hit, miss = math.log(probability), math.log1p(-probability)
    whole = math.lgamma(trials + 1)
    # The shorter tail is the sum; it never comes from a difference of large numbers.
    upper = successes > probability * trials
    counts = range(successes + 1, trials + 1) if upper else range(successes + 1)
    tail = math.fsum(
        math.exp(
            whole - math.lgamma(n + 1) - math.lgamma(trials - n + 1) + n * hit + (trials - n) * miss
        )
        for n in counts
    )
    return min(1.0, max(0.0, 1.0 - tail if upper else tail))


def interval(successes: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of C. J. Clopper and E. S. Pearson (1934) of a probability.

    Parameters
    ----------
    successes, trials
        Counts, ``0 <= successes <= trials``.
    confidence
        Of the interval, both sides together.

    Returns
    -------
    tuple of float
        Lower and upper bound.

    Raises
    ------
    ValueError
        When the counts cannot be.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} of {trials} cannot be")
    rest = (1.0 - confidence) / 2.0
    low = 0.0 if successes == 0 else _root(lambda p: 1.0 - at_most(successes - 1, trials, p), rest)
    high = 1.0
    if successes < trials:
        high = _root(lambda p: 1.0 - at_most(successes, trials, p), 1.0 - rest)
    return low, high


def _root(rising: Any, value: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2.0
        if rising(middle) < value:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def rate_bound(alarms: float, exposure: float, confidence: float = CONFIDENCE) -> float:
    """Upper bound of a rate from a count (one-sided, Poisson)."""
    low, high = 0.0, 10.0 * (alarms + 5.0)
    for _ in range(60):
        middle = (low + high) / 2.0
        few = math.fsum(
            math.exp(n * math.log(middle) - middle - math.lgamma(n + 1))
            for n in range(int(alarms) + 1)
        )
        if few > 1.0 - confidence:
            low = middle
        else:
            high = middle
    return high / exposure


@dataclass(frozen=True)
class Smallest:
    """The smallest size that is found for certain, and how well.

    Attributes
    ----------
    outcome
        Of that size; None when none of the sizes is found often enough.
    low, high
        Interval of the probability there.
    outcomes
        All sizes of this detector, fault and path, ascending.
    """

    outcome: Outcome | None
    low: float
    high: float
    outcomes: tuple[Outcome, ...]


def smallest(outcomes: Sequence[Outcome]) -> Smallest:
    """The smallest size from which on every one is found with `ENOUGH` probability.

    Parameters
    ----------
    outcomes
        Of one detector, fault and path.

    Returns
    -------
    Smallest
        The lower bound of the interval counts, not the share that was found.
    """
    ascending = tuple(sorted(outcomes, key=lambda outcome: outcome.cell.size))
    best: Outcome | None = None
    for outcome in reversed(ascending):
        if interval(outcome.found, outcome.trials)[0] < ENOUGH:
            break
        best = outcome
    low, high = interval(best.found, best.trials) if best else (0.0, 0.0)
    return Smallest(best, low, high, ascending)


def by_row(content: dict[str, Any]) -> dict[tuple[str, str, str, str], Smallest]:
    """Group the published cells.

    Parameters
    ----------
    content
        Of ``calibration.json``.

    Returns
    -------
    dict
        Detector, fault, path and unit to `Smallest`, in the order of the file.
    """
    rows: dict[tuple[str, str, str, str], list[Outcome]] = {}
    for record in content["cells"]:
        outcome = Outcome.of_record(record)
        cell = outcome.cell
        rows.setdefault((cell.detector, cell.fault, cell.path, cell.unit), []).append(outcome)
    return {key: smallest(outcomes) for key, outcomes in rows.items()}


def disagreements(published: Outcome, again: Outcome, *, doubt: float = 1e-4) -> list[str]:
    """In what a cell that was measured again differs from what was published.

    Parameters
    ----------
    published
        From the file.
    again
        The same cell, usually with fewer trials.
    doubt
        Probability below which a count is no coincidence.

    Returns
    -------
    list of str
        Empty when they agree.
    """
    said: list[str] = []
    name = f"{again.cell.detector}, {again.cell.fault}, {again.cell.path}, {again.cell.size:g}"
    low, high = interval(published.found, published.trials, 1.0 - doubt)
    counts = f"{again.found} of {again.trials}, published {published.found} of {published.trials}"
    if at_most(again.found, again.trials, low) < doubt:
        said.append(f"{name}: found too seldom: {counts}")
    if 1.0 - at_most(again.found - 1, again.trials, high) < doubt:
        said.append(f"{name}: found more often than published: {counts}")
    for what, before, now in (
        ("place", published.position_frames[0], again.position_frames[0]),
        ("size", published.size_frames[0], again.size_frames[0]),
    ):
        # Medians hold still; a quarter, and one hop of half a millisecond for rounding.
        if again.found and abs(now - before) > 24.0 + 0.25 * before:
            said.append(f"{name}: median error of the {what} {now:g}, published {before:g}")
    return said


def table(content: dict[str, Any]) -> str:
    """The published table as Markdown.

    Parameters
    ----------
    content
        Of ``calibration.json``.

    Returns
    -------
    str
        Without the marks around it.
    """
    lines = [
        _HEAD.format(**content),
        "",
        _COLUMNS,
        "|---|---|---|---|---|---|---|",
    ]
    for (detector, fault, path, unit), row in by_row(content).items():
        lines.append(_line(detector, fault, path, unit, row))
    lines += ["", "Errors of place and size are in frames.", ""]
    lines += ["| detector | limit | greatest unrest |", "|---|---|---|"]
    for what, unit, value in _noise_rows(content["noise"]):
        lines.append(f"| {what} | {value * content['margin']:.3g} {unit} | {value:.3g} {unit} |")
    lines += ["", "| nothing wrong, and yet reported | alarms | in | rate, 95 % below |"]
    lines += ["|---|---|---|---|"]
    for what, count in content["false_alarms"].items():
        each = "hours" if "hours" in count else "searches"
        per = "per hour" if each == "hours" else "per search"
        bound = rate_bound(count["alarms"], count[each])
        lines.append(
            f"| {what} | {count['alarms']:.0f} | {count[each]:g} {each} | {bound:.2g} {per} |"
        )
    return "\n".join(lines)


def _line(detector: str, fault: str, path: str, unit: str, row: Smallest) -> str:
    if row.outcome is None:
        best = max(row.outcomes, key=lambda one: one.found / one.trials)
        size, share = f"{best.cell.size:g}", best.found / best.trials
        text = f"not all sizes for certain; at best {share:.1%} at {size} {unit}"
        return f"| {detector} | {fault} | {path} | {text} | | | |"
    found = row.outcome
    place = f"{found.position_frames[0]:.3g} / {found.position_frames[1]:.3g}"
    measured = found.size_frames != (0.0, 0.0) or detector == "time-line"
    size = f"{found.size_frames[0]:.3g} / {found.size_frames[1]:.3g}" if measured else ""
    if detector.startswith("delay"):
        size = ""
    least = "every size: from " if found is row.outcomes[0] and len(row.outcomes) > 1 else ""
    return (
        f"| {detector} | {fault} | {path} | {least}{found.cell.size:g} {unit} "
        f"| {row.low:.2%} to {row.high:.2%} | {place} | {size} |"
    )


def _noise_rows(noise: dict[str, Any]) -> list[tuple[str, str, float]]:
    windows = ("0.5", "2", "10", "40")
    return [
        ("time-line: turn of a tone", "degrees", noise["phase_degrees"]),
        *(
            (f"dips: loss of level over {window} ms", "of the level", value)
            for window, value in zip(windows, noise["dip"], strict=True)
        ),
        ("clicks: noise beside the tone", "of the level", noise["click"]),
        ("delay: peak over side lobe, no burst", "", noise["delay_ratio"]),
    ]


def with_table(text: str, content: dict[str, Any]) -> str:
    """A document with the table between its marks.

    Raises
    ------
    ValueError
        When a mark is missing.
    """
    head, begin, rest = text.partition(BEGIN_MARK)
    _, end, tail = rest.partition(END_MARK)
    if not begin or not end:
        raise ValueError(f"the document lacks {BEGIN_MARK!r} or {END_MARK!r}")
    return f"{head}{begin}\n\n{table(content)}\n\n{end}{tail}"
