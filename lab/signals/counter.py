"""Self-numbering PCM: every sample says which frame and channel it is.

Interleaved sample k of the stream (``k = frame * channels + channel``) is the code
``c = k mod M`` with ``M = floor(2^24 / channels) * channels``, as the Float32
``(c - 2^23) / 2^23``, which is exact. So the numbers repeat every ``2^24 // channels`` frames:
175 s of stereo at 48 kHz. The definition is that of sim/host/include/halsim/signal.h.

`lab.signals.counter_check` reads it back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CODES = 1 << 24
CENTRE = 1 << 23
CHUNK_SAMPLES = 1 << 17
_SCALE = np.float32(1.0 / CENTRE)
_RAMP = np.arange(CHUNK_SAMPLES, dtype=np.int32)


def number_space(channels: int) -> int:
    """How many frames there are until the numbers repeat.

    Parameters
    ----------
    channels
        1 to 2^24.

    Returns
    -------
    int
        Frames.

    Raises
    ------
    ValueError
        When there can be no such signal.
    """
    if not 1 <= channels <= CODES:
        raise ValueError(f"channels must lie between 1 and {CODES}, not {channels}")
    return CODES // channels


def fill_counter(out: NDArray[np.float32], *, channels: int, start_frame: int) -> None:
    """Write the signal into a flat buffer.

    Parameters
    ----------
    out
        Shape (frames * channels,), overwritten.
    channels
        Samples per frame.
    start_frame
        Number of the first frame; may be negative.
    """
    modulus = number_space(channels) * channels
    code = start_frame * channels % modulus
    done = 0
    while done < len(out):
        run = min(len(out) - done, modulus - code, CHUNK_SAMPLES)
        # Centred before it becomes a float: beyond 2^24 a Float32 has no room for the last bit.
        np.multiply(_RAMP[:run] + np.int32(code - CENTRE), _SCALE, out=out[done : done + run],
                    casting="unsafe", dtype=np.float32)  # fmt: skip
        done += run
        code = (code + run) % modulus


def counter(frames: int, *, channels: int = 2, start_frame: int = 0) -> NDArray[np.float32]:
    """Make self-numbering PCM.

    Parameters
    ----------
    frames
        How many frames.
    channels
        Samples per frame.
    start_frame
        Number of the first frame.

    Returns
    -------
    ndarray of float32, shape (frames, channels)
    """
    out = np.empty(frames * channels, dtype=np.float32)
    fill_counter(out, channels=channels, start_frame=start_frame)
    return out.reshape(frames, channels)


def decode(block: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The frame number and channel that each sample carries.

    Parameters
    ----------
    block
        Shape (frames, channels).

    Returns
    -------
    number, channel : ndarray of int64, shape (frames, channels)
        The frame number modulo `number_space`; both -1 where a sample carries none.
    """
    channels = block.shape[1]
    modulus = number_space(channels) * channels
    # NaN fails every comparison; infinities and what lies out of range are cut off first.
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = block.astype(np.float32, copy=False) * np.float32(CENTRE)
        inside = (scaled >= -CENTRE) & (scaled < CENTRE)
        code = np.where(inside, scaled, 0.0).astype(np.int64)
        whole = inside & (code == scaled)
    code += CENTRE
    valid = whole & (code < modulus)
    number = np.where(valid, code // channels, -1)
    channel = np.where(valid, code % channels, -1)
    return number, channel
