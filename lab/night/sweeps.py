"""The newest sweeps of the history, as the night's record tells them.

A sweep is what runs of one driver's build have in common: layout, late wake-ups, environment. Its
grid is read back from its runs, since nothing else of it is kept; so one that was made in several
goes, or on several machines, is one sweep.
"""

from __future__ import annotations

import json
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any

from lab.history.history import History
from lab.history.store import SWEEP
from lab.night.record import Sweep, SweepCell
from lab.report.heat_map import COLUMNS_MAX, ROWS_MAX
from lab.sweep.grid import Grid
from lab.sweep.heat import FIRST, drawn_first
from lab.sweep.parameters import PARAMETERS, plain
from lab.sweep.task import SCENARIO, Frame

CELLS_MAX = 1_200
"""Of all sweeps of a night: as SVG some 500 kB of a page that may have 4 MB."""
_DATE = len("2026-11-22")
_OWN = ("layout", "late_wake_ups")
"""Parameters of a result that no grid has, and every sweep; what else there is, is environment."""
_ASK = """
select to_json(parameters)::varchar as parameters, driver.name as driver, driver.sha256 as sha256,
       any_value(command) as command, list(distinct seed order by seed) as seeds,
       count(*) as runs, count(*) filter (glitch_count > 0) as glitched,
       count(*) filter (verdict = 'fail') as failed, max(written_at) as written_at
from results
where night = ? and scenario = ? and verdict <> 'skipped' and driver is not null
group by all
"""


@dataclass
class _Runs:
    """Runs of one sweep, by their points.

    Attributes
    ----------
    points
        Values of all parameters of a grid; and runs, and how many of them had a glitch.
    failed, seeds
        Of all of them.
    command
        Of one of them.
    written_at
        When the last one was.
    """

    points: list[tuple[dict[str, Decimal], int, int]] = field(default_factory=list)
    failed: int = 0
    seeds: set[int] = field(default_factory=set)
    command: str = ""
    written_at: str = ""


_Key = tuple[str, str, tuple[tuple[str, str], ...]]


def newest_sweeps(history: History, night: str) -> list[Sweep]:
    """What the newest night of sweeps found, of those at or before a night.

    Parameters
    ----------
    history
        To ask.
    night
        Its name; the date in it counts.

    Returns
    -------
    list of Sweep
        The newest first; empty when there is none. Those that `CELLS_MAX` has no room for are left
        out, but never the first.
    """
    at_or_before = [
        name for name in history.nights if name.endswith(SWEEP) and name[:_DATE] <= night[:_DATE]
    ]
    for name in reversed(at_or_before):
        rows = history.ask(_ASK, [name, SCENARIO]).to_pylist()
        found = sweeps_of(name, rows)
        if found:
            return found
    return []


def sweeps_of(night: str, rows: Iterable[Mapping[str, Any]]) -> list[Sweep]:
    """Sort the points of a night into sweeps, and add them up.

    Parameters
    ----------
    night
        Its name.
    rows
        A point each: ``parameters`` as JSON, ``driver``, ``sha256``, ``command``, ``seeds``,
        ``runs``, ``glitched``, ``failed``, ``written_at``. One without the parameters of a grid is
        left out.

    Returns
    -------
    list of Sweep
        As `newest_sweeps` gives them.
    """
    apart: dict[_Key, _Runs] = {}
    for row in rows:
        told: dict[str, str] = json.loads(row["parameters"])
        point = _point(told)
        if point is None:
            continue
        common = tuple((name, told[name]) for name in sorted(told) if name not in PARAMETERS)
        runs = apart.setdefault((row["driver"] or "", row["sha256"] or "", common), _Runs())
        runs.points.append((point, int(row["runs"]), int(row["glitched"])))
        runs.failed += int(row["failed"])
        runs.seeds |= set(row["seeds"])
        runs.command = runs.command or row["command"] or ""
        runs.written_at = max(runs.written_at, row["written_at"] or "")
    newest = sorted(apart.items(), key=lambda item: (item[1].written_at, item[0]), reverse=True)
    kept: list[Sweep] = []
    room = CELLS_MAX
    for key, runs in newest:
        made = _sweep(night, key, runs)
        room -= len(made.columns) * len(made.rows)
        if not kept or room >= 0:
            kept.append(made)
    return kept


def axes_to_draw(varied: Sequence[str]) -> tuple[str, str]:
    """What a heat map is drawn over when nobody says so: ring and jitter before others.

    Parameters
    ----------
    varied
        Parameters that have more than one value.

    Returns
    -------
    tuple of str
        Of columns and rows; with fewer than two that vary, one that has a single value.
    """
    x, y, *_ = dict.fromkeys([*drawn_first(varied), *FIRST])
    return x, y


def spread(values: Sequence[Decimal], most: int) -> list[Decimal]:
    """At most so many values, the first, the last, and others evenly in between.

    Parameters
    ----------
    values
        At least one.
    most
        At least two.
    """
    if len(values) <= most:
        return list(values)
    return [values[round(at * (len(values) - 1) / (most - 1))] for at in range(most)]


def _point(told: Mapping[str, str]) -> dict[str, Decimal] | None:
    """The values of a grid among the parameters of a result; None when it has not all of them."""
    try:
        point = {name: Decimal(told[name]) for name in PARAMETERS}
        is_one = all(p.low <= point[name] <= p.high for name, p in PARAMETERS.items())
    except (KeyError, InvalidOperation):  # comparing with NaN is invalid as well
        return None
    return {name: plain(value) for name, value in point.items()} if is_one else None


def _sweep(night: str, key: _Key, runs: _Runs) -> Sweep:
    driver, sha256, common = key
    axes = {name: sorted({point[name] for point, _, _ in runs.points}) for name in PARAMETERS}
    varied = [name for name, values in axes.items() if len(values) > 1]
    x, y = axes_to_draw(varied)
    columns, rows = spread(axes[x], COLUMNS_MAX), spread(axes[y], ROWS_MAX)
    known: Counter[tuple[Decimal, Decimal]] = Counter()
    glitched: Counter[tuple[Decimal, Decimal]] = Counter()
    for point, count, bad in runs.points:
        known[point[x], point[y]] += count
        glitched[point[x], point[y]] += bad
    return Sweep(
        night=night,
        driver=driver,
        sha256=sha256,
        x=x,
        y=y,
        columns=[f"{value:f}" for value in columns],
        rows=[f"{value:f}" for value in rows],
        cells=[
            SweepCell(column=c, row=r, runs=known[one, other], glitched=glitched[one, other])
            for c, one in enumerate(columns)
            for r, other in enumerate(rows)
            if known[one, other]
        ],
        others={n: [f"{v:f}" for v in axes[n]] for n in varied if n not in {x, y}},
        runs=known.total(),
        glitched=glitched.total(),
        failed=runs.failed,
        seeds=len(runs.seeds),
        columns_left_out=len(axes[x]) - len(columns),
        rows_left_out=len(axes[y]) - len(rows),
        command=_command(runs, axes, dict(common)),
    )


def _command(runs: _Runs, axes: Mapping[str, Sequence[Decimal]], common: Mapping[str, str]) -> str:
    """The line that makes the whole grid, told from one of its runs."""
    driver, layout = _driver_of(runs.command), common.get("layout")
    late = common.get("late_wake_ups", "")
    if not driver or layout not in {"v1", "v2"} or not late.isascii() or not late.isdigit():
        return ""
    environment = tuple((name, text) for name, text in common.items() if name not in _OWN)
    frame = Frame(driver, "v1" if layout == "v1" else "v2", int(late), environment)
    first, last = min(runs.seeds), max(runs.seeds)
    told = {name: tuple(values) for name, values in axes.items()}
    return Grid(told, frame, seeds=last - first + 1, first_seed=first).command()


def _driver_of(command: str) -> str:
    """What follows ``--driver``; empty when nothing does."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    return next((value for word, value in pairwise(words) if word == "--driver"), "")
