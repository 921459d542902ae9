"""Seeded white noise: each sample depends on (seed, frame, channel) only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def splitmix64(value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Mix 64-bit words so that neighbours share nothing (S. Vigna's splitmix64).

    Parameters
    ----------
    value
        Any shape.

    Returns
    -------
    ndarray of uint64, same shape
    """
    z = value + _GOLDEN
    z = (z ^ (z >> np.uint64(30))) * _MIX_1
    z = (z ^ (z >> np.uint64(27))) * _MIX_2
    return z ^ (z >> np.uint64(31))


def noise(
    frames: int,
    *,
    seed: int,
    amplitude: float = 0.5,
    channels: int = 2,
    start_frame: int = 0,
) -> NDArray[np.float32]:
    """Make white noise in ``[-amplitude, amplitude)``.

    Any stretch can be made on its own: ``noise(n, start_frame=s)`` is frames s to s+n of the
    whole. It is not the noise of the host's own source, only as reproducible.

    Parameters
    ----------
    frames
        How many frames.
    seed
        Same seed, same samples.
    amplitude
        Peak, 1.0 is full scale.
    channels
        How many channels.
    start_frame
        Number of the first frame.

    Returns
    -------
    ndarray of float32, shape (frames, channels)
    """
    with np.errstate(over="ignore"):
        index = np.arange(frames * channels, dtype=np.uint64) + np.uint64(
            (start_frame * channels) & 0xFFFFFFFFFFFFFFFF
        )
        key = splitmix64(np.array([seed & 0xFFFFFFFFFFFFFFFF], dtype=np.uint64))
        word = splitmix64(index ^ key)
    # 24 bits: every value is exact in Float32.
    unit = (word >> np.uint64(40)).astype(np.float64) / float(1 << 23) - 1.0
    return (unit * amplitude).astype(np.float32).reshape(frames, channels)
