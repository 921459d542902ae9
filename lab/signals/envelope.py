"""Level of a tone, moment by moment: gaps, dips and clicks, behind any codec.

Two samples a quarter of a period apart give a tone's amplitude at once, without waiting for its
peak: ``a^2 = (x^2 + y^2 - 2 x y cos(d w)) / sin(d w)^2``. And a tone's next sample follows from the
last two, so what remains of ``x[n] - 2 cos(w) x[n-1] + x[n-2]`` is everything but the tone. Both
are averaged over hops of half a millisecond; all the rest looks at hops only.

Levels are relative to that of the recording, and a limit for each length: a loss too small to
stand out in half a millisecond may do so in forty.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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

HOP_FRAMES = 24
DIP_HOPS = (1, 4, 20, 80)
"""Lengths over which a loss of level is looked for, in hops: 0.5, 2, 10 and 40 ms at 48 kHz."""
GAP_LEVEL = 0.1
"""A dip to less than this share (-20 dB) is a gap."""
_JOIN_HOPS = 40
_EDGE_HOPS = 80
_SILENCE = 1e-4
NOISE_LEVEL = 0.25
"""Peak level below which noise is no longer compared with the recording's own level: what 16 bits
round off does not shrink with it."""


@dataclass(frozen=True)
class Envelope:
    """What a recording's level did.

    Attributes
    ----------
    level
        Shape (hops, channels), share of the recording's own level.
    noise
        Shape (hops, channels), what is not the tone, as a share of the same, or of `NOISE_LEVEL`
        in a recording that is quieter.
    reference
        Shape (channels,), the recording's level, peak.
    first_hop, end_hop
        Between them the tone is there: silence before and after is not a gap.
    """

    level: NDArray[np.float64]
    noise: NDArray[np.float64]
    reference: NDArray[np.float64]
    first_hop: int
    end_hop: int

    @property
    def quiet_noise(self) -> NDArray[np.float64]:
        """Noise within the tone's time, loudest channel, 0 near its ends; shape (hops,)."""
        loudest = np.max(self.noise, axis=1)
        loudest[: self.first_hop + _EDGE_HOPS] = 0.0
        loudest[max(0, self.end_hop - _EDGE_HOPS) :] = 0.0
        return np.asarray(loudest, dtype=np.float64)

    def loss(self, hops: int) -> NDArray[np.float64]:
        """Loss of level over so many hops, channel that loses most; begins at `first_hop`."""
        share = self.level[self.first_hop + 1 : self.end_hop - 1]
        if len(share) < hops:
            return np.empty(0)
        total = np.concatenate((np.zeros((1, share.shape[1])), np.cumsum(share, axis=0)))
        return np.asarray(1.0 - np.min((total[hops:] - total[:-hops]) / hops, axis=1))


def measure_envelope(
    block: NDArray[np.float32],
    *,
    sample_rate: float = 48_000.0,
    tones_hz: tuple[float, ...] = GLITCH_PAIR_HZ,
) -> Envelope:
    """Follow level and noise of a recording of tones.

    Parameters
    ----------
    block
        Shape (frames, channels).
    sample_rate, tones_hz
        Hz, as it was made.

    Returns
    -------
    Envelope

    Raises
    ------
    SignalError
        When the recording is too short, silent, or has samples that are not numbers.
    """
    block = checked(block, sample_rate=sample_rate, tones_hz=tones_hz, least=200 * HOP_FRAMES)
    tones = tones_of(block.shape[1], tones_hz)
    levels, noises = [], []
    last: NDArray[np.float32] | None = None
    lag = int(np.max(np.round(sample_rate / tones / 4.0)))
    for _, chunk in chunks(block):
        hops = len(chunk) // HOP_FRAMES
        if hops == 0:
            break
        head = chunk[:1].repeat(lag, axis=0) if last is None else last
        x = np.concatenate((head, chunk[: hops * HOP_FRAMES]))
        level = np.empty((hops, len(tones)))
        noise = np.empty_like(level)
        for c, hz in enumerate(tones):
            one = np.ascontiguousarray(x[:, c])
            level[:, c], noise[:, c] = _of_channel(one, lag, 2.0 * math.pi * hz / sample_rate)
        levels.append(level)
        noises.append(noise)
        last = x[-lag:]
    return _relative(np.concatenate(levels), np.concatenate(noises), tones)


def _of_channel(
    x: NDArray[np.float32], lag: int, omega: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Amplitude, and RMS of what is not the tone, of each hop; `x` begins `lag` frames early."""
    quarter = round(math.pi / 2.0 / omega)
    now, then = x[lag:], x[lag - quarter : len(x) - quarter]
    cosine = np.float32(2.0 * math.cos(quarter * omega))
    square = now * now
    square += then * then
    square -= cosine * (now * then)
    # Everything in place: a temporary less is time less.
    left = now + x[lag - 2 : len(x) - 2]
    left -= np.float32(2.0 * math.cos(omega)) * x[lag - 1 : len(x) - 1]
    ones = np.full(HOP_FRAMES, 1.0 / HOP_FRAMES, dtype=np.float32)
    power = square.reshape(-1, HOP_FRAMES) @ ones
    left *= left
    rest = left.reshape(-1, HOP_FRAMES) @ ones
    amplitude = np.sqrt(np.maximum(power, 0.0).astype(np.float64)) / abs(math.sin(quarter * omega))
    return amplitude, np.sqrt(rest.astype(np.float64))


def _relative(
    level: NDArray[np.float64], noise: NDArray[np.float64], tones: NDArray[np.float64]
) -> Envelope:
    loudest = np.percentile(level, 95.0, axis=0)
    for channel in np.flatnonzero(loudest < _SILENCE).tolist():
        raise SignalError(
            f"no tone of {tones[channel]:g} Hz",
            where=f"channel {channel}",
            do="play the glitch pair, and check the channels' order",
        )
    reference = np.array(
        [np.median(one[one > 0.5 * most]) for one, most in zip(level.T, loudest, strict=True)]
    )
    share = level / reference
    there = np.flatnonzero(np.all(share > 0.5, axis=1))
    noise = noise / np.maximum(reference, NOISE_LEVEL)
    return Envelope(share, noise, reference, int(there[0]), int(there[-1]) + 1)


def find_dips(envelope: Envelope, limits: Limits | None = None) -> list[Found]:
    """Gaps and dips of level.

    Parameters
    ----------
    envelope
        From `measure_envelope`.
    limits
        What to report; the calibrated ones by default.

    Returns
    -------
    list of Found
        In the order of the recording. Those within 20 ms of each other are one.
    """
    limits = limits or calibrated_limits()
    begin = envelope.first_hop + 1
    confidence = np.zeros(len(envelope.level))
    scale = np.zeros(len(envelope.level), dtype=np.int64)
    for hops, limit in reversed(list(zip(DIP_HOPS, limits.dip, strict=True))):
        over = envelope.loss(hops) / limit
        # The middle of a window stands for it.
        middle = slice(begin + hops // 2, begin + hops // 2 + len(over))
        np.maximum(confidence[middle], over, out=confidence[middle])
        scale[middle][over >= 1.0] = hops
    lowest = np.min(envelope.level, axis=1)
    found = []
    for first, end in runs_of(confidence >= 1.0, join=_JOIN_HOPS):
        # Seen in the shortest window that shows it; a longer one would blur its ends.
        width = int(np.min(scale[first:end][scale[first:end] > 0]))
        low = max(begin, first - width - 4)
        high = min(envelope.end_hop - 1, end + width + 4)
        at, hops_long, bottom = _extent(lowest[low:high], width)
        found.append(
            Found(
                Kind.GAP if float(np.min(lowest[first:end])) < GAP_LEVEL else Kind.DIP,
                (low + at) * HOP_FRAMES,
                hops_long * HOP_FRAMES,
                float(np.max(confidence[first:end])),
                level_db=_db(bottom),
            )
        )
    return found


def _extent(level: NDArray[np.float64], width: int) -> tuple[int, float, float]:
    """First hop of a dip, its length in hops, and its bottom.

    Half way down: a blurred edge crosses that where the sharp one was.
    """
    smooth = level
    if width > 1:
        wide = width | 1
        kernel = np.full(wide, 1.0 / wide)
        smooth = np.convolve(np.pad(level, wide // 2, mode="edge"), kernel, mode="valid")
    bottom = float(np.min(smooth))
    inside = np.flatnonzero(smooth < (1.0 + bottom) / 2.0)
    if inside.size == 0:  # pragma: no cover (a dip is below the reference)
        return int(np.argmin(smooth)), 1.0, bottom
    first, last = int(inside[0]), int(inside[-1])
    return first, float(last + 1 - first), bottom


def find_clicks(envelope: Envelope, limits: Limits | None = None) -> list[Found]:
    """Noise beside the tone: clicks, and the crack with which most other faults begin.

    Parameters
    ----------
    envelope
        From `measure_envelope`.
    limits
        What to report; the calibrated ones by default.

    Returns
    -------
    list of Found
        In the order of the recording. Those within 20 ms of each other are one, at the loudest.
    """
    limits = limits or calibrated_limits()
    noise = envelope.quiet_noise
    found = []
    for first, end in runs_of(noise >= limits.click, join=_JOIN_HOPS):
        at = first + int(np.argmax(noise[first:end]))
        loudest = float(noise[at])
        found.append(
            Found(
                Kind.CLICK,
                at * HOP_FRAMES,
                float((end - first) * HOP_FRAMES),
                loudest / limits.click,
                level_db=_db(loudest),
            )
        )
    return found


def dip_unrest(envelope: Envelope) -> tuple[float, ...]:
    """The largest loss of level for each of `DIP_HOPS`: what a limit has to exceed."""
    return tuple(float(np.max(envelope.loss(hops), initial=0.0)) for hops in DIP_HOPS)


def click_unrest(envelope: Envelope) -> float:
    """The largest noise beside the tone: what a limit has to exceed."""
    return float(np.max(envelope.quiet_noise, initial=0.0))


def listen(
    envelope: Envelope, time_line: Sequence[Found] = (), limits: Limits | None = None
) -> list[Found]:
    """All that was wrong, each thing once.

    Parameters
    ----------
    envelope
        From `measure_envelope`.
    time_line
        Jumps, from `lab.signals.time_line`.
    limits
        What to report; the calibrated ones by default.

    Returns
    -------
    list of Found
        In the order of the recording. A cut in the time line cracks, and a codec makes a dip of
        it; a gap has two ends. Such echoes within 20 ms are left out.
    """
    found = list(time_line)
    reach = _JOIN_HOPS * HOP_FRAMES
    for weaker in (find_dips(envelope, limits), find_clicks(envelope, limits)):
        told = [(one.first_frame - reach, _end(one) + reach) for one in found]
        found += [
            one
            for one in weaker
            if not any(low <= _end(one) and one.first_frame <= high for low, high in told)
        ]
    return sorted(found, key=lambda one: one.first_frame)


def _end(one: Found) -> int:
    long = one.kind in {Kind.GAP, Kind.DIP, Kind.CLICK}
    return one.first_frame + (round(one.frames) if long else 0)


def _db(share: float) -> float:
    return 20.0 * math.log10(max(share, 1e-6))
