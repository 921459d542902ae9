"""Packets on their way: a track per stage, an arrow from each stage of a packet to the next."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lab.measure.stages import MISSING, STAGES, PacketTimes, Stage
from lab.report.perfetto.events import Track
from lab.report.perfetto.lanes import Look, lane_tracks

FLOWS = 1 << 32
"""Arrows of packets are numbered from here on: below are those of glitches."""


def packet_tracks(times: PacketTimes) -> tuple[Track, ...]:
    """The stages of `lab.measure.stages.STAGES`, one track each.

    Parameters
    ----------
    times
        On the clock of the trace.

    Returns
    -------
    tuple of Track
        Packets that never came out of a stage have no length in it and are called lost; those that
        come out before they went in, which the clocks' offset may explain, say by how much.
    """
    tracks: list[Track] = []
    for stage in STAGES:
        tracks += _stage_tracks(stage, times)
    return tuple(tracks)


def _stage_tracks(stage: Stage, times: PacketTimes) -> tuple[Track, ...]:
    begin: NDArray[np.int64] = np.asarray(getattr(times, stage.begin), dtype=np.int64)
    end: NDArray[np.int64] = np.asarray(getattr(times, stage.end), dtype=np.int64)
    rows = np.flatnonzero(begin != MISSING)

    def look(at: int) -> Look:
        packet = int(rows[at])
        told: tuple[tuple[str, int | str], ...] = (("packet", packet),)
        name = stage.name
        if end[packet] == MISSING:
            name = f"{stage.name}: lost"
        elif end[packet] < begin[packet]:
            told += (("ends_before_it_begins_ns", int(begin[packet] - end[packet])),)
        return Look(name, told, (FLOWS + packet,))

    out = np.where(end[rows] == MISSING, begin[rows], end[rows])
    return lane_tracks(
        stage.name,
        begin[rows],
        out,
        look,
        description=f"Each packet from when it was {stage.begin} to when it was {stage.end}.",
    )
