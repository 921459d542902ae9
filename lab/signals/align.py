"""Where each frame of a recording comes from in its source, exactly.

A self-numbering signal says it itself; a real recording does not. But on a lossless path the
recorded frames are the source's, bit for bit. So: hash every window of `WINDOW` frames of both
sides, take the windows that occur once in the source as anchors, grow each anchor frame by frame
as far as the bits agree, and read losses, repeats and insertions off the seams.

The counts are integers, with no threshold. Two things are said instead of guessed:

- Where a cut lies inside content that repeats (digital silence above all), its *size* is exact
  and its *place* is not: ``Seam.slack_frames`` is how far it could be shifted.
- Recorded frames that no anchor reaches are ``inserted`` (of which ``inserted_silence`` are
  zeros). A block shorter than `WINDOW` frames that was moved elsewhere shows up as inserted here
  and lost there.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

WINDOW = 16
_BASE = 0x9E3779B97F4A7C15 | 1
_BASE_INVERSE = pow(_BASE, -1, 1 << 64)


@dataclass(frozen=True)
class Segment:
    """Recorded frames that are source frames, in order and without a gap."""

    recorded_frame: int
    source_frame: int
    frames: int

    @property
    def recorded_end(self) -> int:
        """First recorded frame behind the segment."""
        return self.recorded_frame + self.frames

    @property
    def source_end(self) -> int:
        """First source frame behind the segment."""
        return self.source_frame + self.frames


@dataclass(frozen=True)
class Seam:
    """What lies between two segments.

    Attributes
    ----------
    recorded_frame
        First recorded frame behind the earlier segment.
    source_step
        Source frames skipped (> 0) or gone back (< 0).
    inserted_frames
        Recorded frames between the segments that the source does not have there.
    slack_frames
        How many frames earlier the cut could lie just as well.
    """

    recorded_frame: int
    source_step: int
    inserted_frames: int
    slack_frames: int


@dataclass(frozen=True)
class Alignment:
    """The account of a recording against its source; all counts in frames.

    Attributes
    ----------
    matched
        Recorded frames that are source frames.
    lost
        Source frames between the first and the last matched one that were never recorded.
    duplicated
        Recorded frames whose source frame had been recorded before.
    reordered
        Recorded frames that came, for the first time, after a later source frame.
    inserted, inserted_silence
        Recorded frames between the first and the last match that are not of the source, and
        how many of them are all zeros.
    leading, leading_silence, trailing, trailing_silence
        The same before the first and behind the last match.
    missing_head, missing_tail
        Source frames before the first and behind the last matched one.
    seams
        The places where it was not seamless.
    segments
        The matches.
    """

    matched: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    inserted: int = 0
    inserted_silence: int = 0
    leading: int = 0
    leading_silence: int = 0
    trailing: int = 0
    trailing_silence: int = 0
    missing_head: int = 0
    missing_tail: int = 0
    seams: tuple[Seam, ...] = ()
    segments: tuple[Segment, ...] = field(default=(), repr=False)

    @property
    def is_clean(self) -> bool:
        """True when everything between the first and the last match is there, once, in order."""
        return self.matched > 0 and not (
            self.lost or self.duplicated or self.reordered or self.inserted
        )


def frame_keys(frames: NDArray[np.float32]) -> NDArray[np.uint64]:
    """One 64-bit key per frame, from the bits of its samples; -0.0 counts as 0.0.

    Parameters
    ----------
    frames
        Shape (frames, channels).

    Returns
    -------
    ndarray of uint64, shape (frames,)
    """
    bits = np.ascontiguousarray(frames + np.float32(0.0)).view(np.uint32)
    key = np.zeros(len(bits), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for channel in range(bits.shape[1]):
            key = (key ^ bits[:, channel]) * np.uint64(0xBF58476D1CE4E5B9)
            key ^= key >> np.uint64(29)
    return key


def window_hashes(keys: NDArray[np.uint64], window: int) -> NDArray[np.uint64]:
    """Hash of each window of `window` keys, modulo 2^64.

    The sum of ``key[i + j] * base^-j`` over a window, taken from one running sum; base is odd
    and so has an inverse modulo 2^64.

    Parameters
    ----------
    keys
        Shape (n,).
    window
        Keys per window.

    Returns
    -------
    ndarray of uint64, shape (max(n - window + 1, 0),)
    """
    if len(keys) < window:
        return np.empty(0, dtype=np.uint64)
    with np.errstate(over="ignore"):
        falling = _powers(_BASE_INVERSE, len(keys))
        rising = _powers(_BASE, len(keys) - window + 1)
        total = np.concatenate((np.zeros(1, dtype=np.uint64), np.cumsum(keys * falling)))
        hashes: NDArray[np.uint64] = (total[window:] - total[:-window]) * rising
    return hashes


def align(
    source: NDArray[np.float32], recorded: NDArray[np.float32], *, window: int = WINDOW
) -> Alignment:
    """Account for every recorded frame against its source.

    Parameters
    ----------
    source
        What was played, shape (frames, channels).
    recorded
        What arrived, shape (frames, channels), the same number of channels.
    window
        Frames per anchor.

    Returns
    -------
    Alignment

    Raises
    ------
    ValueError
        When the two differ in channels.
    """
    if source.ndim != 2 or recorded.ndim != 2 or source.shape[1] != recorded.shape[1]:
        raise ValueError(
            f"source {source.shape} and recording {recorded.shape} differ in their channels"
        )
    source_keys = frame_keys(source)
    recorded_keys = frame_keys(recorded)
    silent = ~np.any(recorded, axis=1)
    segments = _segments(source_keys, recorded_keys, window)
    if not segments:
        return Alignment(
            leading=len(recorded),
            leading_silence=int(np.count_nonzero(silent)),
            missing_head=len(source),
        )
    return _account(segments, silent, source_keys, recorded_keys)


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    factors = np.full(count, base, dtype=np.uint64)
    if count:
        factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _segments(
    source: NDArray[np.uint64], recorded: NDArray[np.uint64], window: int
) -> list[Segment]:
    """Maximal exact matches in recording order; they do not overlap in the recording."""
    anchors = _anchors(source, recorded, window)
    segments: list[Segment] = []
    done = 0
    previous_offset: int | None = None
    for found, offset in anchors:
        if found < done and offset == previous_offset:
            continue
        at = max(found, done)
        if at >= len(recorded) or not 0 <= at + offset < len(source):
            continue
        # Grow to the left, but never into what is already explained, then to the right.
        room = min(at - done, at + offset)
        back = _equal_run(
            recorded[at - room : at][::-1], source[at + offset - room : at + offset][::-1]
        )
        begin = at - back
        ahead = _equal_run(recorded[begin:], source[begin + offset :])
        if ahead == 0:
            continue
        segments.append(Segment(begin, begin + offset, ahead))
        done = begin + ahead
        previous_offset = offset
    return segments


def _anchors(
    source: NDArray[np.uint64], recorded: NDArray[np.uint64], window: int
) -> list[tuple[int, int]]:
    """First recorded frame and offset (source - recorded) of each run of unique matches."""
    source_hashes = window_hashes(source, window)
    recorded_hashes = window_hashes(recorded, window)
    if len(source_hashes) == 0 or len(recorded_hashes) == 0:
        return []
    value, first, count = np.unique(source_hashes, return_index=True, return_counts=True)
    unique_value, unique_first = value[count == 1], first[count == 1]
    if len(unique_value) == 0:
        return []
    slot = np.minimum(np.searchsorted(unique_value, recorded_hashes), len(unique_value) - 1)
    at = np.flatnonzero(unique_value[slot] == recorded_hashes)
    offset = unique_first[slot[at]] - at
    new = np.ones(len(at), dtype=bool)
    new[1:] = (np.diff(offset) != 0) | (np.diff(at) != 1)
    return list(zip(at[new].tolist(), offset[new].tolist(), strict=True))


def _equal_run(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> int:
    """How many leading elements of two arrays agree."""
    limit = min(len(a), len(b))
    done = 0
    step = 4096
    while done < limit:
        end = min(done + step, limit)
        different = np.flatnonzero(a[done:end] != b[done:end])
        if different.size:
            return done + int(different[0])
        done = end
        step = min(step * 4, 1 << 20)
    return limit


def _account(
    segments: list[Segment],
    silent: NDArray[np.bool_],
    source: NDArray[np.uint64],
    recorded: NDArray[np.uint64],
) -> Alignment:
    first, last = segments[0], segments[-1]
    low = min(segment.source_frame for segment in segments)
    high = max(segment.source_end for segment in segments)
    seen = np.zeros(high - low, dtype=bool)
    duplicated = reordered = 0
    reached = low
    for segment in segments:
        part = slice(segment.source_frame - low, segment.source_end - low)
        fresh = ~seen[part]
        duplicated += segment.frames - int(np.count_nonzero(fresh))
        behind = max(0, min(reached, segment.source_end) - segment.source_frame)
        reordered += int(np.count_nonzero(fresh[:behind]))
        seen[part] = True
        reached = max(reached, segment.source_end)
    inserted = np.ones(len(silent), dtype=bool)
    for segment in segments:
        inserted[segment.recorded_frame : segment.recorded_end] = False
    middle = slice(first.recorded_frame, last.recorded_end)
    return Alignment(
        matched=sum(segment.frames for segment in segments),
        lost=int(np.count_nonzero(~seen)),
        duplicated=duplicated,
        reordered=reordered,
        inserted=int(np.count_nonzero(inserted[middle])),
        inserted_silence=int(np.count_nonzero(inserted[middle] & silent[middle])),
        leading=first.recorded_frame,
        leading_silence=int(np.count_nonzero(silent[: first.recorded_frame])),
        trailing=len(silent) - last.recorded_end,
        trailing_silence=int(np.count_nonzero(silent[last.recorded_end :])),
        missing_head=low,
        missing_tail=len(source) - high,
        seams=tuple(_seam(a, b, source, recorded) for a, b in itertools.pairwise(segments)),
        segments=tuple(segments),
    )


def _seam(a: Segment, b: Segment, source: NDArray[np.uint64], recorded: NDArray[np.uint64]) -> Seam:
    room = min(a.frames, b.source_frame) if b.recorded_frame == a.recorded_end else 0
    slack = _equal_run(
        recorded[a.recorded_end - room : a.recorded_end][::-1],
        source[b.source_frame - room : b.source_frame][::-1],
    )
    return Seam(
        recorded_frame=a.recorded_end,
        source_step=b.source_frame - a.source_end,
        inserted_frames=b.recorded_frame - a.recorded_end,
        slack_frames=slack,
    )
