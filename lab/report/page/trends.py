"""Measurements over the nights: small pictures, those that changed first."""

from __future__ import annotations

from dataclasses import dataclass

from lab.night.record import Night, Trend
from lab.report.page.plots import Line, series

WIDTH = 300
HEIGHT = 84
SPARK_WIDTH = 180
SPARK_HEIGHT = 40
_SHOWN = 48


@dataclass(frozen=True)
class TrendView:
    """One picture."""

    trend: Trend
    line: Line
    tonight: float | None
    known: int


@dataclass(frozen=True)
class Trends:
    """The section: pictures, and how many were left out."""

    views: tuple[TrendView, ...]
    more: int
    nights: int


def trends_of(night: Night) -> Trends:
    """Choose and draw.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    Trends
        Of what changed tonight, then of what ever changed, then the others.
    """
    changed = {(c.key, c.measurement): at for at, c in enumerate(night.changes)}
    ordered = sorted(
        night.trends,
        key=lambda t: (changed.get((t.key, t.measurement), len(changed)), not t.since),
    )
    views = tuple(view_of(trend, WIDTH, HEIGHT) for trend in ordered[:_SHOWN])
    nights = max((len(trend.nights) for trend in night.trends), default=0)
    return Trends(views, max(len(ordered) - _SHOWN, 0), nights)


def view_of(trend: Trend, width: int, height: int) -> TrendView:
    """One trend, drawn."""
    marks = [trend.nights.index(since) for since in trend.since if since in trend.nights]
    line = series(trend.values, width=width, height=height, limit=trend.limit, marks=marks)
    known = sum(value is not None for value in trend.values)
    return TrendView(trend, line, trend.values[-1] if trend.values else None, known)


def spark_of(trend: Trend | None) -> TrendView | None:
    """The small one beside a change; None when one point or none would be in it."""
    if trend is None:
        return None
    view = view_of(trend, SPARK_WIDTH, SPARK_HEIGHT)
    return view if view.known > 1 else None
