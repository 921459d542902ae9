"""Where each frame of a recording comes from in its source, exactly.

A self-numbering signal says it itself; a real recording does not. But on a lossless path the
recorded frames are the source's, bit for bit. So: hash every window of `WINDOW` frames of both
sides, take the windows that occur once in the source as anchors, grow each anchor frame by frame
as far as the bits agree, and read losses, repeats and insertions off the seams.

The counts are integers, with no threshold. Three things are said instead of guessed:

- Where a cut lies inside content that repeats (digital silence above all), its *size* is exact
  and its *place* is not: ``Seam.slack_frames`` is how far it could be shifted.
- Recorded frames that no anchor reaches are ``inserted`` (of which ``inserted_silence`` are
  zeros). A block shorter than `WINDOW` frames that was moved elsewhere shows up as inserted here
  and lost there.
- A source in which every window occurs again (a pure tone, silence, a loop), or that is shorter
  than one, has no anchors. It is compared at the place where it is due, and goes on at the nearest
  place that fits: ``Alignment.repeats``.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

WINDOW = 16
_MOST_GUESSES = 10_000  # of places: what is in more pieces is not worth the time
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
    repeats
        No window of the source occurs only once. When all of it was found where it was due, that
        is exact; otherwise places and sizes are the nearest ones that fit.
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
    repeats: bool = False

    @property
    def strays(self) -> int:
        """Recorded frames before the first and behind the last match that are not silent."""
        return self.leading - self.leading_silence + self.trailing - self.trailing_silence

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
    source: NDArray[np.float32],
    recorded: NDArray[np.float32],
    *,
    window: int = WINDOW,
    start: int | None = None,
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
    start
        The recorded frame at which the source is due to begin. Anchors do not need it; a source
        without any does. None takes the first place where both stop being silent.

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
    source_hashes = window_hashes(source_keys, window)
    unique = _unique(source_hashes)
    repeats = len(unique[0]) == 0
    segments = [] if repeats else _segments(source_keys, recorded_keys, unique, window)
    if not segments:
        due = _due(source, silent) if start is None else start
        segments = _segments_by_position(
            source_keys, recorded_keys, source_hashes if repeats else source_hashes[:0], window, due
        )
    elif start is not None:
        segments = [*_head(segments[0], source_keys, recorded_keys, start), *segments]
    if segments:
        found = _account(segments, silent, source_keys, recorded_keys)
    else:
        found = Alignment(
            leading=len(recorded),
            leading_silence=int(np.count_nonzero(silent)),
            missing_head=len(source),
        )
    return replace(found, repeats=repeats)


def _powers(base: int, count: int) -> NDArray[np.uint64]:
    factors = np.full(count, base, dtype=np.uint64)
    if count:
        factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _unique(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.uint64], NDArray[np.intp]]:
    """The hashes that occur once, ascending, and where."""
    value, first, count = np.unique(hashes, return_index=True, return_counts=True)
    return value[count == 1], first[count == 1]


def _segments(
    source: NDArray[np.uint64],
    recorded: NDArray[np.uint64],
    unique: tuple[NDArray[np.uint64], NDArray[np.intp]],
    window: int,
) -> list[Segment]:
    """Maximal exact matches in recording order; they do not overlap in the recording."""
    anchors = _anchors(unique, window_hashes(recorded, window))
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
    unique: tuple[NDArray[np.uint64], NDArray[np.intp]], recorded_hashes: NDArray[np.uint64]
) -> list[tuple[int, int]]:
    """First recorded frame and offset (source - recorded) of each run of unique matches."""
    unique_value, unique_first = unique
    if len(unique_value) == 0 or len(recorded_hashes) == 0:
        return []
    slot = np.minimum(np.searchsorted(unique_value, recorded_hashes), len(unique_value) - 1)
    at = np.flatnonzero(unique_value[slot] == recorded_hashes)
    offset = unique_first[slot[at]] - at
    new = np.ones(len(at), dtype=bool)
    new[1:] = (np.diff(offset) != 0) | (np.diff(at) != 1)
    return list(zip(at[new].tolist(), offset[new].tolist(), strict=True))


def _due(source: NDArray[np.float32], silent: NDArray[np.bool_]) -> int:
    """Where the source begins, taken from where both stop being silent."""
    played = np.flatnonzero(np.any(source, axis=1))
    heard = np.flatnonzero(~silent)
    return max(int(heard[0]) - int(played[0]), 0) if played.size and heard.size else 0


def _head(
    first: Segment, source: NDArray[np.uint64], recorded: NDArray[np.uint64], due: int
) -> list[Segment]:
    """What is where it was due before the first anchor: the tone before a cut, say."""
    frames = _equal_run(recorded[due : first.recorded_frame], source[: first.source_frame])
    return [Segment(due, 0, frames)] if frames else []


def _segments_by_position(
    source: NDArray[np.uint64],
    recorded: NDArray[np.uint64],
    source_hashes: NDArray[np.uint64],
    window: int,
    due: int,
) -> list[Segment]:
    """A match from where the source is due; with hashes, more at the nearest places that fit."""
    recorded_hashes = window_hashes(recorded, window)
    order = np.argsort(source_hashes, kind="stable")
    ascending = source_hashes[order]
    known = np.flatnonzero(np.isin(recorded_hashes, source_hashes))
    segments: list[Segment] = []
    at, expected, tried = due, 0, -1
    while at < len(recorded) and expected < len(source) and len(segments) < _MOST_GUESSES:
        ahead = _equal_run(recorded[at:], source[expected:])
        # A few frames are equal by chance: zeros, above all.
        if ahead >= min(window, len(source)):
            segments.append(Segment(at, expected, ahead))
            at, expected = at + ahead, expected + ahead
            if expected == len(source):
                break
        slot = int(np.searchsorted(known, max(at, tried + 1)))
        if slot == len(known):
            break
        tried = int(known[slot])
        begin, end = (
            int(np.searchsorted(ascending, recorded_hashes[tried], side=side))
            for side in ("left", "right")
        )
        expected = _nearest(order[begin:end], expected + tried - at)
        at = tried
    return segments


def _nearest(ascending: NDArray[np.int64], wanted: int) -> int:
    """The element that is nearest to `wanted`, the greater one of two."""
    slot = bisect_left(ascending, wanted)
    near = ascending[max(slot - 1, 0) : slot + 1].tolist()
    return int(min(near, key=lambda value: (abs(value - wanted), -value)))


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
