"""The check of self-numbering PCM: the twin of ``halsim_check`` (halsim/signal.h).

The stream is read frame by frame against the highest frame number seen so far, *high*:

- ``f == high``: correct
- ``f > high``: frames ``[high, f)`` are lost, until they come after all
- ``f < high``: reordered, when it had been counted as lost or comes before the first frame; else
  duplicated

Zeros are *silent*, a frame whose numbers sit on the wrong channels is *swapped*, any other is
*corrupt*. No threshold is involved. Jumps of up to half the number space either way are told apart.

What is due is compared in whole chunks; only a chunk that differs is looked at in runs of frames.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from lab.signals.counter import CENTRE, CHUNK_SAMPLES, decode, fill_counter, number_space

EVENTS_MAX = 256
MISSING_MAX = 256


class EventKind(IntEnum):
    """What happened; values as in halsim/signal.h."""

    LOST = 1
    DUPLICATE = 2
    REORDER = 3
    SILENCE = 4
    CORRUPT = 5
    CHANNELS = 6

    @property
    def word(self) -> str:
        """The word of the control protocol."""
        return self.name.lower()


@dataclass
class Event:
    """One thing that was wrong.

    Attributes
    ----------
    kind
        What.
    position
        Frame of the received stream at which it begins.
    expected
        Frame number that was due.
    found
        Frame number that came, -1 when none.
    frames
        How many.
    """

    kind: EventKind
    position: int
    expected: int
    found: int
    frames: int


class _Class(IntEnum):
    NUMBER = 0
    SWAPPED = 1
    SILENCE = 2
    CORRUPT = 3


@dataclass
class CounterCheck:
    """Checks a stream of self-numbering PCM, block by block; all counts in frames.

    Parameters
    ----------
    channels
        Samples per frame.

    Attributes
    ----------
    locked
        A first frame has been recognised.
    first_frame, next_frame, cursor
        The first frame number, one more than the highest, one more than the last.
    received, correct, lost, duplicated, reordered, silent, leading_silence, corrupt, swapped
        Frames.
    event_count
        All events; the first `EVENTS_MAX` are in `events`.
    """

    channels: int
    locked: bool = False
    first_frame: int = 0
    next_frame: int = 0
    cursor: int = 0
    received: int = 0
    correct: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    silent: int = 0
    leading_silence: int = 0
    corrupt: int = 0
    swapped: int = 0
    event_count: int = 0
    events: list[Event] = field(default_factory=list)
    _missing: list[tuple[int, int]] = field(default_factory=list, repr=False)
    _due: NDArray[np.float32] = field(
        default_factory=lambda: np.empty(CHUNK_SAMPLES, dtype=np.float32), repr=False
    )

    @property
    def clean(self) -> bool:
        """True when it has locked, and from then on every frame came, once and in order."""
        every_frame_was_correct = self.correct + self.leading_silence == self.received
        return self.locked and every_frame_was_correct and self.lost == 0

    def take(self, block: NDArray[np.float32]) -> None:
        """Check the next frames of the stream.

        Parameters
        ----------
        block
            Shape (frames, channels).

        Raises
        ------
        ValueError
            When the block has another number of channels.
        """
        if block.ndim != 2 or block.shape[1] != self.channels:
            raise ValueError(f"a block of shape {block.shape} in a {self.channels}-channel stream")
        step = max(1, CHUNK_SAMPLES // self.channels)
        for begin in range(0, len(block), step):
            chunk = block[begin : begin + step]
            if not self._take_due(chunk):
                self._take_runs(chunk)

    def _take_due(self, chunk: NDArray[np.float32]) -> bool:
        """The usual case: all of the chunk is what is due."""
        if not self.locked or self.cursor != self.next_frame or chunk.size > len(self._due):
            return False
        due = self._due[: chunk.size]
        fill_counter(due, channels=self.channels, start_frame=self.next_frame)
        if not np.array_equal(chunk.reshape(-1), due):
            return False
        frames = len(chunk)
        self.received += frames
        self.correct += frames
        self.next_frame += frames
        self.cursor += frames
        return True

    def _take_runs(self, chunk: NDArray[np.float32]) -> None:
        kind, number = classify(chunk)
        if self.channels == 1:
            self._settle_mono_zeros(kind, number)
        new = np.ones(len(kind), dtype=bool)
        same = kind[1:] == kind[:-1]
        space = number_space(self.channels)
        follows = (number[1:] == (number[:-1] + 1) % space) | (kind[1:] != _Class.NUMBER)
        new[1:] = ~(same & follows)
        start = np.flatnonzero(new)
        length = np.diff(start, append=len(kind))
        for at, frames in zip(start.tolist(), length.tolist(), strict=True):
            self._take_run(_Class(int(kind[at])), int(number[at]), frames)

    def _settle_mono_zeros(self, kind: NDArray[np.int64], number: NDArray[np.int64]) -> None:
        """In mono 0.0 is also number 2^23: it is that only where that number is due."""
        due = self.cursor % number_space(1) if self.locked else -1
        for at in np.flatnonzero((kind == _Class.NUMBER) & (number == CENTRE)).tolist():
            before = int(number[at - 1]) + 1 if at > 0 and number[at - 1] >= 0 else -1
            if (before if at > 0 else due) != CENTRE:
                kind[at], number[at] = _Class.SILENCE, -1

    def _take_run(self, kind: _Class, number: int, frames: int) -> None:
        if kind is _Class.NUMBER:
            self._take_numbers(number, frames)
            return
        if kind is _Class.SWAPPED:
            self.swapped += frames
            # Each swapped frame is noted with the number that the first of them carried.
            self._note(EventKind.CHANNELS, True, self.next_frame, number, frames)
        elif kind is _Class.CORRUPT:
            self.corrupt += frames
            self._note(EventKind.CORRUPT, True, self.next_frame, -1, frames)
        elif self.locked:
            self.silent += frames
            self._note(EventKind.SILENCE, True, self.next_frame, -1, frames)
        else:
            self.leading_silence += frames
        self.received += frames

    def _take_numbers(self, wrapped: int, frames: int) -> None:
        """Take `frames` frames whose numbers follow one another, the first being `wrapped`."""
        if not self.locked:
            self.locked = True
            self.first_frame = self.next_frame = self.cursor = wrapped
        space = number_space(self.channels)
        delta = (wrapped - self.next_frame) % space
        if delta >= space // 2:
            delta -= space
        frame = self.next_frame + delta
        end = frame + frames
        while frame < end and frame < self.next_frame:
            frame += self._take_behind(frame, min(end, self.next_frame))
        if frame == end:
            return
        if frame > self.next_frame:
            gap = frame - self.next_frame
            self._note(EventKind.LOST, False, self.next_frame, frame, gap)
            self._add_missing(self.next_frame, frame)
            self.lost += gap
        taken = end - frame
        self.correct += taken
        self.received += taken
        self.next_frame = self.cursor = end

    def _take_behind(self, frame: int, end: int) -> int:
        """Take as many of ``[frame, end)``, all below *high*, as share one verdict."""
        for index, (low, high) in enumerate(self._missing):
            if low <= frame < high:
                taken = self._take_missing(index, frame, min(end, high))
                self.lost -= taken
                self.reordered += taken
                kind = EventKind.REORDER
                break
        else:
            stop = min((low for low, _ in self._missing if frame < low < end), default=end)
            if frame < self.first_frame:
                taken = min(stop, self.first_frame) - frame
                self.reordered += taken
                kind = EventKind.REORDER
            else:
                taken = stop - frame
                self.duplicated += taken
                kind = EventKind.DUPLICATE
        self._note(kind, frame == self.cursor, self.cursor, frame, taken)
        self.received += taken
        self.cursor = frame + taken
        return taken

    def _take_missing(self, index: int, frame: int, end: int) -> int:
        low, high = self._missing[index]
        if frame == low:
            if end == high:
                del self._missing[index]
            else:
                self._missing[index] = (end, high)
            return end - frame
        # A hole in the middle: what lies above it becomes a range of its own, taken from there.
        self._missing[index] = (low, frame)
        if frame + 1 < high:
            self._add_missing(frame + 1, high)
        return 1

    def _add_missing(self, low: int, high: int) -> None:
        if len(self._missing) == MISSING_MAX:
            del self._missing[0]
        self._missing.append((low, high))

    def _note(self, kind: EventKind, extend: bool, expected: int, found: int, frames: int) -> None:
        if extend and self.event_count > EVENTS_MAX:
            return  # part of an event that is counted but not kept
        if extend and self.events:
            last = self.events[-1]
            if last.kind is kind and last.position + last.frames == self.received:
                last.frames += frames
                return
        if self.event_count < EVENTS_MAX:
            self.events.append(Event(kind, self.received, expected, found, frames))
        self.event_count += 1


def classify(chunk: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What each frame is, on its own.

    Parameters
    ----------
    chunk
        Shape (frames, channels).

    Returns
    -------
    kind : ndarray of int64, shape (frames,)
        0 number, 1 swapped, 2 silence, 3 corrupt.
    number : ndarray of int64, shape (frames,)
        The frame number modulo the number space; -1 for silence and corrupt frames.
    """
    channels = chunk.shape[1]
    numbers, places = decode(chunk)
    number = numbers[:, 0].copy()
    agreed = (number >= 0) & np.all(numbers == number[:, np.newaxis], axis=1)
    in_place = agreed & np.all(places == np.arange(channels), axis=1)
    silent = ~in_place & ~np.any(chunk != 0, axis=1)
    bits = np.left_shift(np.uint64(1), (places & 63).astype(np.uint64))
    all_bits = np.uint64((1 << min(channels, 64)) - 1)
    permuted = agreed & (np.bitwise_or.reduce(bits, axis=1) == all_bits)
    kind = np.full(len(chunk), int(_Class.CORRUPT), dtype=np.int64)
    kind[permuted] = _Class.SWAPPED
    kind[silent] = _Class.SILENCE
    kind[in_place] = _Class.NUMBER
    number[(kind == _Class.SILENCE) | (kind == _Class.CORRUPT)] = -1
    return kind, number
