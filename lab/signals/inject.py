"""Faults of known size at known places, to be found by detectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lab.signals.lossy import Kind, pair_at


@dataclass(frozen=True)
class Injected:
    """One fault that was put in.

    Attributes
    ----------
    kind
        What.
    first_frame
        Where it begins, in frames of the damaged recording.
    frames
        ``drop``, ``repeat``: how many; ``offset``: by how much later the signal comes from there
        on; ``gap``, ``dip``, ``click``: how long.
    level
        ``dip``: what is left, as a share; ``click``: amplitude that is added. Else unused.
    """

    kind: Kind
    first_frame: int
    frames: float
    level: float = 0.0


def source_frames(frames: int, faults: Sequence[Injected]) -> NDArray[np.float64]:
    """Which source frame each frame of the damaged recording is.

    Parameters
    ----------
    frames
        Length of the damaged recording.
    faults
        In the order of their places; those that do not move the time line are passed over.

    Returns
    -------
    ndarray of float64, shape (frames,)
    """
    source = np.arange(frames, dtype=np.float64)
    for fault in faults:
        if fault.kind is Kind.DROP:
            source[fault.first_frame :] += fault.frames
        elif fault.kind in {Kind.REPEAT, Kind.OFFSET}:
            source[fault.first_frame :] -= fault.frames
    return source


def damage_levels(block: NDArray[np.float32], faults: Sequence[Injected]) -> NDArray[np.float32]:
    """Put in the faults that do not move the time line.

    Parameters
    ----------
    block
        Shape (frames, channels).
    faults
        In any order; those that move the time line are passed over.

    Returns
    -------
    ndarray of float32, same shape
        A copy.
    """
    damaged = block.copy()
    for fault in faults:
        part = damaged[fault.first_frame : fault.first_frame + round(fault.frames)]
        if fault.kind is Kind.GAP:
            part[:] = 0.0
        elif fault.kind is Kind.DIP:
            part *= np.float32(fault.level)
        elif fault.kind is Kind.CLICK:
            part += np.float32(fault.level)
    return damaged


def damaged_pair(
    frames: int, faults: Sequence[Injected], *, amplitude: float = 0.5, start_frame: int = 0
) -> NDArray[np.float32]:
    """The glitch pair at 48 kHz with faults in it.

    Parameters
    ----------
    frames
        How many.
    faults
        In the order of their places.
    amplitude
        Peak of the tones.
    start_frame
        Source frame of the first one.

    Returns
    -------
    ndarray of float32, shape (frames, 2)
    """
    source = source_frames(frames, faults) + start_frame
    return damage_levels(pair_at(source, amplitude=amplitude), faults)


def damaged_recording(
    block: NDArray[np.float32], faults: Sequence[Injected]
) -> NDArray[np.float32]:
    """A recording with faults put in after the fact.

    Parameters
    ----------
    block
        Shape (frames, channels).
    faults
        In the order of their places. Time lines move by whole frames.

    Returns
    -------
    ndarray of float32, shape (frames', channels)
        As long as the frames of `block` last.

    Raises
    ------
    ValueError
        When a time line moves by a part of a frame.
    """
    moving = {Kind.DROP, Kind.REPEAT, Kind.OFFSET}
    if any(fault.kind in moving and fault.frames != round(fault.frames) for fault in faults):
        raise ValueError("a recording can only be cut between frames")
    cut = sum(int(fault.frames) for fault in faults if fault.kind is Kind.DROP)
    put = sum(int(fault.frames) for fault in faults if fault.kind in moving - {Kind.DROP})
    source = source_frames(len(block) - cut + put, faults).astype(np.int64)
    return damage_levels(block[source], faults)
