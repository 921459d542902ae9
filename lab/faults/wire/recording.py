"""What arrived over Bunghole's wire during a run, kept for who wants to hear the failure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.faults.recording import Damaged
from lab.measure.packet_places import (
    first_made_up,
    has,
    heard_frame,
    heard_segments,
    missing_frames,
)
from lab.signals.file import read_raw
from lab.signals.sine import sine
from lab.transport.bunghole.recording import PacketFlag, read_packets, recorded_frames
from lab.transport.opus import CHANNELS, FRAMES, SAMPLE_RATE

PLAYED_HZ = 997.0
"""What a run plays all the time."""
SPARE_S = 10
"""Beside the cycles of a run: until it has connected, and after what goes on longer."""
_SILENT_RMS = 1e-3
_FLAG_OF = {
    "packets-duplicated": (PacketFlag.DUPLICATE, "duplicate-packet"),
    "packets-reordered": (PacketFlag.REORDERED, "reordered-packet"),
    "packets-undecodable": (PacketFlag.UNDECODABLE, "undecodable-packet"),
    "connection-lost": (PacketFlag.CONNECTED, "connection-lost"),
}
_MISSING = {"frames-lost", "frames-dropped", "loss-not-counted", "discontinuity"}
"""Failures that leave a gap in the numbers of v2."""


@dataclass
class WireRecording:
    """Asks a rig to record what arrives; of several lives of the daemon the last.

    Attributes
    ----------
    path
        Of the file, raw interleaved Float32; the table of packets lies beside it.
    room_frames
        As many fit.
    stretch_ns
        Virtual time of the stretch that was judged last: begin, end.
    sample_rate
        Hz.
    """

    path: Path
    room_frames: int
    stretch_ns: tuple[int, int] = (0, 0)
    sample_rate: int = SAMPLE_RATE

    @property
    def table(self) -> Path:
        """A row for each packet."""
        return self.path.with_suffix(".packets")

    def begin_life(self) -> None:
        """Another daemon records from the beginning."""
        self.stretch_ns = (0, 0)

    def judged(self, now_ns: int) -> None:
        """A stretch has come to its end; the first one began before anything was heard."""
        self.stretch_ns = (self.stretch_ns[1], now_ns)

    def heard(self) -> NDArray[np.float32]:
        """All that was heard.

        Returns
        -------
        ndarray of float32, shape (frames, 2)

        Raises
        ------
        OSError
            When the recording is not there.
        """
        return read_raw(self.path, CHANNELS)[: recorded_frames(read_packets(self.table))]

    def damaged(self, failure_kind: str) -> Damaged | None:
        """Find where a failure is, see `damaged_packet`."""
        return damaged_packet(read_packets(self.table), self.heard(), self.stretch_ns, failure_kind)

    def sent(self, first_frame: int, frames: int) -> NDArray[np.float32]:
        """What was played, shape (frames, 2): the tone, as it would be had it never begun anew."""
        return sine(
            frames,
            sample_rate=self.sample_rate,
            hz=PLAYED_HZ,
            channels=CHANNELS,
            start_frame=first_frame,
        )


def damaged_packet(
    packets: NDArray[Any],
    heard: NDArray[np.float32],
    stretch_ns: tuple[int, int],
    failure_kind: str,
) -> Damaged | None:
    """Find the first packet that a failure is about.

    Parameters
    ----------
    packets
        Dtype `lab.transport.bunghole.recording.PACKET`.
    heard
        The recording, shape (frames, 2).
    stretch_ns
        Begin and end of the time in which the failure was noticed.
    failure_kind
        As in `lab.faults.damage.Failure`.

    Returns
    -------
    Damaged or None
        None when there is none, or when such a failure has no place in the stream.
    """
    if len(packets) == 0:
        return None
    near = (packets["received_ns"] > stretch_ns[0]) & (packets["received_ns"] <= stretch_ns[1])
    missing = missing_frames(packets)
    if failure_kind in _MISSING:
        found, kind = near & (missing > 0), "lost-packet"
    elif failure_kind == "packets-silent":
        found, kind = near & _silent(packets, heard), "silence"
    elif failure_kind in _FLAG_OF:
        flag, kind = _FLAG_OF[failure_kind]
        found = near & has(packets, flag)
        if flag is PacketFlag.CONNECTED:
            found[0] = False
    else:
        return None
    rows = np.flatnonzero(found)
    if rows.size == 0:
        return None
    at = int(rows[0])
    first = first_made_up(packets, at) if kind == "lost-packet" else at
    position = int(packets["recorded_frame"][first])
    return Damaged(
        kind,
        position,
        int(missing[at]) if kind == "lost-packet" else FRAMES,
        heard_frame(heard_segments(packets), position),
    )


def _silent(packets: NDArray[Any], heard: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows brought nothing but silence; what has no frames brought nothing at all."""
    found = np.zeros(len(packets), dtype=bool)
    for at, (begin, frames) in enumerate(
        zip(packets["recorded_frame"].tolist(), packets["frames"].tolist(), strict=True)
    ):
        block = heard[begin : begin + frames]
        if len(block):
            found[at] = float(np.sqrt(np.mean(np.square(block, dtype=np.float64)))) < _SILENT_RMS
    return found
