"""The file: from arrays to tracks, and a file that is there whole or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import numpy as np
from numpy.typing import NDArray

from lab.measure.stages import PacketTimes
from lab.measure.trace import Records
from lab.report.perfetto.cycles import cycle_track
from lab.report.perfetto.events import Track
from lab.report.perfetto.glitches import (
    damaged_cycles,
    flows_of,
    glitch_track,
    place_glitches,
)
from lab.report.perfetto.packets import packet_tracks
from lab.report.perfetto.protobuf import TraceWriter
from lab.report.perfetto.reader import reader_tracks
from lab.report.perfetto.ring import ring_track
from lab.results import Glitch
from lab.transport.recording import ARRIVAL
from lab.whole_file import not_written, whole_file


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes
    ----------
    path
        The file.
    events
        Begins and ends of slices, instants, values of counters.
    file_bytes
        Its size.
    """

    path: Path
    events: int
    file_bytes: int


def write_perfetto(
    path: Path,
    *,
    records: Records,
    sample_rate: float,
    title: str,
    glitches: Sequence[Glitch] | None = (),
    arrivals: NDArray[Any] | None = None,
    ring_frames: int = 0,
    packets: PacketTimes | None = None,
    clock: Literal["realtime", "virtual"] = "realtime",
    device_names: Mapping[int, str] | None = None,
    first_frame: int = 0,
) -> Written:
    """Write a Perfetto trace of a run.

    Parameters
    ----------
    path
        Of the file; replaced when it exists. With ``.gz`` at its end it is compressed: the
        Perfetto UI opens that as well.
    records
        Shape (n,), dtype `lab.measure.trace.RECORD`, oldest first, of one or more devices.
    sample_rate
        Hz; 0: not known.
    title
        Of the run.
    glitches
        Of the device of the first record. None: the cycles that did damage, of every device.
    arrivals
        Dtype `lab.transport.recording.ARRIVAL`: what reached the reader of the same device.
    ring_frames
        What the ring between them holds; 0: not known.
    packets
        When each packet passed each stage, on the clock of the records.
    clock
        Which time the records are in.
    device_names
        By their index in the host.
    first_frame
        Frames that the device had played before its first record.

    Returns
    -------
    Written

    Raises
    ------
    LabError
        When the file cannot be written; what was at `path` is still there then.
    MissingError
        When the package perfetto is not installed.
    """
    rows = np.empty(0, dtype=ARRIVAL) if arrivals is None else arrivals
    names = device_names or {}
    devices = [int(one) for one in np.unique(records["device"])]
    own = int(records["device"][0]) if len(records) else -1
    children: list[Track] = []
    flow = 1
    for device in devices or [own]:
        cycles = records if len(devices) <= 1 else records[records["device"] == device]
        reads = rows if device == own else rows[:0]
        if glitches is None:
            placed = damaged_cycles(cycles)
        else:
            of_it = glitches if device == own else ()
            placed = place_glitches(of_it, cycles, reads, first_frame=first_frame)
        to_cycles, to_blocks = flows_of(placed, first_flow=flow)
        below = [
            glitch_track(placed, sample_rate=sample_rate, first_flow=flow),
            cycle_track("IO thread", cycles, clock=clock, sample_rate=sample_rate, flows=to_cycles),
        ]
        flow += len(placed)
        if len(reads):
            below.append(
                ring_track(cycles, reads, ring_frames=ring_frames, first_frame=first_frame)
            )
            below += reader_tracks(reads, flows=to_blocks)
        name = names.get(device, f"device {device}")
        children.append(Track(name=name, children=tuple(below)))
    if packets is not None:
        stages = packet_tracks(packets)
        children.append(Track(name="transport", children=stages))
    root = Track(name=title, children=tuple(children), description=_DESCRIPTION[clock])
    with _new_file(path) as file:
        writer = TraceWriter(file)
        writer.write(root)
    return Written(path, writer.events, path.stat().st_size)


_DESCRIPTION = {
    "realtime": "Times are those of CLOCK_MONOTONIC of the machine it ran on.",
    "virtual": "Times are those of the host's virtual clock.",
}


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """A file for bytes, compressed when its name says so, that is there whole or not at all."""
    try:
        with whole_file(path) as beside, beside.open("wb") as plain:
            if path.suffix != ".gz":
                yield plain
                return
            # No name and no time in it: the same run gives the same bytes.
            with gzip.GzipFile("", "wb", 6, plain, mtime=0) as packed:
                yield cast("BinaryIO", packed)
    except OSError as error:
        raise not_written(path, error, what="the Perfetto trace") from error
