"""How much of the HAL's contract was asked for: a heat map, a column for each driver."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lab.night.record import Coverage, Night


@dataclass(frozen=True)
class Cell:
    """One name of one driver.

    Attributes
    ----------
    text
        How often; ``"never"``; empty where this driver has no such thing.
    heat
        0 (never), 1 to 4; -1 for what is not there.
    """

    text: str
    heat: int


@dataclass(frozen=True)
class Map:
    """One kind of thing that may be asked.

    Attributes
    ----------
    what
        ``"entry points"``.
    drivers
        The columns.
    asked
        For each column, how many of how many.
    rows
        Name and cells; what somebody never asked first.
    """

    what: str
    drivers: tuple[str, ...]
    asked: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


def maps_of(night: Night) -> list[Map]:
    """All maps of a night.

    Parameters
    ----------
    night
        The record.

    Returns
    -------
    list of Map
        In the order in which the kinds come.
    """
    kinds: dict[str, list[Coverage]] = {}
    for coverage in night.coverage:
        kinds.setdefault(coverage.what, []).append(coverage)
    return [_map(what, columns) for what, columns in kinds.items()]


def _map(what: str, columns: list[Coverage]) -> Map:
    names = dict.fromkeys(name for c in columns for name in (*c.never, *c.asked))
    rows = [(name, tuple(_cell(column, name) for column in columns)) for name in names]
    rows.sort(key=lambda row: -sum(cell.heat == 0 for cell in row[1]))
    asked = []
    for column in columns:
        # A name in both was asked.
        done = sum(1 for count in column.asked.values() if count > 0)
        asked.append(f"{done} of {len({*column.never, *column.asked})}")
    return Map(what, tuple(c.driver for c in columns), tuple(asked), tuple(rows))


def _cell(column: Coverage, name: str) -> Cell:
    count = column.asked.get(name, 0)
    if count > 0:
        return Cell(f"{count:,}", min(1 + int(math.log10(count) / 1.5), 4))
    return Cell("never", 0) if name in column.never or name in column.asked else Cell("", -1)
