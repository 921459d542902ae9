"""What the detectors behind a lossy codec share: the test signal, records, limits.

Behind Opus no sample is what it was, so exact comparison is out. What remains is a signal whose
shape is known so well that a change of it stands out of the codec's own noise: a tone of constant
level on each channel. How far out it has to stand is measured (`lab.signals.calibrate`), written to
``calibration.json``, and read here: no limit of a detector is a guess.

One tone alone is blind: a jump of 337 frames is 7.0 periods of 997 Hz. The *glitch pair*, 997 Hz
on even channels and 1204 Hz on odd ones, is nearly where it was after 11,362 frames at the soonest.
The second frequency was chosen so that every jump of 1 to 4,910 whole frames turns one of the two
by 3.9 degrees or more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.errors import SignalError
from lab.signals.sine import GLITCH_TONE_HZ

PARTNER_TONE_HZ = 1204.0
GLITCH_PAIR_HZ = (GLITCH_TONE_HZ, PARTNER_TONE_HZ)
PAIR_RANGE_FRAMES = 4_910
"""Largest jump, at 48 kHz, whose size the pair tells without doubt."""

CHUNK_FRAMES = 32_640
"""Frames looked at in one go: a multiple of all hops, small enough for the cache."""

CALIBRATION = Path(__file__).with_name("calibration.json")


class Kind(StrEnum):
    """What was found."""

    DROP = "drop"
    REPEAT = "repeat"
    OFFSET = "offset"
    GAP = "gap"
    DIP = "dip"
    CLICK = "click"


@dataclass(frozen=True)
class Found:
    """One thing that a detector found. Why it happened is for `lab.measure.blame` to say.

    Attributes
    ----------
    kind
        What: frames cut out, frames too many, a time line that moved by less than a frame or not
        by whole ones, a stretch (nearly) without the tone, one with less of it, a short noise.
    first_frame
        Where in the recording it begins.
    frames
        Its size. ``drop``, ``repeat``: how many; ``offset``: by how much the signal comes later
        from there on, with a sign; ``gap``, ``dip``, ``click``: how long.
    confidence
        How far it stands out, as a multiple of the detector's limit: at least 1.
    level_db
        ``gap``, ``dip``: level at its lowest, against that of the recording; ``click``: level of
        the noise. Else 0.
    modulo_frames
        ``drop``, ``repeat``, ``offset``: sizes that differ by this much look the same. Else 0.
    """

    kind: Kind
    first_frame: int
    frames: float
    confidence: float
    level_db: float = 0.0
    modulo_frames: float = 0.0

    @property
    def moved_frames(self) -> float:
        """By how much the signal comes later from there on; negative: earlier."""
        if self.kind is Kind.OFFSET or self.kind is Kind.REPEAT:
            return self.frames
        return -self.frames if self.kind is Kind.DROP else 0.0


@dataclass(frozen=True)
class Limits:
    """How far something must stand out to be reported.

    Attributes
    ----------
    phase_degrees
        Turn of a tone between two windows of `lab.signals.time_line`.
    dip
        Loss of level as a share, for each of `lab.signals.envelope.DIP_HOPS`.
    click
        Noise beside the tone, as a share of the tone's level.
    delay_ratio
        Peak over side lobe of `lab.signals.delay`.
    """

    phase_degrees: float
    dip: tuple[float, ...]
    click: float
    delay_ratio: float

    def times(self, factor: float) -> Limits:
        """Give all limits scaled: a blunt (or nervous) set of detectors."""
        return Limits(
            phase_degrees=self.phase_degrees * factor,
            dip=tuple(limit * factor for limit in self.dip),
            click=self.click * factor,
            delay_ratio=self.delay_ratio * factor,
        )


@cache
def published() -> dict[str, Any]:
    """The published calibration.

    Raises
    ------
    SignalError
        When its file is missing or damaged.
    """
    try:
        content: dict[str, Any] = json.loads(CALIBRATION.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SignalError(
            f"the calibration cannot be read ({error})",
            where=str(CALIBRATION),
            do="run docs/make_calibration.py",
        ) from error
    return content


@cache
def calibrated_limits() -> Limits:
    """The limits that follow from the published calibration."""
    return limits_of(published()["noise"], published()["margin"])


def limits_of(noise: dict[str, Any], margin: float) -> Limits:
    """Limits from the largest that was seen where nothing was wrong.

    Parameters
    ----------
    noise
        The fields of `Limits`, as measured on clean coded audio.
    margin
        Factor between that and the limit.
    """
    return Limits(
        phase_degrees=noise["phase_degrees"] * margin,
        dip=tuple(value * margin for value in noise["dip"]),
        click=noise["click"] * margin,
        delay_ratio=noise["delay_ratio"] * margin,
    )


def glitch_pair(
    frames: int,
    *,
    sample_rate: float = 48_000.0,
    amplitude: float = 0.5,
    channels: int = 2,
    start_frame: int = 0,
    tones_hz: tuple[float, ...] = GLITCH_PAIR_HZ,
) -> NDArray[np.float32]:
    """Make the test signal: one tone per channel, in turn.

    Parameters
    ----------
    frames
        How many frames.
    sample_rate
        Hz.
    amplitude
        Peak, 1.0 is full scale.
    channels
        How many channels.
    start_frame
        Number of the first frame; two calls that adjoin make one unbroken signal.
    tones_hz
        Channel c plays ``tones_hz[c % len(tones_hz)]``.

    Returns
    -------
    ndarray of float32, shape (frames, channels)
    """
    number = np.arange(start_frame, start_frame + frames, dtype=np.float64)
    return pair_at(
        number, sample_rate=sample_rate, amplitude=amplitude, channels=channels, tones_hz=tones_hz
    )


def pair_at(
    frame: NDArray[np.float64],
    *,
    sample_rate: float = 48_000.0,
    amplitude: float = 0.5,
    channels: int = 2,
    tones_hz: tuple[float, ...] = GLITCH_PAIR_HZ,
) -> NDArray[np.float32]:
    """The test signal at any frame numbers, fractions included.

    Parameters
    ----------
    frame
        Shape (n,).
    sample_rate, amplitude, channels, tones_hz
        As for `glitch_pair`.

    Returns
    -------
    ndarray of float32, shape (n, channels)
    """
    waves = np.empty((len(frame), len(tones_hz)), dtype=np.float32)
    for number, hz in enumerate(tones_hz):
        turns = np.mod(frame * (hz / sample_rate), 1.0)
        waves[:, number] = amplitude * np.sin(2.0 * np.pi * turns)
    return waves[:, [c % len(tones_hz) for c in range(channels)]]


def tones_of(channels: int, tones_hz: tuple[float, ...]) -> NDArray[np.float64]:
    """Which tone each channel plays, Hz, shape (channels,)."""
    return np.array([tones_hz[c % len(tones_hz)] for c in range(channels)], dtype=np.float64)


def checked(
    block: NDArray[np.float32], *, sample_rate: float, tones_hz: tuple[float, ...], least: int
) -> NDArray[np.float32]:
    """Look at what a detector was given.

    Parameters
    ----------
    block
        Shape (frames, channels).
    sample_rate, tones_hz
        Hz.
    least
        Frames without which there is nothing to say.

    Returns
    -------
    ndarray of float32
        The same, contiguous.

    Raises
    ------
    SignalError
        When it cannot be judged.
    """
    if block.ndim != 2 or block.shape[1] == 0:
        raise SignalError(f"a recording has the shape (frames, channels), not {block.shape}")
    if not tones_hz or not all(0.0 < hz < sample_rate / 2.0 for hz in tones_hz):
        raise SignalError(f"tones must lie between 0 and {sample_rate / 2.0:g} Hz: {tones_hz}")
    if len(block) < least:
        raise SignalError(
            f"{len(block)} frames are too few to judge, {least} are needed", do="record for longer"
        )
    return np.ascontiguousarray(block, dtype=np.float32)


def chunks(block: NDArray[np.float32]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Cut a recording into chunks that stay in the cache.

    Yields
    ------
    tuple
        First frame, and a view of at most `CHUNK_FRAMES` frames.

    Raises
    ------
    SignalError
        When a sample is not a number.
    """
    for begin in range(0, len(block), CHUNK_FRAMES):
        chunk = block[begin : begin + CHUNK_FRAMES]
        # A sum is finite only if all its terms are.
        if not np.isfinite(np.sum(chunk, dtype=np.float64)):
            bad = np.flatnonzero(~np.isfinite(chunk).all(axis=1))
            if bad.size:
                raise SignalError("a sample is not a number", where=f"frame {begin + int(bad[0])}")
        yield begin, chunk


def runs_of(flags: NDArray[np.bool_], *, join: int = 1) -> Iterator[tuple[int, int]]:
    """First and last-plus-one of each run of true elements.

    Parameters
    ----------
    flags
        Shape (n,).
    join
        Runs with fewer false elements than this between them are one.
    """
    at = np.flatnonzero(flags)
    if at.size == 0:
        return
    cut = np.flatnonzero(np.diff(at) > join)
    first = at[np.concatenate(([0], cut + 1))]
    last = at[np.concatenate((cut, [at.size - 1]))]
    yield from zip(first.tolist(), (last + 1).tolist(), strict=True)
