"""Latency and jitter: histograms of all runs of a driver as one line on an axis of percentiles."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from hdrh.histogram import HdrHistogram

from lab.errors import LabError
from lab.night.record import Night
from lab.report.page.figures import clock_of, figure
from lab.report.page.plots import nice_ticks
from lab.results import Histogram
from lab.statistics.latency import read_histogram

WIDTH = 560
HEIGHT = 220
_LEFT = 56
_RIGHT = 12
_TOP = 10
_BOTTOM = 24
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 99.99)
_LINES = 6
_CHARTS = 12
# As a log axis sees them: how many nines, from p50 to p99.99.
_NINES = [math.log10(2) + step / 40 * (4 - math.log10(2)) for step in range(41)]


@dataclass(frozen=True)
class Curve:
    """The distribution of one driver.

    Attributes
    ----------
    driver
        Its name.
    index
        Which of the looks of lines is its own, from 0; -1: it is in the table only.
    path
        Of the SVG.
    cells
        Percentiles p50 to p99.99; of one for which there are too few values a dash.
    count
        Values.
    greatest
        The greatest one.
    """

    driver: str
    index: int
    path: str
    cells: tuple[str, ...]
    count: int
    greatest: str


@dataclass(frozen=True)
class Chart:
    """One quantity, measured by one kind of clock.

    Attributes
    ----------
    name, unit, clock
        Of the quantity.
    corrected
        Values that a stall kept from being measured are counted.
    curves
        One a driver.
    x_ticks, y_ticks
        Place and label.
    """

    name: str
    unit: str
    clock: str
    corrected: bool
    curves: tuple[Curve, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Distributions:
    """The section.

    Attributes
    ----------
    charts
        In the order in which the quantities come.
    more
        Charts left out.
    unreadable
        Histograms that are none.
    """

    charts: tuple[Chart, ...]
    more: int
    unreadable: int


def decode(histogram: Histogram) -> HdrHistogram | None:
    """The histogram itself; None when what is encoded is none."""
    try:
        found = read_histogram(histogram)
    except LabError:
        return None
    return found if found.get_total_count() > 0 else None


def distributions_of(night: Night) -> Distributions:
    """All distributions of a night, those of a driver's runs put together.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    Distributions
    """
    groups: dict[tuple[str, str, str], dict[str, list[Histogram]]] = {}
    for result in night.results:
        for histogram in result.histograms:
            key = histogram.name, histogram.unit, result.clock
            of_drivers = groups.setdefault(key, defaultdict(list))
            of_drivers[result.driver_name].append(histogram)
    unreadable = 0
    charts: list[Chart] = []
    for (name, unit, clock), of_drivers in groups.items():
        merged: dict[str, HdrHistogram] = {}
        for driver, histograms in of_drivers.items():
            whole, broken = _merged(histograms)
            unreadable += broken
            if whole is not None:
                merged[driver] = whole
        if merged and len(charts) < _CHARTS:
            all_of = [h for histograms in of_drivers.values() for h in histograms]
            corrected = all(h.period > 0 for h in all_of)
            charts.append(_chart(name, unit, clock, merged, corrected=corrected))
    return Distributions(tuple(charts), max(len(groups) - _CHARTS, 0), unreadable)


def _merged(histograms: list[Histogram]) -> tuple[HdrHistogram | None, int]:
    """All in one, and how many could not be read. One that does not fit the first makes room."""
    whole: HdrHistogram | None = None
    broken = 0
    for histogram in histograms:
        found = decode(histogram)
        if found is None:
            broken += 1
            continue
        if whole is None:
            whole = found
            continue
        if found.get_max_value() > whole.highest_trackable_value:
            whole, found = found, whole
        whole.add(found)
    return whole, broken


def _chart(
    name: str, unit: str, clock: str, merged: dict[str, HdrHistogram], *, corrected: bool
) -> Chart:
    # The worst is drawn first: who has too many drivers looks for that one.
    ordered = sorted(merged.items(), key=lambda pair: -pair[1].get_value_at_percentile(99))
    drawn = [histogram for _, histogram in ordered[:_LINES]]
    low = max(min(h.get_value_at_percentile(50) for h in drawn) * 0.8, 0.5)
    high = max(max(h.get_value_at_percentile(99.99) for h in drawn) * 1.25, low * 4)
    unit, scale = readable(unit, low)

    def y(value: float) -> float:
        share = math.log(max(value, low) / low) / math.log(high / low)
        return round(HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM), 1)

    def path(histogram: HdrHistogram) -> str:
        # A percentile that has less than one value beyond it is the greatest value and no more.
        most = max(math.log10(max(histogram.get_total_count(), 2)), _NINES[0])
        points = [nines for nines in _NINES if nines <= most + 1e-9]
        values = histogram.get_percentile_to_value_dict([_percentile(n) for n in points])
        ordinates = [y(values[_percentile(nines)]) for nines in points]
        told = "L".join(f"{_x(n):g} {o:g}" for n, o in zip(points, ordinates, strict=True))
        return f"M{told}" + ("h0" if len(points) == 1 else "")

    curves = tuple(
        Curve(
            driver=driver,
            index=at if at < _LINES else -1,
            path=path(histogram) if at < _LINES else "",
            cells=tuple(_cell(histogram, p, scale) for p in PERCENTILES),
            count=histogram.get_total_count(),
            greatest=figure(histogram.get_max_value() / scale),
        )
        for at, (driver, histogram) in enumerate(ordered)
    )
    return Chart(
        name=name,
        unit=unit,
        clock=clock_of(clock),
        corrected=corrected,
        curves=curves,
        x_ticks=tuple((_x(-math.log10(1 - p / 100)), f"p{p:g}") for p in PERCENTILES),
        y_ticks=tuple((y(tick), figure(tick / scale)) for tick in nice_ticks(low, high)),
    )


def readable(unit: str, least: float) -> tuple[str, float]:
    """The unit in which figures are told that are all above `least`, and what they are divided by.

    Parameters
    ----------
    unit
        In which they were counted.
    least
        In that unit.

    Returns
    -------
    unit : str
    scale : float
    """
    larger = {"ns": "us", "us": "ms"}
    scale = 1.0
    while unit in larger and least >= 1_000 * scale:
        unit, scale = larger[unit], scale * 1_000
    return unit, scale


def _percentile(nines: float) -> float:
    return float(100 * (1 - 10.0**-nines))


def _x(nines: float) -> float:
    share = (nines - _NINES[0]) / (_NINES[-1] - _NINES[0])
    return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)


def _cell(histogram: HdrHistogram, percentile: float, scale: float) -> str:
    if histogram.get_total_count() * (1 - percentile / 100) < 1 - 1e-9:
        return "\N{EN DASH}"
    return figure(histogram.get_value_at_percentile(percentile) / scale)
