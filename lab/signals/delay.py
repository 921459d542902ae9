"""How much later a known burst comes: correlation, with a fraction of a frame, or a refusal.

The burst is a maximum length sequence or a sweep. The recording is correlated with it, its spectrum
made flat before, so that the correlation is one narrow peak. How far that peak stands above the
next best place says whether to believe it; a detector that always answers is worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.signals.lossy import Limits, calibrated_limits

_FFT_FRAMES = 1 << 17
_GUARD_FRAMES = 96
_SINC_FRAMES = 32
_STEPS = 16
_SILENCE = 1e-4
# Taps of registers whose sequence is as long as it can be, by their length.
_TAPS = {8: (8, 6, 5, 4), 9: (9, 5), 10: (10, 7), 11: (11, 9), 12: (12, 11, 10, 4)}
_TAPS |= {13: (13, 12, 11, 8), 14: (14, 13, 12, 2), 15: (15, 14), 16: (16, 15, 13, 4)}


@dataclass(frozen=True)
class Delay:
    """Where the burst begins.

    Attributes
    ----------
    frames
        From the first recorded frame, with a fraction.
    ratio
        Peak over the highest side lobe.
    inverted
        It came with the opposite sign.
    """

    frames: float
    ratio: float
    inverted: bool = False


@dataclass(frozen=True)
class NoDelay:
    """Why there is no answer.

    Attributes
    ----------
    reason
        One clause.
    ratio
        Peak over the highest side lobe, 0 where there was nothing to compare.
    """

    reason: str
    ratio: float = 0.0


def maximum_length_sequence(bits: int) -> NDArray[np.float64]:
    """Make ``2**bits - 1`` signs in which every pattern of `bits` but one occurs once.

    Parameters
    ----------
    bits
        Length of the register, 8 to 16.

    Returns
    -------
    ndarray of float64, shape (2**bits - 1,)
        1 and -1.
    """
    state, out = 1, np.empty((1 << bits) - 1)
    for number in range(len(out)):
        out[number] = 1.0 if state & 1 else -1.0
        new = 0
        for tap in _TAPS[bits]:
            new ^= state >> (bits - tap)
        state = (state >> 1) | ((new & 1) << (bits - 1))
    return out


def sequence_burst(
    frames: int, *, amplitude: float = 0.5, channels: int = 2
) -> NDArray[np.float32]:
    """Make a burst from a maximum length sequence, smoothed so that a codec can keep it.

    Parameters
    ----------
    frames
        Length, 64 to 65,535.
    amplitude
        Peak, 1.0 is full scale.
    channels
        How many channels, all the same.

    Returns
    -------
    ndarray of float32, shape (frames, channels)

    Raises
    ------
    ValueError
        When there is no sequence of that length.
    """
    if not 64 <= frames <= 65_535:
        raise ValueError(f"a burst has 64 to 65535 frames, not {frames}")
    signs = maximum_length_sequence(max(8, int(frames).bit_length()))[:frames]
    # Half the energy above 12 kHz is more than a codec spends bits on.
    smooth = np.convolve(signs, (0.25, 0.5, 0.25), mode="same")
    smooth *= amplitude / np.max(np.abs(smooth))
    return np.repeat(smooth.astype(np.float32)[:, np.newaxis], channels, axis=1)


def find_delay(
    recorded: NDArray[np.float32],
    burst: NDArray[np.float32],
    *,
    limits: Limits | None = None,
) -> Delay | NoDelay:
    """Find a burst in a recording.

    Parameters
    ----------
    recorded
        Shape (frames, channels), at least as long as the burst.
    burst
        Shape (frames', channels), as it was played.
    limits
        From which ratio on to believe it; the calibrated ones by default.

    Returns
    -------
    Delay or NoDelay

    Raises
    ------
    SignalError
        When the shapes do not fit, or samples are not numbers.
    """
    limits = limits or calibrated_limits()
    if recorded.ndim != 2 or burst.ndim != 2 or recorded.shape[1] != burst.shape[1]:
        raise SignalError(f"shapes {recorded.shape} and {burst.shape} do not fit")
    if len(burst) == 0 or not np.any(burst):
        raise SignalError("the burst is empty or silent", do="play one")
    if len(recorded) < len(burst):
        return NoDelay(f"{len(recorded)} frames are shorter than the burst of {len(burst)}")
    if not np.isfinite(np.sum(recorded, dtype=np.float64)):
        raise SignalError("a sample is not a number")
    if float(np.max(np.abs(recorded))) < _SILENCE:
        return NoDelay("the recording is silent")
    peak = _peak(recorded, burst)
    if peak.side <= 0.0:
        return NoDelay("there is nothing beside the peak to compare it with")
    ratio = abs(peak.height) / peak.side
    if ratio < limits.delay_ratio:
        return NoDelay(
            f"the best place is only {ratio:.2f} times as good as the next, "
            f"{limits.delay_ratio:.2f} are needed",
            ratio,
        )
    return Delay(peak.at + _fraction(peak.around), ratio, inverted=peak.height < 0.0)


@dataclass(frozen=True)
class _Peak:
    at: int
    height: float
    side: float
    around: NDArray[np.float64]


def _peak(recorded: NDArray[np.float32], burst: NDArray[np.float32]) -> _Peak:
    """Correlate block by block; keep the best place and the best one elsewhere."""
    fft = _FFT_FRAMES
    while fft < 4 * len(burst):
        fft *= 2
    while fft // 2 >= len(recorded) + 3 * len(burst):
        fft //= 2
    margin = len(burst) // 2 + 64
    spectrum = np.fft.rfft(burst.astype(np.float64), fft, axis=0)
    size = np.abs(spectrum)
    # Flat where the burst has something, and no noise let in where it has not.
    flat = np.conj(spectrum) / np.maximum(size, 0.1 * np.sqrt(np.mean(size**2)))
    step = fft - len(burst) - 2 * margin
    bins: list[NDArray[np.float64]] = []
    best = (-1.0, 0, 0.0, np.empty(0))
    for begin in range(0, len(recorded) - len(burst) + 1, step):
        low, high = begin - margin, min(begin - margin + fft, len(recorded))
        part = recorded[max(low, 0) : high].astype(np.float64)
        part = np.pad(part, ((max(-low, 0), 0), (0, 0)))
        heard = np.fft.rfft(part, fft, axis=0)
        line = np.fft.irfft(np.sum(heard * flat, axis=1), fft)
        count = min(step, len(recorded) - len(burst) + 1 - begin)
        here = np.abs(line[margin : margin + count])
        at = int(np.argmax(here))
        if here[at] > best[0]:
            around = line[margin + at - _SINC_FRAMES : margin + at + _SINC_FRAMES + 1].copy()
            best = (float(here[at]), begin + at, float(line[margin + at]), around)
        bins.append(here)
    strength = np.concatenate(bins)
    _, at, height, around = best
    strength[max(0, at - _GUARD_FRAMES) : at + _GUARD_FRAMES + 1] = 0.0
    return _Peak(at, height, float(np.max(strength)), around)


def _fraction(around: NDArray[np.float64]) -> float:
    """Where the peak lies between frames, -1 to 1, from the band-limited curve through them."""
    tap = np.arange(-_SINC_FRAMES, _SINC_FRAMES + 1)
    steps = np.arange(-_STEPS, _STEPS + 1) / _STEPS
    apart = steps[:, np.newaxis] - tap
    window = 0.5 + 0.5 * np.cos(np.pi * np.clip(apart / (_SINC_FRAMES + 1), -1.0, 1.0))
    curve = np.abs((np.sinc(apart) * window) @ around)
    top = int(np.argmax(curve))
    if not 0 < top < len(curve) - 1:
        return float(steps[top])
    left, middle, right = curve[top - 1 : top + 2]
    bend = left - 2.0 * middle + right
    return float(steps[top] + (0.5 * (left - right) / bend if bend else 0.0) / _STEPS)
