"""A heat map of probabilities as an SVG that stands alone, or inside a page.

Every cell has its figure as text: colour is never the only thing that tells. Who points at a cell,
or has it read, hears the counts and the exact interval. Text takes the colour of what is around it,
and light or dark is the reader's choice. No script, no font, nothing from elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lab.errors import UsageError

COLUMNS_MAX = 24
ROWS_MAX = 40
CONFIDENCE = 0.95
_CELL_W, _CELL_H = 64, 34
_LEFT, _TOP, _BOTTOM, _NOTE = 96, 46, 48, 26
_CHAR_W = 7
STYLE = """
.hal-heat{--hal-heat:#b3261e;--hal-heat-on:#fff;--hal-heat-line:#8886;
color-scheme:light dark;font:13px system-ui,sans-serif;max-width:100%;height:auto}
@media(prefers-color-scheme:dark){.hal-heat{--hal-heat:#ff8a70;--hal-heat-on:#111}}
.hal-heat text{fill:currentColor}
.hal-heat .v{text-anchor:middle;dominant-baseline:central}
.hal-heat .on{fill:var(--hal-heat-on)}
.hal-heat .y{text-anchor:end;dominant-baseline:central}
.hal-heat .t{font-weight:600}
.hal-heat rect{fill:var(--hal-heat);stroke:var(--hal-heat-line)}
.hal-heat .none{fill:none;stroke-dasharray:3 3}
"""
"""Of every heat map: a page that only permits styles it knows permits this one by its hash."""


@dataclass(frozen=True)
class HeatCell:
    """Runs of a cell.

    Attributes
    ----------
    hits
        Runs in which it happened.
    runs
        All of them; 0: none was made.
    """

    hits: int
    runs: int


def heat_map(
    columns: Sequence[str],
    rows: Sequence[str],
    cells: Mapping[tuple[int, int], HeatCell],
    *,
    title: str,
    x_label: str,
    y_label: str,
    note: str = "",
    apart: str = "",
    confidence: float = CONFIDENCE,
) -> str:
    """Draw probabilities over two parameters.

    Parameters
    ----------
    columns, rows
        Values of both, as text; the first row is drawn at the bottom, as on an axis.
    cells
        By (column, row), from 0; what is missing had no run.
    title
        Above it, and its name for who has it read.
    x_label, y_label
        What columns and rows are.
    note
        A line below it.
    apart
        Tells it from other maps of one page, whose title and values are the same.
    confidence
        Of Clopper and Pearson's interval, 0 to 1.

    Returns
    -------
    str
        An ``<svg>`` element, which may stand in HTML as it is, or alone in a file. The same input
        gives the same text.

    Raises
    ------
    UsageError
        When there is no column or row, or there are more than can be read.
    """
    check_size(len(columns), len(rows))
    left = max(_LEFT, 24 + _CHAR_W * max(len(text) for text in [y_label, *rows]))
    inner = _CELL_W * len(columns)
    most = max(len(title), len(note), len(x_label))
    width = max(left + inner + 16, 32 + _CHAR_W * most)
    height = _TOP + _CELL_H * len(rows) + _BOTTOM + (_NOTE if note else 0)
    name = (
        "hal-heat-" + hashlib.sha256(repr((title, columns, rows, apart)).encode()).hexdigest()[:8]
    )
    describe = _description(columns, rows, cells, x_label, y_label)
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="hal-heat" {size} role="group"',
        f'aria-labelledby="{name}-t" aria-describedby="{name}-d">',
        f'<title id="{name}-t">{escape(title)}</title>',
        f'<desc id="{name}-d">{escape(describe)}</desc>',
        f"<style>{STYLE}</style>",
        f'<text class="t" x="16" y="18" aria-hidden="true">{escape(title)}</text>',
        f'<text x="16" y="{_TOP - 8}">{escape(y_label)}</text>',
    ]
    bottom = _TOP + _CELL_H * len(rows)
    for row, text in enumerate(rows):
        y = bottom - _CELL_H * (row + 0.5)
        parts.append(f'<text class="y" x="{left - 8}" y="{y:g}">{escape(text)}</text>')
    for column, text in enumerate(columns):
        x = left + _CELL_W * (column + 0.5)
        parts.append(f'<text class="v" x="{x:g}" y="{bottom + 14}">{escape(text)}</text>')
    x = left + inner / 2
    parts.append(f'<text class="v" x="{x:g}" y="{bottom + 36}">{escape(x_label)}</text>')
    if note:
        parts.append(f'<text x="16" y="{bottom + 62}">{escape(note)}</text>')
    for row, row_text in enumerate(rows):
        for column, column_text in enumerate(columns):
            cell = cells.get((column, row), HeatCell(0, 0))
            where = f"{x_label} {column_text}, {y_label} {row_text}"
            corner = (left + _CELL_W * column, bottom - _CELL_H * (row + 1))
            parts.append(_cell(cell, corner, f"{where}: {told(cell, confidence)}"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def check_size(columns: int, rows: int) -> None:
    """See that so many columns and rows can be drawn, before hours are spent on them.

    Raises
    ------
    UsageError
        When they cannot.
    """
    if not columns or not rows:
        raise UsageError("a heat map without values", do="name a parameter of the sweep")
    if columns > COLUMNS_MAX or rows > ROWS_MAX:
        raise UsageError(
            f"{columns} columns and {rows} rows; a heat map has at most {COLUMNS_MAX} and "
            f"{ROWS_MAX}",
            do="take larger steps, or draw it over other parameters",
        )


def told(cell: HeatCell, confidence: float = CONFIDENCE) -> str:
    """A cell in words: ``"3 of 20 runs, 15 %; 95 % interval 3.2 % to 38 %"``.

    Parameters
    ----------
    cell
        Which.
    confidence
        Of the exact interval.

    Returns
    -------
    str
    """
    from lab.statistics.special import binomial_bounds

    if cell.runs == 0:
        return "no run"
    low, high = binomial_bounds(cell.hits, cell.runs, confidence)
    runs = "run" if cell.runs == 1 else "runs"
    return (
        f"{cell.hits:,} of {cell.runs:,} {runs}, {percent(cell.hits / cell.runs)}; "
        f"{percent(confidence)} interval {percent(low)} to {percent(high)}"
    )


def percent(share: float) -> str:
    """A share as text: 0 and 100 are said only of what is exactly that.

    Parameters
    ----------
    share
        0 to 1.

    Returns
    -------
    str
    """
    value = 100 * share
    if 0 < value < 0.1:
        return "<0.1 %"
    if 99.9 < value < 100:
        return ">99.9 %"
    digits = 1 if value < 9.95 or 99 < value < 100 else 0
    return f"{value:.{digits}f}".removesuffix(".0") + " %"


def _cell(cell: HeatCell, corner: tuple[int, int], text: str) -> str:
    x, y = corner
    share = cell.hits / cell.runs if cell.runs else 0.0
    # Never quite empty, never quite full: between .5 and .6 text changes its colour.
    opacity = 0.45 * share / 0.5 if share < 0.5 else 0.8 + 0.4 * (share - 0.5)
    look = f'fill-opacity="{opacity:.3f}"' if cell.runs else 'class="none"'
    on = ' class="v on"' if share >= 0.5 else ' class="v"'
    figure = percent(share) if cell.runs else "no run"
    return (
        f'<g role="img" aria-label="{escape(text)}"><title>{escape(text)}</title>'
        f'<rect x="{x}" y="{y}" width="{_CELL_W}" height="{_CELL_H}" {look}/>'
        f'<text{on} x="{x + _CELL_W / 2:g}" y="{y + _CELL_H / 2:g}">{escape(figure)}</text></g>'
    )


def _description(
    columns: Sequence[str],
    rows: Sequence[str],
    cells: Mapping[tuple[int, int], HeatCell],
    x_label: str,
    y_label: str,
) -> str:
    """What one sees at a glance, in words."""
    made = {at: cell for at, cell in cells.items() if cell.runs}
    of = f"{len(columns)} values of {x_label} by {len(rows)} values of {y_label}"
    if not made:
        return f"{of}; no run was made."
    worst = max(sorted(made), key=lambda at: made[at].hits / made[at].runs)
    best = min(sorted(made), key=lambda at: made[at].hits / made[at].runs)
    ends = [
        f"{word} at {x_label} {columns[c]} and {y_label} {rows[r]}: {told(made[c, r])}"
        for word, (c, r) in (("highest", worst), ("lowest", best))
    ]
    return f"{of}; {'; '.join(ends)}."
