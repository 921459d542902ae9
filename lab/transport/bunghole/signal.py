"""What a microphone hears: a function of the frame number, made from several kinds of things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.transport.opus import CHANNELS, SAMPLE_RATE

Signal = Callable[[int, int], NDArray[np.float32]]
"""Given the first frame's number and how many: shape (frames, 2), full scale 1.0."""


def signal_of(source: NDArray[np.float32] | Path | Signal, *, loop: bool = False) -> Signal:
    """Make a signal.

    Parameters
    ----------
    source
        An array of shape (n, 2), (n, 1) or (n,) at 48 kHz; a file, which is brought to 48 kHz; or
        a signal already.
    loop
        Begin again at the end; else silence follows.

    Returns
    -------
    Signal

    Raises
    ------
    SignalError
        When there are no frames in it, it has more than two channels, or the file cannot be read.
    """
    if callable(source):
        return source
    if isinstance(source, Path):
        from lab.signals.file import read_audio

        where = str(source)
        source = read_audio(source, sample_rate=SAMPLE_RATE, resample=True).frames
    else:
        where = "the array"
    frames = np.asarray(source, dtype=np.float32)
    if frames.ndim == 1:
        frames = frames[:, np.newaxis]
    if frames.ndim != 2 or frames.shape[1] not in (1, CHANNELS) or not len(frames):
        raise SignalError(
            f"a signal of shape {frames.shape} cannot be sent",
            where=where,
            do="give one or two channels",
        )
    stereo = np.ascontiguousarray(np.broadcast_to(frames, (len(frames), CHANNELS)))

    def play(first: int, count: int) -> NDArray[np.float32]:
        at = np.arange(first, first + count)
        if loop:
            return stereo[at % len(stereo)]
        out = np.zeros((count, CHANNELS), dtype=np.float32)
        there = at < len(stereo)
        out[there] = stereo[at[there]]
        return out

    return play
