"""The cells of a sweep, as a table of two parameters; what else varies is added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lab.errors import UsageError
from lab.report.heat_map import HeatCell, check_size, heat_map
from lab.sweep.grid import Grid
from lab.sweep.parameters import find_parameter
from lab.sweep.run import Swept

FIRST = ("ring_frames", "jitter_ms")
"""What one asks about first: how large a ring bears how much jitter."""


@dataclass(frozen=True)
class HeatTable:
    """Glitch probability over two parameters.

    Attributes
    ----------
    x, y
        Names of the parameters.
    columns, rows
        Their values, ascending.
    cells
        By (column, row), from 0.
    """

    x: str
    y: str
    columns: tuple[Decimal, ...]
    rows: tuple[Decimal, ...]
    cells: dict[tuple[int, int], HeatCell]

    def svg(self, grid: Grid) -> str:
        """Drawn.

        Parameters
        ----------
        grid
            What was swept: told below it.
        """
        others = [name for name in grid.varied if name not in {self.x, self.y}]
        frame = grid.frame
        note = f"{frame.driver}, {frame.late_wake_ups} late wake-ups a run, {grid.seeds} seeds"
        if others:
            note += f"; all values of {', '.join(others)} together"
        return heat_map(
            [f"{value:f}" for value in self.columns],
            [f"{value:f}" for value in self.rows],
            self.cells,
            title="Probability that a run has a glitch",
            x_label=self.x,
            y_label=self.y,
            note=note,
        )


def axes_of(grid: Grid, x: str | None, y: str | None) -> tuple[str, str] | None:
    """What a heat map of a grid is drawn over.

    Parameters
    ----------
    grid
        What is swept.
    x, y
        As asked for; None: a parameter that varies, ring and jitter before others.

    Returns
    -------
    tuple of str, or None
        None: fewer than two parameters vary, and none is asked for.

    Raises
    ------
    UsageError
        When a parameter is unknown, both are the same, or there is too much to draw.
    """
    chosen = [None if name is None else find_parameter(name).name for name in (x, y)]
    if chosen[0] is not None and chosen[0] == chosen[1]:
        raise UsageError("--x and --y are the same", where=chosen[0], do="name two parameters")
    free = drawn_first(grid.varied)
    for at, name in enumerate(chosen):
        if name is None:
            rest = [other for other in free if other not in chosen]
            if not rest:
                if x is None and y is None:
                    return None
                raise UsageError(
                    "a heat map needs two parameters", do="vary another one, or name it (--x, --y)"
                )
            chosen[at] = rest[0]
    names = (str(chosen[0]), str(chosen[1]))
    check_size(len(grid.axes[names[0]]), len(grid.axes[names[1]]))
    return names


def drawn_first(varied: Sequence[str]) -> list[str]:
    """Parameters that vary, in the order in which a heat map takes them when nobody says so.

    Parameters
    ----------
    varied
        Their names.

    Returns
    -------
    list of str
        Those of `FIRST` before the others, each once.
    """
    return [*(name for name in FIRST if name in varied), *(n for n in varied if n not in FIRST)]


def heat_table(grid: Grid, swept: Swept, x: str, y: str) -> HeatTable:
    """Add up the points of a sweep.

    Parameters
    ----------
    grid
        What was swept.
    swept
        What came of it; counts of earlier sweeps that it found are among it.
    x, y
        Names of parameters.

    Returns
    -------
    HeatTable
    """
    columns = {value: at for at, value in enumerate(grid.axes[x])}
    rows = {value: at for at, value in enumerate(grid.axes[y])}
    cells: dict[tuple[int, int], HeatCell] = {}
    for point, cell in swept.cells.items():
        told = dict(point)
        at = (columns[told[x]], rows[told[y]])
        before = cells.get(at, HeatCell(0, 0))
        cells[at] = HeatCell(before.hits + cell.glitched, before.runs + cell.runs)
    return HeatTable(x, y, grid.axes[x], grid.axes[y], cells)
