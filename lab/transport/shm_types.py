"""What readers of the shared memory hand out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Attach = Literal["newest", "oldest", "start"]
"""Where a reader begins: behind all that is there, at the oldest frame that can still be had, or
(v1 only, the way of the original design) at index 0 of the ring, whatever lies there."""

HOST_TIMES = np.dtype(
    [
        ("first_frame", "<u8"),
        ("host_ns", "<i8"),
        ("output_ns", "<i8"),
        ("output_sample_time", "<f8"),
        ("cycle", "<u8"),
        ("frames", "<u4"),
        ("flags", "<u4"),
    ]
)
"""One row per block of the writer: what the driver noted of its cycle, times in nanoseconds."""


class ReaderState(IntEnum):
    """What the writer says of itself; v1 says nothing, so it is always UNKNOWN there."""

    UNKNOWN = 0
    IDLE = 1
    RUNNING = 2
    RETIRED = 3
    CLOSED = 4


@dataclass(frozen=True)
class StreamFormat:
    """What the header says of the stream, checked.

    Attributes
    ----------
    layout
        ``"v1"`` or ``"v2"``.
    channels
        Samples per frame.
    sample_rate
        Hz.
    ring_frames
        Frames that the ring holds; v1 can hold one less.
    generation
        Even number, 0 in v1.
    generation_start
        First frame of the generation, 0 in v1.
    writer_pid
        0 in v1.
    timebase_numer, timebase_denom
        Nanoseconds are ``ticks * numer / denom``; 1 and 1 in v1.
    safety_offset_frames, latency_frames
        As the driver reports them; 0 in v1.
    """

    layout: Literal["v1", "v2"]
    channels: int
    sample_rate: int
    ring_frames: int
    generation: int = 0
    generation_start: int = 0
    writer_pid: int = 0
    timebase_numer: int = 1
    timebase_denom: int = 1
    safety_offset_frames: int = 0
    latency_frames: int = 0

    def ns_of(self, ticks: int) -> int:
        """Host ticks as nanoseconds; what a hostile writer puts beyond 63 bits is cut off."""
        return min(ticks * self.timebase_numer // self.timebase_denom, (1 << 63) - 1)

    @property
    def ring_ns(self) -> int:
        """How long the ring lasts, nanoseconds."""
        return round(self.ring_frames / self.sample_rate * 1e9)


@dataclass(frozen=True)
class Block:
    """Frames that have been read.

    Attributes
    ----------
    first_frame
        Number of the first frame: the writer's in v2, counted from the reader's start in v1.
    frames
        Shape (n, channels); a copy that is the caller's.
    lost
        Frames that were there and are gone, right before these. v1 cannot know: always 0.
    away_ns
        Time since the reader looked last.
    new_generation
        Whether the writer restarted or changed its format right before these frames.
    host_times
        Dtype `HOST_TIMES`, the writer's blocks that begin in this one; empty in v1.
    format
        Of these frames.
    """

    first_frame: int
    frames: NDArray[np.float32]
    lost: int
    away_ns: int
    new_generation: bool
    host_times: NDArray[Any]
    format: StreamFormat

    @property
    def end_frame(self) -> int:
        """Number of the frame behind the last."""
        return self.first_frame + len(self.frames)


NO_HOST_TIMES = np.empty(0, dtype=HOST_TIMES)
