"""Logarithmic sweep: equal time per octave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sweep(
    frames: int,
    *,
    sample_rate: float,
    from_hz: float = 20.0,
    to_hz: float = 20_000.0,
    amplitude: float = 0.5,
    channels: int = 2,
) -> NDArray[np.float32]:
    """Make a logarithmic sweep over `frames` frames, the same on every channel.

    Parameters
    ----------
    frames
        Length of the sweep.
    sample_rate, from_hz, to_hz
        Hz; both ends lie between 0 and half the sample rate and differ.
    amplitude
        Peak, 1.0 is full scale.
    channels
        How many channels.

    Returns
    -------
    ndarray of float32, shape (frames, channels)

    Raises
    ------
    ValueError
        When an end lies outside 0 to half the sample rate, or both are the same.

    Notes
    -----
    Phase in turns at time t of a sweep of length T:
    ``from * T / ln(to/from) * (exp(t/T * ln(to/from)) - 1)`` (A. Farina, AES 108, 2000).
    """
    nyquist = sample_rate / 2.0
    if not (0.0 < from_hz <= nyquist and 0.0 < to_hz <= nyquist) or from_hz == to_hz:
        raise ValueError(f"a sweep needs two different ends between 0 and {nyquist:g} Hz")
    octaves = np.log(to_hz / from_hz)
    seconds = frames / sample_rate
    part = np.arange(frames, dtype=np.float64) / max(frames, 1)
    turns = from_hz * seconds / octaves * np.expm1(part * octaves)
    wave = (amplitude * np.sin(2.0 * np.pi * np.mod(turns, 1.0))).astype(np.float32)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)
