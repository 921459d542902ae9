"""What has arrived from one guest: the audio, bounded, and a table with one row per packet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.transport.opus import CHANNELS, FRAMES, SAMPLE_RATE
from lab.transport.recording import GrowingFile

PACKET = np.dtype(
    [
        ("recorded_frame", "<u8"),
        ("first_frame", "<u8"),
        ("sequence", "<u4"),
        ("frames", "<u4"),
        ("lost", "<u4"),
        ("flags", "<u4"),
        ("captured_ns", "<u8"),
        ("encoded_ns", "<u8"),
        ("sent_ns", "<u8"),
        ("received_ns", "<i8"),
        ("decoded_ns", "<i8"),
    ]
)
"""One row per packet, and one per run of concealed ones before it.

``recorded_frame``: where in the recording it begins; ``frames``: that it brought there, 0 when it
was left out: it came again, or too late; ``lost``: packets missing right before it, or before those
of v1 that began its connection; ``received_ns``, ``decoded_ns``:
CLOCK_MONOTONIC here. ``first_frame``, ``sequence``, ``captured_ns``, ``encoded_ns``, ``sent_ns``
are the sender's, 0 in v1. ``flags``: `PacketFlag`.
"""


class PacketFlag(IntFlag):
    """Of a row. The lowest eight bits are those of the wire."""

    V1 = 1 << 8
    """No sequence number and no times of the sender."""
    CONNECTED = 1 << 9
    """The first of a connection."""
    RESTART = 1 << 10
    """The sender counts afresh."""
    CONCEALED = 1 << 11
    """Frames that libopus made up for packets that were lost."""
    UNDECODABLE = 1 << 12
    """Not Opus."""
    ODD_LENGTH = 1 << 13
    """Opus, but not of 20 ms."""
    DUPLICATE = 1 << 14
    """Came again."""
    REORDERED = 1 << 15
    """Came after a later one."""


@dataclass(frozen=True)
class Room:
    """How much may be kept of each guest.

    Attributes
    ----------
    seconds
        Of audio; what comes later is counted, not kept.
    folder
        Where files are to be made, for long recordings: ``<guest>.f32`` and ``<guest>.packets``;
        None keeps everything in memory.
    """

    seconds: float = 600.0
    folder: Path | None = None


class PacketRecorder:
    """Keeps one guest's audio.

    Parameters
    ----------
    guest
        Its name, for files.
    room
        How much.

    Attributes
    ----------
    dropped_frames, dropped_rows
        What found no room any more.

    Raises
    ------
    LabError
        When a file cannot be made.
    """

    def __init__(self, guest: str, room: Room) -> None:
        capacity = max(int(room.seconds * SAMPLE_RATE), FRAMES)
        capacity_rows = 2 * (capacity // FRAMES) + 1024
        self.dropped_frames = 0
        self.dropped_rows = 0
        self._frames = 0
        self._count = 0
        self._files: list[GrowingFile] = []
        if room.folder is None:
            # The system gives pages of zeros when they are written to, not before.
            self._audio = np.zeros((capacity, CHANNELS), dtype=np.float32)
            self._rows = np.zeros(capacity_rows, dtype=PACKET)
            return
        stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in guest)
        audio = GrowingFile(room.folder / f"{stem}.f32", capacity * CHANNELS * 4)
        self._files.append(audio)
        try:
            rows = GrowingFile(room.folder / f"{stem}.packets", capacity_rows * PACKET.itemsize)
        except BaseException:
            audio.close()
            raise
        self._files.append(rows)
        self._audio = np.frombuffer(audio.memory, dtype=np.float32).reshape(-1, CHANNELS)
        self._rows = np.frombuffer(rows.memory, dtype=PACKET)

    @property
    def frames(self) -> int:
        """Kept so far."""
        return self._frames

    def take(self, frames: NDArray[np.float32] | None, **columns: int) -> None:
        """Keep what a packet brought.

        Parameters
        ----------
        frames
            Shape (n, 2); None when it brought nothing.
        **columns
            Of `PACKET`, those but ``recorded_frame`` and ``frames``.
        """
        brought = 0 if frames is None else len(frames)
        if self._count < len(self._rows):
            row = self._rows[self._count]
            row["recorded_frame"], row["frames"] = self._frames, brought
            for name, value in columns.items():
                row[name] = value
            self._count += 1
        else:
            self.dropped_rows += 1
        if frames is None:
            return
        room = min(brought, len(self._audio) - self._frames)
        self._audio[self._frames : self._frames + room] = frames[:room]
        self._frames += room
        self.dropped_frames += brought - room
        if self._files:
            self._files[0].used = self._frames * CHANNELS * 4
            self._files[1].used = self._count * PACKET.itemsize

    def audio(self) -> NDArray[np.float32]:
        """What is kept so far, not a copy; shape (n, 2), 48 kHz. It does not change any more."""
        return self._audio[: self._frames]

    def packets(self) -> NDArray[Any]:
        """The table so far, not a copy; dtype `PACKET`. It does not change any more."""
        return self._rows[: self._count]

    def close(self) -> None:
        """Cut the files to what was kept; what `audio` and `packets` give is empty then."""
        if self._files:
            self._audio = np.empty((0, CHANNELS), dtype=np.float32)
            self._rows = np.empty(0, dtype=PACKET)
            self._frames = self._count = 0
            for file in self._files:
                file.close()
            self._files.clear()


def read_packets(path: Path) -> NDArray[Any]:
    """Read a table that a far end inside the host has made.

    Parameters
    ----------
    path
        Of the file. One that a crash left has its full length, with zeros behind the last row.

    Returns
    -------
    ndarray, shape (n,), dtype `PACKET`

    Raises
    ------
    OSError
        When it cannot be read.
    """
    packets = np.fromfile(path, dtype=PACKET)
    return packets[: int(np.max(np.flatnonzero(packets["received_ns"]), initial=-1)) + 1]


def recorded_frames(packets: NDArray[Any]) -> int:
    """How much of a recording its table tells of.

    Parameters
    ----------
    packets
        Dtype `PACKET`.

    Returns
    -------
    int
        Frames; what a crash left behind them is zeros.
    """
    return int(packets["recorded_frame"][-1] + packets["frames"][-1]) if len(packets) else 0


def stage_times_ns(packets: NDArray[Any], offset_ns: int) -> dict[str, NDArray[np.int64]]:
    """How long each packet took from stage to stage.

    Parameters
    ----------
    packets
        Dtype `PACKET`.
    offset_ns
        The sender's clock minus this one, as `lab.transport.bunghole.stream.ClockBook` tells.

    Returns
    -------
    dict
        ``captured-encoded``, ``encoded-sent``, ``sent-received``, ``received-decoded``,
        ``captured-decoded``: nanoseconds of the packets of v2 that were decoded, in their order.
        ``sent-received`` may be negative by as much as the offset is uncertain.
    """
    out = int(PacketFlag.V1 | PacketFlag.CONCEALED | PacketFlag.UNDECODABLE)
    rows = packets[(packets["flags"] & out) == 0]
    times = {
        name: rows[f"{name}_ns"].astype(np.int64) - (offset_ns if peers else 0)
        for name, peers in (
            ("captured", True),
            ("encoded", True),
            ("sent", True),
            ("received", False),
            ("decoded", False),
        )
    }
    steps = (
        ("captured", "encoded"),
        ("encoded", "sent"),
        ("sent", "received"),
        ("received", "decoded"),
        ("captured", "decoded"),
    )
    return {f"{begin}-{end}": times[end] - times[begin] for begin, end in steps}
