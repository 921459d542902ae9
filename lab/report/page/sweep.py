"""Sweeps: how probable a glitch is over two parameters, drawn and told."""

from __future__ import annotations

from dataclasses import dataclass

from lab.night.record import Night, Sweep
from lab.report.heat_map import HeatCell, heat_map
from lab.report.page.figures import count_of, in_short
from lab.report.terminal import number

_NAME = 60
_VALUES = 6


@dataclass(frozen=True)
class SweepView:
    """One sweep of the section.

    Attributes
    ----------
    sweep
        The record.
    svg
        Its heat map: an ``<svg>`` element in which every word is escaped.
    facts
        What else there is to say, in pieces.
    """

    sweep: Sweep
    svg: str
    facts: tuple[str, ...]


def sweep_views(night: Night) -> list[SweepView]:
    """The sweeps of a night, drawn.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    list of SweepView
        In the night's order.
    """
    return [
        SweepView(sweep, svg_of(sweep, apart=str(at)), tuple(facts_of(sweep)))
        for at, sweep in enumerate(night.sweeps)
    ]


def svg_of(sweep: Sweep, *, apart: str = "") -> str:
    """The heat map of a sweep.

    Parameters
    ----------
    sweep
        The record.
    apart
        Its number on the page: two of the same values are told apart by it.

    Returns
    -------
    str
        SVG.
    """
    return heat_map(
        sweep.columns,
        sweep.rows,
        {(c.column, c.row): HeatCell(c.glitched, c.runs) for c in sweep.cells},
        title=f"Probability that a run of {in_short(sweep.driver, _NAME)} has a glitch",
        x_label=sweep.x,
        y_label=sweep.y,
        apart=apart,
    )


def facts_of(sweep: Sweep) -> list[str]:
    """How much was run, of which build, and what the map does not show.

    Parameters
    ----------
    sweep
        The record.

    Returns
    -------
    list of str
        Pieces of one line.
    """
    runs = "run" if sweep.runs == 1 else "runs"
    told = [
        f"{number(sweep.glitched)} of {number(sweep.runs)} {runs} with a glitch",
        count_of(sweep.seeds, "seed"),
    ]
    for name, values in sweep.others.items():
        listed = ", ".join(values[:_VALUES]) + (", ..." if len(values) > _VALUES else "")
        told.append(f"all values of {name} together ({listed})")
    for name, drawn, left_out in (
        (sweep.x, len(sweep.columns), sweep.columns_left_out),
        (sweep.y, len(sweep.rows), sweep.rows_left_out),
    ):
        if left_out:
            told.append(f"{drawn} of {number(drawn + left_out)} values of {name} drawn")
    if sweep.sha256:
        told.append(f"build {sweep.sha256[:10]}")
    return told
