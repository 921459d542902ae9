"""The reader behind the driver: a slice per block, from its cycle to its arrival."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.report.perfetto.events import TIME_NS, Event, Kind, Track, as_ns
from lab.report.perfetto.lanes import Look, lane_tracks
from lab.transport.recording import ARRIVAL_NEW_GENERATION


def reader_tracks(
    arrivals: NDArray[Any], *, flows: Mapping[int, Sequence[int]] | None = None
) -> tuple[Track, ...]:
    """What reached the reader, and how late.

    Parameters
    ----------
    arrivals
        Shape (n,), dtype `lab.transport.recording.ARRIVAL`.
    flows
        Index of a row to the arrows that lead to it.

    Returns
    -------
    tuple of Track
        Blocks, in layout v2 from the cycle that delivered each to when the reader had it, in v1
        without length; and the latency as a counter, where a cycle is known.
    """
    arrows = flows or {}

    def look(row: int) -> Look:
        block = arrivals[row]
        new, lost = bool(block["flags"] & ARRIVAL_NEW_GENERATION), int(block["lost"])
        told: list[tuple[str, int | str]] = [("first_frame", int(block["first_frame"]))]
        if lost:
            told.append(("lost_frames", lost))
        if lost or new:
            told.append(("reader_away_ns", int(block["away_ns"])))
        if block["held_ns"] > 0:
            told.append(("held_on_the_way_ns", int(block["held_ns"])))
        name = "block behind a loss" if lost else "block"
        if new:
            name = "first block of a generation"
        return Look(name, tuple(told), tuple(arrows.get(row, ())))

    arrived = as_ns(arrivals["arrival_ns"])
    begun = np.where(arrivals["host_ns"] >= 0, as_ns(arrivals["host_ns"]), arrived)
    tracks = lane_tracks(
        "reader",
        np.minimum(begun, arrived),
        arrived,
        look,
        description="Blocks from the cycle that delivered them to when the reader had them.",
    )
    if not np.any(arrivals["host_ns"] >= 0):
        return tracks
    latency = Track(
        name="latency to the reader",
        events=_latencies(arrivals, arrived),
        unit=TIME_NS,
        description="From the cycle that delivered a block to when the reader had it.",
    )
    return (*tracks, latency)


def _latencies(arrivals: NDArray[Any], arrived: NDArray[np.int64]) -> Iterator[Event]:
    known = np.flatnonzero(arrivals["host_ns"] >= 0)
    known = known[np.argsort(arrived[known], kind="stable")]
    for row in known:
        took = int(arrived[row]) - int(arrivals["host_ns"][row])
        yield Event(int(arrived[row]), Kind.COUNTER, values=(took,))
