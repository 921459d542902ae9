"""Where packets of Bunghole's wire belong: in a recording, and in what was played."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.signals.align import Segment
from lab.transport.bunghole.recording import PacketFlag
from lab.transport.opus import FRAMES

LOOK_AHEAD_FRAMES = 312
"""By which the codec delays what is in a packet (Opus, OPUS_APPLICATION_AUDIO, 48 kHz)."""
_MADE_UP = int(PacketFlag.CONCEALED | PacketFlag.UNDECODABLE)
_OUT_OF_ORDER = int(PacketFlag.DUPLICATE | PacketFlag.REORDERED)


def has(packets: NDArray[Any], flag: PacketFlag) -> NDArray[np.bool_]:
    """Which rows have any of these flags."""
    return np.asarray((packets["flags"] & np.uint32(int(flag))) != 0)


def source_frames(packets: NDArray[Any]) -> NDArray[np.int64]:
    """Number of the first frame that a packet holds, counted from the first one of IO.

    Parameters
    ----------
    packets
        Dtype `PACKET`.

    Returns
    -------
    ndarray of int64, shape (n,)
        v2 says it. v1 does not: its packets are taken as following each other, and as ending where
        the first packet of v2 behind them begins.
    """
    recorded = packets["recorded_frame"].astype(np.int64)
    numbered = ~has(packets, PacketFlag.V1)
    shift = np.where(numbered, packets["first_frame"].astype(np.int64) - recorded, 0)
    at = np.flatnonzero(numbered)
    if at.size:
        following = np.searchsorted(at, np.arange(len(packets)))
        known = following < at.size
        shift[known] = shift[at[following[known]]]
        shift[~known] = shift[at[-1]]
    return np.asarray(recorded + shift, dtype=np.int64)


def heard_segments(packets: NDArray[Any], *, look_ahead: int = LOOK_AHEAD_FRAMES) -> list[Segment]:
    """Which source frames are heard where, by the packets' own numbers.

    Parameters
    ----------
    packets
        Dtype `PACKET`; rows that brought no frames do not count.
    look_ahead
        The codec's delay, frames.

    Returns
    -------
    list of Segment
        In the order of the recording, adjoining ones joined. What a codec made up stands for the
        frames that are missing. The sound of a frame is `look_ahead` behind its packet's.
    """
    rows = packets[packets["frames"] > 0]
    recorded = rows["recorded_frame"].astype(np.int64)
    source = source_frames(rows) - look_ahead
    frames = rows["frames"].astype(np.int64)
    if len(rows) == 0:
        return []
    new = np.ones(len(rows), dtype=bool)
    new[1:] = (np.diff(source - recorded) != 0) | (recorded[1:] != (recorded + frames)[:-1])
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(rows)) - 1
    return [
        Segment(int(recorded[a]), int(source[a]), int(recorded[b] + frames[b] - recorded[a]))
        for a, b in zip(first.tolist(), last.tolist(), strict=True)
    ]


def heard_frame(segments: list[Segment], position: int) -> int | None:
    """The source frame that is due at a place of the recording.

    Parameters
    ----------
    segments
        By `heard_segments`.
    position
        Frame of the recording.

    Returns
    -------
    int or None
        None when nothing was received up to there, or the source had not begun.
    """
    before = [each for each in segments if each.recorded_frame <= position]
    if not before:
        return None
    frame = before[-1].source_frame + position - before[-1].recorded_frame
    return frame if frame >= 0 else None


def spoiled_places(packets: NDArray[Any], *, behind: int = 2 * FRAMES) -> list[tuple[int, int]]:
    """Where a packet's fate has spoiled the recording, with what a codec needs to recover.

    Parameters
    ----------
    packets
        Dtype `PACKET`.
    behind
        How long that is, frames.

    Returns
    -------
    list of tuple of int
        First and last-plus-one frame, in the order of the recording.
    """
    missing = has(packets, PacketFlag(_MADE_UP | _OUT_OF_ORDER)) | (packets["lost"] > 0)
    begin = packets["recorded_frame"].astype(np.int64)[missing]
    end = begin + packets["frames"].astype(np.int64)[missing]
    return [(a, b + behind) for a, b in zip(begin.tolist(), end.tolist(), strict=True)]


def missing_frames(packets: NDArray[Any]) -> NDArray[np.int64]:
    """Frames missing right before each row, by the numbers of v2.

    Parameters
    ----------
    packets
        Dtype `PACKET`.

    Returns
    -------
    ndarray of int64, shape (n,)
    """
    missing = np.zeros(len(packets), dtype=np.int64)
    out = PacketFlag.V1 | PacketFlag.CONCEALED | PacketFlag.DUPLICATE | PacketFlag.REORDERED
    rows = np.flatnonzero(~has(packets, out))
    first = packets["first_frame"].astype(np.int64)[rows]
    gap = first[1:] - (first[:-1] + FRAMES)
    gap[has(packets[rows[1:]], PacketFlag.RESTART)] = 0
    missing[rows[1:]] = np.maximum(gap, 0)
    return missing


def first_made_up(packets: NDArray[Any], at: int) -> int:
    """The row with which begins what the codec made up before a row; the row itself without any.

    Parameters
    ----------
    packets
        Dtype `PACKET`.
    at
        Of a packet that came.

    Returns
    -------
    int
    """
    concealed = has(packets, PacketFlag.CONCEALED)
    while at > 0 and concealed[at - 1]:
        at -= 1
    return at
