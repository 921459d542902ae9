"""What a reader of shared memory heard during a run, kept for who wants to hear the failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.faults.events import BufferFrames, Event
from lab.faults.schedule import Setup
from lab.host.models import FarEndStats
from lab.signals.counter import counter
from lab.signals.counter_check import CounterCheck, EventKind
from lab.signals.counter_check import Event as Place
from lab.signals.file import read_raw

ROOM_FRAMES = 10_000_000
"""Most of one recording: 80 MB in stereo, which it takes from the beginning."""
_SPARE_FRAMES = 65_536
"""What a reader that attached at the oldest frame may find in a ring."""
_LEAD_FRAMES = 4_096
"""Before the stretch, from which the numbers are known."""
_KIND_OF = {
    "frames-lost": EventKind.LOST,
    "frames-missing": EventKind.LOST,
    "frames-torn": EventKind.LOST,
    "reader-lost": EventKind.LOST,
    "loss-not-counted": EventKind.LOST,
    "frames-duplicated": EventKind.DUPLICATE,
    "frames-reordered": EventKind.REORDER,
    "frames-silent": EventKind.SILENCE,
    "frames-corrupt": EventKind.CORRUPT,
    "channels-swapped": EventKind.CHANNELS,
}
"""Of failures that leave a place in the stream: what is found there."""


@dataclass(frozen=True)
class Damaged:
    """A place in what was heard at which one hears the failure.

    Attributes
    ----------
    kind
        As of `lab.results.Glitch`.
    position, frames
        Where in the recording, and how big.
    sent_frame
        Which frame of what was played was due there; None when nobody knows.
    """

    kind: str
    position: int
    frames: int
    sent_frame: int | None


@dataclass
class Recording:
    """Asks a rig to record what its reader hears; of several lives of the daemon the last.

    Attributes
    ----------
    path
        Of the file, raw interleaved Float32.
    room_frames
        As many fit.
    channels, sample_rate
        As the reader was told last; 0 before anything was heard.
    stretch
        Frames of the recording that were heard in the stretch that was judged last: begin, end.
    """

    path: Path
    room_frames: int
    channels: int = 0
    sample_rate: int = 0
    stretch: tuple[int, int] = (0, 0)

    def begin_life(self) -> None:
        """Another daemon records from the beginning."""
        self.channels = self.sample_rate = 0
        self.stretch = (0, 0)

    def judged(self, stats: FarEndStats) -> None:
        """A stretch has come to its end.

        Parameters
        ----------
        stats
            Of the reader.
        """
        self.channels, self.sample_rate = stats.channels, stats.sample_rate
        self.stretch = (self.stretch[1], stats.frames)

    def heard(self) -> NDArray[np.float32]:
        """All that was heard until the end of the stretch judged last.

        Returns
        -------
        ndarray of float32, shape (frames, channels)

        Raises
        ------
        OSError
            When the recording is not there.
        """
        return read_raw(self.path, max(self.channels, 1))[: self.stretch[1]]

    def damaged(self, failure_kind: str) -> Damaged | None:
        """Find where a failure is, see `damaged_place`."""
        found = damaged_place(self.heard(), self.stretch, failure_kind)
        if found is None:
            return None
        return Damaged(found.kind.word, found.position, found.frames, found.expected)

    def sent(self, first_frame: int, frames: int) -> NDArray[np.float32]:
        """What was played: each sample says which frame it is; shape (frames, channels)."""
        return counter(frames, channels=self.channels, start_frame=first_frame)


def room_for(setup: Setup, events: Sequence[Event]) -> int:
    """How many frames a run may give its reader, `ROOM_FRAMES` at most.

    Parameters
    ----------
    setup, events
        Of the run.

    Returns
    -------
    int
    """
    longest = max([setup.frames, *(e.frames for e in events if isinstance(e, BufferFrames))])
    return min(setup.cycles * longest + _SPARE_FRAMES, ROOM_FRAMES)


def damaged_place(
    heard: NDArray[np.float32], stretch: tuple[int, int], failure_kind: str
) -> Place | None:
    """Find where a failure is in what was heard.

    Parameters
    ----------
    heard
        Self-numbering PCM, shape (frames, channels).
    stretch
        Frames of it among which the failure was noticed: begin, end.
    failure_kind
        As in `lab.faults.damage.Failure`.

    Returns
    -------
    lab.signals.counter_check.Event or None
        The first place of that kind in the stretch; its position is a frame of `heard`. Where
        zeros came instead of what is lost it is theirs. None when there is none, or when such a
        failure has no place in the stream.
    """
    wanted = _KIND_OF.get(failure_kind)
    begin = max(stretch[0] - _LEAD_FRAMES, 0)
    if wanted is None or heard.shape[1] == 0:
        return None
    check = CounterCheck(heard.shape[1])
    check.take(heard[begin : stretch[1]])
    for place in check.events:
        place.position += begin
    for at, place in enumerate(check.events):
        if place.kind is wanted and place.position >= stretch[0]:
            return _in_their_place(place, check.events[:at])
    return None


def _in_their_place(lost: Place, before: Sequence[Place]) -> Place:
    """Frames are lost, too, where others came instead: that is where one hears it."""
    if lost.kind is EventKind.LOST and before:
        last = before[-1]
        if last.position + last.frames == lost.position and last.frames == lost.frames:
            return last
    return lost
