"""Where the time line of a tone jumps: frames cut out, repeated, or shifted, behind any codec.

Each channel is demodulated with its own tone in windows of 10 ms, 5 ms apart (one matrix product
per chunk). The phase before a place is compared with the phase behind it, 40 ms each: a codec
turns it by half a degree, a cut of one frame by 7.5. Where the difference exceeds the limit, the
size of the jump follows from both tones' phases over up to 100 ms each side, and the place from the
frame at which the recording stops to resemble the tone before and begins to resemble the one
behind.

A rate that is slightly off is no jump: the median turn is taken out, and given as `drift_ppm`.
Stretches without tone are stepped over: what counts is whether the tone comes back in step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.signals.lossy import (
    GLITCH_PAIR_HZ,
    Found,
    Kind,
    Limits,
    calibrated_limits,
    checked,
    chunks,
    runs_of,
    tones_of,
)

WINDOW_HOPS = 8
SIZING_HOPS = 20
_GUARD_HOPS = 8
"""Left out on both sides of a jump: for so long a codec that lost a packet is not itself."""
_NEXT_HOPS = 3
_SILENT = 0.25
"""Share of the usual level below which a window says nothing about phase."""
_SILENCE = 1e-4
_ODDS = 16.0
"""Squared error at which a size that is no whole number counts as one that is not meant to be."""
_WHOLE = 0.25
"""How near a whole number of frames a jump must be to be a drop or a repeat."""


@dataclass(frozen=True)
class TimeLine:
    """What became of the time line.

    Attributes
    ----------
    found
        Jumps, in the order of the recording.
    drift_ppm
        How much faster than nominal the tone plays.
    """

    found: tuple[Found, ...]
    drift_ppm: float


@dataclass(frozen=True)
class _Phases:
    """Demodulated windows that have a tone in them.

    Attributes
    ----------
    z
        Shape (windows, channels), complex: what is left of the tone at its nominal frequency.
    at
        Shape (windows,), number of each among all windows.
    """

    z: NDArray[np.complex128]
    at: NDArray[np.int64]


def track_time_line(
    block: NDArray[np.float32],
    *,
    sample_rate: float = 48_000.0,
    tones_hz: tuple[float, ...] = GLITCH_PAIR_HZ,
    limits: Limits | None = None,
) -> TimeLine:
    """Find the jumps of the time line.

    Parameters
    ----------
    block
        Shape (frames, channels), a recording of `lab.signals.lossy.glitch_pair`.
    sample_rate, tones_hz
        Hz, as it was made.
    limits
        What to report; the calibrated ones by default.

    Returns
    -------
    TimeLine
        With two tones sizes are exact up to `lab.signals.lossy.PAIR_RANGE_FRAMES`; with one, up to
        half of its period, and cuts of whole periods are not seen. Jumps within 130 ms of
        each other are reported as one.

    Raises
    ------
    SignalError
        When the recording is too short, has no tone, or samples that are not numbers.
    """
    limits = limits or calibrated_limits()
    hop = _hop(sample_rate)
    block = checked(block, sample_rate=sample_rate, tones_hz=tones_hz, least=24 * hop)
    tones = tones_of(block.shape[1], tones_hz)
    phases = _phases(block, sample_rate, tones)
    before, behind = _neighbours(phases.z)
    turn = np.angle(behind * np.conj(before))
    limit = math.radians(limits.phase_degrees)
    usual = np.median(turn, axis=0)
    # Again without the jumps, which pull even a median when there are many.
    calm = np.all(np.abs(_wrapped(turn - usual)) < limit, axis=1)
    usual = usual + np.mean(_wrapped(turn[calm] - usual), axis=0) if calm.any() else usual
    turn = _wrapped(turn - usual)
    slope = usual / (WINDOW_HOPS + 2)
    strength = np.max(np.abs(turn), axis=1) / limit
    # Not the angle, which is as large from the first to the last window that overlaps a half
    # turn: the distance is largest in the middle.
    distance = np.sum(np.abs(behind * np.exp(-1j * usual) - before), axis=1)
    runs = list(runs_of(strength >= 1.0, join=WINDOW_HOPS))
    centres = [begin + int(np.argmax(distance[begin:end])) + WINDOW_HOPS + 1 for begin, end in runs]
    found: list[Found] = []
    for number, (centre, (begin, end)) in enumerate(zip(centres, runs, strict=True)):
        low = centres[number - 1] + _NEXT_HOPS if number else 0
        high = centres[number + 1] - _NEXT_HOPS if number + 1 < len(centres) else len(phases.z)
        # Both windows see a jump for so long; what is seen for longer is no mere jump.
        guard = _GUARD_HOPS + max(0, end - begin - 2 * WINDOW_HOPS - 1) // 2
        jump = _Jump.measured(phases, slope, centre, (low, high), guard)
        degrees = math.degrees(float(np.max(np.abs(jump.angle))))
        if degrees < limits.phase_degrees:
            continue  # It went and came back: a wobble, not a jump.
        ahead, modulo = _size(jump.angle, tones, sample_rate, limit / 6.0)
        at = _place(block, jump, tones, sample_rate, hop * int(phases.at[centre]))
        found.append(_record(ahead, modulo, at, degrees / limits.phase_degrees))
    drift = float(np.mean(slope / (2.0 * np.pi * hop * tones / sample_rate))) * 1e6
    return TimeLine(tuple(found), drift)


def unrest(
    block: NDArray[np.float32],
    *,
    sample_rate: float = 48_000.0,
    tones_hz: tuple[float, ...] = GLITCH_PAIR_HZ,
) -> float:
    """The largest turn of a tone between two windows, degrees: what a limit has to exceed."""
    tones = tones_of(block.shape[1], tones_hz)
    before, behind = _neighbours(_phases(block, sample_rate, tones).z)
    turn = np.angle(behind * np.conj(before))
    return math.degrees(float(np.max(np.abs(_wrapped(turn - np.median(turn, axis=0))))))


def _hop(sample_rate: float) -> int:
    return round(sample_rate / 200.0)


def _wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((angle + np.pi) % (2.0 * np.pi) - np.pi, dtype=np.float64)


def _phases(block: NDArray[np.float32], sample_rate: float, tones: NDArray[np.float64]) -> _Phases:
    hop, channels = _hop(sample_rate), block.shape[1]
    # A Hann window of two hops, in halves: each half of it is multiplied once.
    frame = np.arange(2 * hop)
    hann = (0.5 - 0.5 * np.cos(np.pi * frame / hop)) / hop
    basis = np.zeros((hop, channels, channels, 2, 2), dtype=np.float32)
    for c, hz in enumerate(tones):
        wave = 2.0 * hann * np.exp(-2j * np.pi * hz / sample_rate * frame)
        for half in range(2):
            part = wave[half * hop : (half + 1) * hop]
            basis[:, c, c, half, 0], basis[:, c, c, half, 1] = part.real, part.imag
    flat = basis.reshape(hop * channels, channels * 4)
    pieces = []
    for _, chunk in chunks(block):
        hops = len(chunk) // hop
        pieces.append(chunk[: hops * hop].reshape(hops, hop * channels) @ flat)
    halves = np.concatenate(pieces).reshape(-1, channels, 2, 2).astype(np.float64)
    both = halves[:-1, :, 0] + halves[1:, :, 1]
    z = both[..., 0] + 1j * both[..., 1]
    # Turns, not radians: the fraction stays exact however long the recording is.
    turns = np.mod(np.arange(len(z))[:, np.newaxis] * (hop * tones / sample_rate), 1.0)
    z = z * np.exp(-2j * np.pi * turns)
    level = np.abs(z)
    loud = np.all(level > _SILENT * _usual_level(level, tones), axis=1)
    at = np.flatnonzero(loud)
    if len(at) < 2 * WINDOW_HOPS + 4:
        raise SignalError("the tones are there for too short a time", do="record for longer")
    return _Phases(z[at], at)


def _usual_level(level: NDArray[np.float64], tones: NDArray[np.float64]) -> NDArray[np.float64]:
    loudest = np.max(level, axis=0)
    for channel in np.flatnonzero(loudest < _SILENCE).tolist():
        raise SignalError(
            f"no tone of {tones[channel]:g} Hz",
            where=f"channel {channel}",
            do="play the glitch pair, and check the channels' order",
        )
    usual = [np.median(one[one > 0.1 * most]) for one, most in zip(level.T, loudest, strict=True)]
    return np.array(usual, dtype=np.float64)


def _neighbours(
    z: NDArray[np.complex128],
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Means of the windows before and behind each place; a window is two hops long.

    Element i is about the hop that window ``i + WINDOW_HOPS + 1`` begins with.
    """
    total = np.zeros((len(z) + 1, z.shape[1]), dtype=np.complex128)
    np.cumsum(z, axis=0, out=total[1:])
    mean: NDArray[np.complex128] = (total[WINDOW_HOPS:] - total[:-WINDOW_HOPS]) / WINDOW_HOPS
    return mean[: -WINDOW_HOPS - 2], mean[WINDOW_HOPS + 2 :]


@dataclass(frozen=True)
class _Jump:
    """The tone on both sides of a jump, and by how much it turned, shapes (channels,)."""

    before: NDArray[np.complex128]
    behind: NDArray[np.complex128]
    angle: NDArray[np.float64]

    @classmethod
    def measured(
        cls,
        phases: _Phases,
        slope: NDArray[np.float64],
        centre: int,
        room: tuple[int, int],
        guard: int,
    ) -> _Jump:
        """Take as much of both sides as is undisturbed; where there is little room, guard less."""
        first, last = min(room[0], centre - 2), max(room[1], centre + 3)
        ends = centre - min(guard, (centre - first) // 2)
        begins = centre + 1 + min(guard, (last - centre - 1) // 2)
        left = slice(max(first, ends - SIZING_HOPS), ends)
        right = slice(begins, min(last, begins + SIZING_HOPS))
        # Turned to where the jump is, so that a slow drift does not count as one.
        at = phases.at - phases.at[centre]
        before, behind = (
            np.mean(phases.z[side] * np.exp(-1j * np.outer(at[side], slope)), axis=0)
            for side in (left, right)
        )
        return cls(before, behind, np.angle(behind * np.conj(before)))


def _size(
    angle: NDArray[np.float64], tones: NDArray[np.float64], sample_rate: float, spread: float
) -> tuple[float, float]:
    """By how many frames the source went ahead, and the modulus of that number.

    `spread` is the usual error of an angle, radians. A size must fit both tones; of two that do, a
    whole number is the likelier one: nothing but a resampler cuts between frames.
    """
    each = np.unique(tones)
    turns = np.array(
        [np.angle(np.sum(np.exp(1j * angle[tones == hz]))) / (2.0 * np.pi) for hz in each]
    )
    rate = each / sample_rate
    period = 1.0 / rate[0]
    if len(each) == 1:
        return float(turns[0] * period), float(period)
    modulo = _modulo(each, sample_rate)
    reach = math.ceil(modulo / 2.0 / period)
    ahead = (turns[0] + np.arange(-reach, reach + 1)) * period
    miss = turns[np.newaxis, 1:] - np.outer(ahead, rate[1:])
    miss -= np.round(miss)
    # Least squares over all tones: the first is met exactly so far, the others are not.
    ahead += miss @ rate[1:] / np.sum(rate**2)
    turn_spread = spread / (2.0 * np.pi)
    if np.max(np.abs(turns)) < _least_turn(tuple(rate), modulo) - 3.0 * turn_spread:
        # Less than any cut of whole frames: the next candidates would all be far-fetched.
        ahead, miss = ahead[reach : reach + 1], miss[reach : reach + 1]
    off_whole = (ahead - np.round(ahead)) * rate[0] / turn_spread
    cost = np.sum((miss / turn_spread) ** 2, axis=1) + np.minimum(off_whole**2, _ODDS)
    return float(ahead[int(np.argmin(cost))]), modulo


@cache
def _least_turn(rate: tuple[float, ...], modulo: float) -> float:
    """Turn of the tone that turns most, for the cut of whole frames with the least of it."""
    cut = np.arange(1, max(2, int(modulo / 2.0)))
    turns = np.outer(cut, rate)
    return float(np.min(np.max(np.abs(turns - np.round(turns)), axis=1)))


def _modulo(each: NDArray[np.float64], sample_rate: float) -> float:
    """After how many frames the second tone is, nearly, where the first one is again."""
    period = sample_rate / each[0]
    times = np.arange(1, 1_000)
    miss = times * (each[1] / each[0])
    miss = np.abs(miss - np.round(miss))
    # Nearer than half a thousandth of a turn cannot be told apart from a hit.
    near = np.flatnonzero(miss < max(float(miss[:204].min()), 5e-4))
    return float(times[int(near[0])] * period) if near.size else float(times[-1] * period)


def _place(
    block: NDArray[np.float32],
    jump: _Jump,
    tones: NDArray[np.float64],
    sample_rate: float,
    about: int,
) -> int:
    """The frame from which on the recording resembles what comes behind."""
    reach = 5 * _hop(sample_rate)
    low, high = max(0, about - reach), min(len(block), about + reach)
    frame = np.arange(low, high, dtype=np.float64)
    turns = np.mod(np.outer(frame, tones / sample_rate), 1.0)
    wave = np.exp(2j * np.pi * turns)
    x = block[low:high].astype(np.float64)
    worse_before = np.sum((x - (wave * jump.before).real) ** 2, axis=1)
    worse_behind = np.sum((x - (wave * jump.behind).real) ** 2, axis=1)
    gain = np.concatenate(([0.0], np.cumsum(worse_before - worse_behind)))
    return low + int(np.argmin(gain))


def _record(ahead: float, modulo: float, at: int, confidence: float) -> Found:
    whole = round(ahead)
    if whole != 0 and abs(ahead - whole) <= _WHOLE:
        kind = Kind.DROP if whole > 0 else Kind.REPEAT
        return Found(kind, at, float(abs(whole)), confidence, modulo_frames=modulo)
    return Found(Kind.OFFSET, at, -ahead, confidence, modulo_frames=modulo)
