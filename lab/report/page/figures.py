"""Figures and words as the page, the Markdown and the JUnit file write them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from lab.measure.blame import NOT_THE_DRIVER, SENTENCES
from lab.night.record import Change, Trend
from lab.report.terminal import number, words
from lab.results import Measurement, Result, Verdict

WORST_FIRST = (
    Verdict.FAIL,
    Verdict.MARGINAL,
    Verdict.UNFIT_MACHINE,
    Verdict.SKIPPED,
    Verdict.PASS,
)
RANK = {verdict: rank for rank, verdict in enumerate(WORST_FIRST)}

_SENTENCE_OF = {cause.id: sentence for cause, sentence in SENTENCES.items()}
_SAYS_NOTHING = frozenset(cause.id for cause in NOT_THE_DRIVER)
_MICRO = re.compile(r"\bus\b")
_REASON_LENGTH = 600


def unit_of(unit: str) -> str:
    """A unit as people write it: ``"us"`` is µs."""
    return _MICRO.sub("\N{MICRO SIGN}s", unit)


def figure(value: float, unit: str = "") -> str:
    """A number with its unit, which stay on one line."""
    written = number(value) if abs(value) < 1e15 else f"{value:.3g}"
    if "." in written and "e" not in written:
        written = written.rstrip("0").rstrip(".")
    written = written.replace("-", "\N{MINUS SIGN}")
    return f"{written}\N{NO-BREAK SPACE}{unit_of(unit)}" if unit else written


def count_of(count: int, one: str, many: str = "") -> str:
    """How many: ``"1 run"``, ``"2,000 runs"``, ``"no runs"``."""
    if count == 1:
        return f"1 {one}"
    return f"{number(count) if count else 'no'} {many or one + 's'}"


def duration(seconds: float) -> str:
    """A span of time in its two greatest units: ``"2 h 05 min"``, ``"3 min 07 s"``, ``"4.2 s"``."""
    if seconds < 60:
        return f"{seconds:.1f}\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def which_run(told: Change | Trend) -> str:
    """Which of a driver's runs it is about: the key without the driver, who stands beside it."""
    return told.key.removeprefix(f"{told.driver}, ") if told.key else told.scenario


def in_short(text: str, length: int = _REASON_LENGTH) -> str:
    """A text on one line, cut where it is longer than anyone reads."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def cause_sentence(cause: str) -> str:
    """What `lab.measure.blame` says of a cause; the cause itself when it knows none of the name."""
    return _SENTENCE_OF.get(cause, cause or "nobody looked for a cause")


def says_nothing_against_the_driver(cause: str) -> bool:
    """Whether somebody else is to blame."""
    return cause in _SAYS_NOTHING


def limit_of(m: Measurement) -> str:
    """The last good value with its sign; empty without one."""
    if m.limit is None:
        return ""
    sign = "\N{LESS-THAN OR EQUAL TO}" if m.better == "lower" else "\N{GREATER-THAN OR EQUAL TO}"
    return f"{sign} {figure(m.limit, m.unit)}"


def room_of(m: Measurement) -> str:
    """How far a measurement is from its limit: ``"12 % left"``, ``"3 frames over"``.

    In per cent of the limit where there is something to take a share of, else in the unit.
    """
    if m.limit is None:
        return ""
    left = (m.limit - m.value) * (1.0 if m.better == "lower" else -1.0)
    side = "left" if left >= 0 else ("over" if m.better == "lower" else "short")
    if m.limit == 0 or left < 0:
        return f"{figure(abs(left), m.unit)} {side}"
    return f"{number(round(100 * left / abs(m.limit), 1))}\N{NO-BREAK SPACE}% {side}"


def of_the_run(result: Result) -> str:
    """What else makes a run the one it is, driver and scenario left out."""
    told = [f"{name} {value}" for name, value in sorted(result.parameters.items())]
    if result.profile != "none":
        told.append(result.profile)
    if result.transport:
        told.append(f"over {result.transport}")
    told.append(clock_of(result.clock))
    if result.attempt:
        told.append(f"made again ({result.attempt})")
    return ", ".join(told)


def clock_of(clock: str) -> str:
    """``"virtual time"``, ``"real time"``."""
    return {"realtime": "real time"}.get(clock, f"{clock} time")


def moment(iso: str) -> str:
    """A time of ISO 8601 as people write it; as it is where it is none."""
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    zone = " UTC" if at.utcoffset() == timedelta(0) else at.strftime(" %z").rstrip()
    return f"{at:%Y-%m-%d %H:%M}{zone}"


def words_of_result(result: Result) -> str:
    """What was found, in one line: the reason, else the first figures that say something."""
    if result.reason:
        return in_short(result.reason)
    told = [m for m in result.measurements if m.value or m.limit is not None][:3]
    # "frames lost 3", not "frames lost 3 frames".
    pieces = [
        f"{words(m.name)} {figure(m.value, '' if m.unit in m.name.split('-') else m.unit)}"
        for m in told
    ]
    return in_short(", ".join(pieces), 200)
