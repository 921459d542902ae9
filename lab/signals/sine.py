"""Sine: the tone of a glitch hunt by ear or by analyser.

The default is 997 Hz, not 1 kHz: at 48 kHz a repeated block of 480 frames holds exactly ten
periods of 1 kHz, so the repeat would be invisible.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GLITCH_TONE_HZ = 997.0


def sine(
    frames: int,
    *,
    sample_rate: float,
    hz: float = GLITCH_TONE_HZ,
    amplitude: float = 0.5,
    channels: int = 2,
    start_frame: int = 0,
) -> NDArray[np.float32]:
    """Make a sine, the same on every channel, with phase 0 at frame 0.

    Parameters
    ----------
    frames
        How many frames.
    sample_rate
        Hz.
    hz
        Frequency, below half the sample rate.
    amplitude
        Peak, 1.0 is full scale.
    channels
        How many channels.
    start_frame
        Number of the first frame: two calls that adjoin make one unbroken sine.

    Returns
    -------
    ndarray of float32, shape (frames, channels)

    Raises
    ------
    ValueError
        When the frequency is not between 0 and half the sample rate.
    """
    if not 0.0 < hz < sample_rate / 2.0:
        raise ValueError(f"hz must lie between 0 and {sample_rate / 2.0:g}, not {hz:g}")
    number = np.arange(start_frame, start_frame + frames, dtype=np.float64)
    # Turns, not radians: the fraction stays exact however far the stream has run.
    turns = np.mod(number * (hz / sample_rate), 1.0)
    wave = (amplitude * np.sin(2.0 * np.pi * turns)).astype(np.float32)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def residual(block: NDArray[np.float32], *, sample_rate: float, hz: float) -> NDArray[np.float64]:
    """Distance of each sample from what its two predecessors foretell.

    A sampled sine satisfies ``x[n] = 2 cos(w) x[n-1] - x[n-2]``; a dropped, repeated or changed
    sample breaks that, whatever the amplitude and phase.

    Parameters
    ----------
    block
        Shape (frames, channels) or (frames,), full scale 1.0.
    sample_rate, hz
        Hz.

    Returns
    -------
    ndarray of float64, shape (frames - 2, channels)
        Absolute residuals; element i belongs to frame i + 2. A clean Float32 sine stays below
        about 3e-7 times its amplitude.
    """
    x = np.asarray(block, dtype=np.float64).reshape(len(block), -1)
    k = 2.0 * np.cos(2.0 * np.pi * hz / sample_rate)
    distance: NDArray[np.float64] = np.abs(x[2:] - k * x[1:-1] + x[:-2])
    return distance


def glitch_frames(
    block: NDArray[np.float32], *, sample_rate: float, hz: float = GLITCH_TONE_HZ
) -> NDArray[np.int64]:
    """Frames at which a sine is broken.

    Parameters
    ----------
    block
        Shape (frames, channels), full scale 1.0.
    sample_rate, hz
        Hz.

    Returns
    -------
    ndarray of int64
        Frame indices, ascending, one per break: the first of each run of broken frames.
    """
    if len(block) < 3:
        return np.empty(0, dtype=np.int64)
    peak = float(np.max(np.abs(block)))
    limit = max(peak, 1e-6) * 4e-6
    broken = np.flatnonzero(np.any(residual(block, sample_rate=sample_rate, hz=hz) > limit, axis=1))
    if broken.size == 0:
        return broken
    first = np.concatenate(([True], np.diff(broken) > 2))
    return broken[first] + 2
