"""Test signals by name, for those who have no file at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lab.errors import UsageError
from lab.signals.file import write_wav
from lab.signals.lossy import glitch_pair
from lab.signals.noise import noise
from lab.signals.sine import sine
from lab.signals.sweep import sweep

RATE = 48_000
DEFAULT_S = 5.0
CHANNELS = 2


def _sweep(frames: int) -> NDArray[np.float32]:
    return sweep(frames, sample_rate=RATE, channels=CHANNELS)


def _noise(frames: int) -> NDArray[np.float32]:
    return noise(frames, seed=1, channels=CHANNELS)


def _sine(frames: int) -> NDArray[np.float32]:
    return sine(frames, sample_rate=RATE, channels=CHANNELS)


SIGNALS: dict[str, Callable[[int], NDArray[np.float32]]] = {
    "noise": _noise,
    "sweep": _sweep,
    "sine": _sine,
    "pair": glitch_pair,
}
"""Name to what makes so many frames of it, 48 kHz, stereo. ``noise``: no frame is like another, so
that every one is accounted for. ``sweep``: 20 Hz to 20 kHz. ``sine``: 997 Hz. ``pair``: 997 Hz
left, 1204 Hz right; it says the size of a jump behind a lossy codec as well."""


def write_signal(name: str, folder: Path, seconds: float | None = None) -> Path:
    """Write a test signal as a file.

    Parameters
    ----------
    name
        One of `SIGNALS`.
    folder
        Where to.
    seconds
        How long; None: 5.

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        When there is none of that name.
    """
    if name not in SIGNALS:
        raise UsageError("no such signal", where=name, do=f"choose one of {', '.join(SIGNALS)}")
    path = folder / f"{name}.wav"
    write_wav(path, SIGNALS[name](round((seconds or DEFAULT_S) * RATE)), RATE)
    return path
