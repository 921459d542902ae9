"""All results as compact JSON for the page's script; words that repeat are said once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from lab.report.page.figures import (
    RANK,
    WORST_FIRST,
    figure,
    in_short,
    limit_of,
    of_the_run,
    room_of,
    unit_of,
    words_of_result,
)
from lab.results import Measurement, Result, Verdict

BUDGET = 1_600_000
"""Bytes that the results may take of a page."""
_COMMAND_LENGTH = 2_000


class _Words:
    """Words by number, in the order in which they were first said."""

    def __init__(self) -> None:
        self.of: dict[str, int] = {}

    def __getitem__(self, word: str) -> int:
        return self.of.setdefault(word, len(self.of))


def results_json(
    results: Sequence[Result], *, shown: Iterable[str] = (), budget: int = BUDGET
) -> tuple[str, str]:
    """The results as the page's script reads them.

    Parameters
    ----------
    results
        In the order in which they are shown at first.
    shown
        IDs of results that have glitches on the page.
    budget
        Bytes.

    Returns
    -------
    json : str
        Safe inside of a script element, whatever the results hold.
    left_out : str
        What there was no room for, in a sentence; empty when all is there.
    """
    shown = frozenset(shown)
    told = _told(results, shown, spare=False)
    if len(told) <= budget:
        return told, ""
    told = _told(results, shown, spare=True)
    if len(told) <= budget:
        return told, "Measurements of runs that passed are left out: the page has no room for them."
    worst = sorted(results, key=lambda result: RANK[result.verdict])
    count = len(worst)
    while len(told) > budget and count > 0:
        count = min(int(count * budget / len(told) * 0.95), count - 1)
        told = _told(worst[:count], shown, spare=True)
    return told, (
        f"The worst {count:,} of {len(results):,} results, measurements of runs that passed left "
        "out: the page has no room for more. All are in the night's JSON."
    )


def _told(results: Sequence[Result], shown: frozenset[str], *, spare: bool) -> str:
    drivers, runs, names, limits = _Words(), _Words(), _Words(), _Words()
    rows = [_row(result, drivers, runs, names, limits, shown, spare=spare) for result in results]
    return script_json(
        {
            "verdicts": [verdict.value for verdict in WORST_FIRST],
            "drivers": list(drivers.of),
            "runs": list(runs.of),
            "names": list(names.of),
            "limits": list(limits.of),
            "rows": rows,
        }
    )


def _row(
    result: Result,
    drivers: _Words,
    runs: _Words,
    names: _Words,
    limits: _Words,
    shown: frozenset[str],
    *,
    spare: bool,
) -> list[Any]:
    kept = [] if spare and result.verdict is Verdict.PASS else result.measurements
    return [
        result.id,
        RANK[result.verdict],
        drivers[result.driver_name],
        in_short(result.scenario, 300),
        runs[in_short(of_the_run(result), 300)],
        words_of_result(result),
        max(result.glitch_count, len(result.glitches)),
        round(result.duration_s, 2),
        # As it is, or not at all: half of a command makes another run.
        result.command if len(result.command) <= _COMMAND_LENGTH else "",
        int(result.id in shown),
        [_measured(m, names, limits) for m in kept],
    ]


def _measured(m: Measurement, names: _Words, limits: _Words) -> list[Any]:
    """Name, figure; with a limit the limit, how far from it, verdict."""
    told: list[Any] = [names[f"{m.name}\t{unit_of(m.unit)}"], figure(m.value)]
    if m.limit is not None:
        close = f" (close below {figure(100 * m.margin)} %)" if m.margin else ""
        told += [limits[limit_of(m)], room_of(m) + close, RANK[m.verdict]]
    return told


def script_json(told: Any) -> str:
    """JSON that cannot end the script element it stands in, and is JavaScript as well."""
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
