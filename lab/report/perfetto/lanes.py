"""Slices that overlap: shared out over lanes in which they do not.

A track can only nest slices. Perfetto draws sibling tracks of one name as one; so each lane becomes
a track of that name.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lab.report.perfetto.events import Event, Kind, Track, as_ns

MOST_LANES = 32
"""A stall of a second holds up a hundred blocks: what finds no free lane waits, drawn shorter."""


class Look(NamedTuple):
    """What a slice says: see `Event`."""

    name: str
    arguments: tuple[tuple[str, int | str], ...] = ()
    flows: tuple[int, ...] = ()


def lane_tracks(
    name: str,
    begin_ns: NDArray[np.int64],
    end_ns: NDArray[np.int64],
    look: Callable[[int], Look],
    *,
    description: str = "",
) -> tuple[Track, ...]:
    """Tracks of one name that hold all slices.

    Parameters
    ----------
    name
        Of each track.
    begin_ns, end_ns
        Shape (n,), in any order; a slice that would end before it begins has no length.
    look
        Asked for each index once, when the slice is written.
    description
        Of each track.

    Returns
    -------
    tuple of Track
        One at least.
    """
    begin, end = as_ns(begin_ns), as_ns(end_ns)
    order = np.argsort(begin, kind="stable")
    lane = share_out(begin[order], end[order])
    lanes = int(lane.max(initial=0)) + 1
    return tuple(
        Track(
            name=name,
            events=_slices(order[lane == number], begin, end, look),
            description=description,
        )
        for number in range(lanes)
    )


def share_out(begin: NDArray[np.int64], end: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lane of each slice.

    Parameters
    ----------
    begin
        Shape (n,), ascending.
    end
        Shape (n,).

    Returns
    -------
    ndarray of int64, shape (n,)
        From 0; the lowest that is free, or, when `MOST_LANES` are taken, that which is free first.
    """
    lane = np.zeros(len(begin), dtype=np.int64)
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    lanes = 0
    for number, (start, stop) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        until = max(start, stop)
        if free:
            chosen = heapq.heappop(free)
        elif lanes < MOST_LANES:
            chosen, lanes = lanes, lanes + 1
        else:
            free_at, chosen = heapq.heappop(busy)
            until = max(until, free_at)
        lane[number] = chosen
        heapq.heappush(busy, (until, chosen))
    return lane


def _slices(
    rows: NDArray[np.int64],
    begin: NDArray[np.int64],
    end: NDArray[np.int64],
    look: Callable[[int], Look],
) -> Iterator[Event]:
    edge = 0
    for row in rows:
        seen = look(int(row))
        start = max(int(begin[row]), edge)
        edge = max(int(end[row]), start)
        yield Event(start, Kind.BEGIN, seen.name, seen.arguments, seen.flows)
        yield Event(edge, Kind.END)
