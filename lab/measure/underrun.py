"""A model of a player behind the transport: would it have run dry?

The player takes `period_frames` every ``period_frames / sample_rate`` seconds. It starts when the
first `buffer_frames` have arrived. When a period is due and frames are missing, it plays silence
in their place and the rest later: that is one *underrun*, of so many frames, and from then on its
latency is longer by that much. Frames that were lost on the way never arrive, so they shorten
the buffer by their number; a player that conceals them would not notice.

Why not the plain question "did a block come later than one period after the last"? Because a
buffer is there to bear exactly that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class UnderrunReport:
    """What a player with that buffer went through.

    Attributes
    ----------
    periods
        Periods that were due while the stream ran.
    underruns
        Periods that lacked frames.
    silent_frames
        Frames of silence that were played in their place.
    first_ns
        When the first underrun was due, on the clock of the arrivals; -1 when there was none.
    at_ns
        When each was due.
    frames
        How many frames each lacked.
    """

    periods: int
    underruns: int
    silent_frames: int
    first_ns: int
    at_ns: NDArray[np.int64]
    frames: NDArray[np.int64]


def simulate_player(
    arrival_ns: NDArray[np.int64],
    block_frames: NDArray[np.int64],
    *,
    sample_rate: float,
    period_frames: int,
    buffer_frames: int,
) -> UnderrunReport:
    """Play arriving blocks and count the underruns.

    Parameters
    ----------
    arrival_ns
        Shape (n,), when each block became readable; ascending.
    block_frames
        Shape (n,), its frames.
    sample_rate
        Hz of the player: its own clock, taken as exact.
    period_frames
        What the player takes at a time.
    buffer_frames
        What has to be there before it starts; at least one period.

    Returns
    -------
    UnderrunReport
        Periods that fall due after the last arrival are not counted: the stream is over then.

    Raises
    ------
    ValueError
        When the arrays differ in length, or the sizes make no sense.
    """
    if len(arrival_ns) != len(block_frames):
        raise ValueError("arrival_ns and block_frames differ in length")
    if period_frames < 1 or buffer_frames < period_frames or sample_rate <= 0:
        raise ValueError("a player needs a period of at least 1 frame and a buffer of one period")
    empty = np.empty(0, dtype=np.int64)
    arrived = np.cumsum(np.asarray(block_frames, dtype=np.int64))
    start = int(np.searchsorted(arrived, buffer_frames))
    if start >= len(arrived):
        return UnderrunReport(0, 0, 0, -1, empty, empty)
    start_ns = int(arrival_ns[start])
    period_ns = period_frames / sample_rate * 1e9
    periods = int((int(arrival_ns[-1]) - start_ns) // period_ns) + 1
    due_ns = start_ns + np.floor(np.arange(periods) * period_ns).astype(np.int64)
    slot = np.searchsorted(arrival_ns, due_ns, side="right") - 1
    # Frames that should have been there by then, less those that were. Each new record is an
    # underrun: what was short before has already been bridged with silence.
    short = (np.arange(1, periods + 1, dtype=np.int64) * period_frames) - arrived[slot]
    bridged = np.maximum.accumulate(np.maximum(short, 0))
    lacking = np.diff(bridged, prepend=0)
    at = np.flatnonzero(lacking)
    return UnderrunReport(
        periods=periods,
        underruns=int(at.size),
        silent_frames=int(bridged[-1]),
        first_ns=int(due_ns[at[0]]) if at.size else -1,
        at_ns=due_ns[at],
        frames=lacking[at],
    )


def smallest_clean_buffer(
    arrival_ns: NDArray[np.int64],
    block_frames: NDArray[np.int64],
    *,
    sample_rate: float,
    period_frames: int,
    most_frames: int = 1 << 20,
) -> int:
    """The smallest buffer, in whole periods, with which there is no underrun.

    Parameters
    ----------
    arrival_ns, block_frames, sample_rate, period_frames
        As for `simulate_player`.
    most_frames
        Where to give up.

    Returns
    -------
    int
        Frames; -1 when no buffer up to `most_frames` does.
    """
    # A buffer longer than the whole stream never starts to play.
    low, high = 1, min(most_frames, int(np.sum(block_frames))) // period_frames

    def clean(periods: int) -> bool:
        report = simulate_player(
            arrival_ns,
            block_frames,
            sample_rate=sample_rate,
            period_frames=period_frames,
            buffer_frames=periods * period_frames,
        )
        return report.underruns == 0 and report.periods > 0

    if high < low or not clean(high):
        return -1
    while low < high:
        middle = (low + high) // 2
        if clean(middle):
            high = middle
        else:
            low = middle + 1
    return low * period_frames
