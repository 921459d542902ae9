"""Make tune.flac: eight seconds of plucked strings over a bass, in stereo at 48 kHz.

    python scenarios/audio/make_tune.py

Everything is additive synthesis from the score below, so the tune belongs to nobody and can be made
again. The committed file is what counts: a sine may differ in its last bit from one machine to the
next.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

RATE = 48_000
BEAT_S = 0.25
TUNE = Path(__file__).parent / "tune.flac"

# One row per bar of eight beats: bass note, then the arpeggio, as MIDI numbers; 0 rests.
BARS = (
    (45, (69, 72, 76, 81, 76, 72, 69, 76)),
    (41, (65, 69, 72, 77, 81, 77, 72, 69)),
    (48, (67, 72, 76, 79, 84, 79, 76, 72)),
    (43, (67, 71, 74, 79, 83, 81, 79, 0)),
)


def main() -> None:
    """Write the file."""
    beats = sum(len(notes) for _, notes in BARS)
    mix = np.zeros((round((beats * BEAT_S) * RATE), 2))
    for bar, (bass, notes) in enumerate(BARS):
        begin_s = bar * 8 * BEAT_S
        add(mix, begin_s, 0.5, pluck(bass, 8 * BEAT_S, fall_s=1.2, partials=6))
        for beat, note in enumerate(notes):
            if note:
                side = 0.5 + 0.35 * np.sin(beat * np.pi / 4)
                at = begin_s + beat * BEAT_S
                add(mix, at, side, 0.6 * pluck(note, 1.5, fall_s=0.45, partials=8))
    echo = np.zeros_like(mix)
    delay = round(0.375 * RATE)
    # Left comes back on the right and the other way round.
    echo[delay:] = 0.35 * mix[:-delay, ::-1]
    mix += echo
    fade = np.minimum(1.0, np.arange(len(mix), 0, -1) / (0.4 * RATE))[:, np.newaxis]
    mix *= fade * 0.7 / np.abs(mix).max()
    soundfile.write(TUNE, mix, RATE, subtype="PCM_16", format="FLAC")
    print(f"{TUNE.name}: {len(mix) / RATE:.1f} s, {TUNE.stat().st_size} bytes")


def pluck(note: int, seconds: float, *, fall_s: float, partials: int) -> NDArray[np.float64]:
    """A plucked string: partials that fall the faster the higher they are.

    Parameters
    ----------
    note
        MIDI number, 69 is 440 Hz.
    seconds
        Length.
    fall_s
        Time constant of the lowest partial.
    partials
        How many.

    Returns
    -------
    ndarray of float64, shape (frames,)
    """
    hz = 440.0 * 2.0 ** ((note - 69) / 12)
    t = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros_like(t)
    for k in range(1, partials + 1):
        # A real string is stiff: its partials lie a little above the whole multiples.
        partial = k * hz * np.sqrt(1 + 4e-4 * k * k)
        sound += np.sin(2 * np.pi * partial * t) * np.exp(-t * k / fall_s) / k**1.3
    attack = np.minimum(1.0, t / 0.004)
    release = np.minimum(1.0, (seconds - t) / 0.03)
    return sound * attack * release


def add(mix: NDArray[np.float64], begin_s: float, side: float, sound: NDArray[np.float64]) -> None:
    """Lay a sound into the mix; `side` is 0 for left to 1 for right, at equal power.

    Parameters
    ----------
    mix
        Shape (frames, 2), changed.
    begin_s
        Where; what reaches beyond the end is cut.
    side
        0 to 1.
    sound
        Shape (n,).
    """
    begin = round(begin_s * RATE)
    room = min(len(sound), len(mix) - begin)
    gains = np.array([np.cos(side * np.pi / 2), np.sin(side * np.pi / 2)])
    mix[begin : begin + room] += sound[:room, np.newaxis] * gains


if __name__ == "__main__":
    main()
