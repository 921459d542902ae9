"""A recording on disk: raw frames, and when each of the writer's blocks arrived.

Both files are mapped and set aside before the first frame comes, so that recording neither
allocates nor waits, and what is there survives a reader that is killed.
"""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.errors import LabError
from lab.transport.shm_types import Block

ARRIVAL = np.dtype(
    [
        ("recorded_frame", "<u8"),
        ("first_frame", "<u8"),
        ("frames", "<u4"),
        ("flags", "<u4"),
        ("lost", "<u8"),
        ("arrival_ns", "<i8"),
        ("host_ns", "<i8"),
        ("output_ns", "<i8"),
        ("away_ns", "<i8"),
        ("held_ns", "<i8"),
    ]
)
"""One row per block of the writer (v2) or per read (v1).

``recorded_frame``: where in the recording it begins; ``first_frame``: its number; ``lost``: frames
missed right before; ``arrival_ns``: CLOCK_MONOTONIC when it was read; ``host_ns``, ``output_ns``:
when the host ran the cycle and when the block is due, -1 in v1; ``away_ns``: since the read before;
``held_ns``: how long it lay on the way while a reader waited for it (`lab.transport.way.held_ns`);
``flags``: `ARRIVAL_NEW_GENERATION`.
"""

ARRIVAL_NEW_GENERATION = 1
_ROW = struct.Struct("<QQIIQqqqqq")
assert _ROW.size == ARRIVAL.itemsize


class GrowingFile:
    """A file of fixed room, mapped, cut to what was written when it is closed.

    Parameters
    ----------
    path
        Replaced.
    room_bytes
        Set aside at once.

    Attributes
    ----------
    memory
        The file.
    used
        Bytes to keep.

    Raises
    ------
    LabError
        When it cannot be made, or there is no room.
    """

    def __init__(self, path: Path, room_bytes: int) -> None:
        self.used = 0
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
        except OSError as error:
            raise LabError(
                f"the recording cannot be written ({error.strerror})",
                where=str(path),
                do="record into another folder",
            ) from error
        try:
            os.ftruncate(self._fd, room_bytes)
            if hasattr(os, "posix_fallocate"):
                # Room that is not there has to show now, not as SIGBUS later.
                os.posix_fallocate(self._fd, 0, room_bytes)
            self.memory = mmap.mmap(self._fd, room_bytes, mmap.MAP_SHARED)
        except OSError as error:
            os.close(self._fd)
            path.unlink(missing_ok=True)
            raise LabError(
                f"no room for a recording of {room_bytes} bytes ({error.strerror})",
                where=str(path),
                do="record less (--seconds) or into another folder",
            ) from error

    def close(self) -> None:
        """Cut it to `used` bytes. May be called twice."""
        if self._fd < 0:
            return
        with suppress(BufferError):  # somebody looks at it still; it goes with the last look
            self.memory.close()
        os.ftruncate(self._fd, self.used)
        os.close(self._fd)
        self._fd = -1


class Recorder:
    """Writes blocks to a pair of files.

    Parameters
    ----------
    raw, arrivals
        Paths; replaced.
    channels
        Samples per frame.
    capacity_frames
        Frames beyond are counted in `dropped_frames`, not kept.

    Raises
    ------
    LabError
        When a file cannot be written, or there is no room.
    """

    def __init__(self, raw: Path, arrivals: Path, *, channels: int, capacity_frames: int) -> None:
        self.channels = channels
        self.capacity_frames = capacity_frames
        self.frames = 0
        self.dropped_frames = 0
        self.rows = 0
        # Blocks of 16 frames are the shortest there are; a read of v1 may be shorter.
        self._capacity_rows = capacity_frames // 16 + 4096
        self._raw = GrowingFile(raw, capacity_frames * channels * 4)
        try:
            self._rows = GrowingFile(arrivals, self._capacity_rows * ARRIVAL.itemsize)
        except LabError:
            self._raw.close()
            raise
        self._audio = np.frombuffer(self._raw.memory, dtype="<f4").reshape(-1, channels)

    def take(self, block: Block, arrival_ns: int, *, held_ns: int = 0) -> None:
        """Keep a block.

        Parameters
        ----------
        block
            With the channels of this recording.
        arrival_ns
            CLOCK_MONOTONIC at which it had been read.
        held_ns
            For how long it lay on the way although somebody waited for it.
        """
        room = min(len(block.frames), self.capacity_frames - self.frames)
        self._audio[self.frames : self.frames + room] = block.frames[:room]
        self._note(block, arrival_ns, held_ns)
        self.frames += room
        self.dropped_frames += len(block.frames) - room
        self._raw.used = self.frames * self.channels * 4
        self._rows.used = self.rows * ARRIVAL.itemsize

    def close(self) -> None:
        """Cut the files to what was recorded. May be called twice."""
        self._audio = np.empty((0, self.channels), dtype=np.float32)
        self._raw.close()
        self._rows.close()

    def _note(self, block: Block, arrival_ns: int, held_ns: int) -> None:
        rows = [(block.first_frame, len(block.frames), -1, -1)]
        if len(block.host_times):
            rows = block.host_times[["first_frame", "frames", "host_ns", "output_ns"]].tolist()
            # Behind a loss it begins within a block of the writer, whose beginning is gone.
            before = rows[0][0] - block.first_frame
            if before > 0:
                rows.insert(0, (block.first_frame, before, -1, -1))
        lost = block.lost
        flags = ARRIVAL_NEW_GENERATION if block.new_generation else 0
        for first_frame, frames, host_ns, output_ns in rows[: self._capacity_rows - self.rows]:
            _ROW.pack_into(
                self._rows.memory,
                self.rows * ARRIVAL.itemsize,
                self.frames + max(first_frame - block.first_frame, 0),
                first_frame,
                frames,
                flags,
                lost,
                arrival_ns,
                host_ns,
                output_ns,
                block.away_ns,
                held_ns,
            )
            self.rows += 1
            lost = flags = 0


@dataclass(frozen=True)
class Recording:
    """A finished recording.

    Attributes
    ----------
    frames
        Shape (n, channels).
    arrivals
        Dtype `ARRIVAL`.
    sample_rate
        Hz.
    """

    frames: NDArray[np.float32]
    arrivals: NDArray[Any]
    sample_rate: int


def read_recording(raw: Path, arrivals: Path, *, channels: int, sample_rate: int) -> Recording:
    """Read the pair of files that a `Recorder` wrote.

    Parameters
    ----------
    raw, arrivals
        Paths.
    channels
        Samples per frame.
    sample_rate
        Hz.

    Returns
    -------
    Recording
    """
    audio = np.fromfile(raw, dtype="<f4")
    whole = len(audio) // channels * channels
    return Recording(
        frames=audio[:whole].reshape(-1, channels).astype(np.float32, copy=False),
        arrivals=np.fromfile(arrivals, dtype=ARRIVAL),
        sample_rate=sample_rate,
    )
