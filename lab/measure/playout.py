"""When packets are heard: a player that begins after a while and may run dry.

The far end of a stream decodes packets as they come. What a listener hears is up to the player
behind it: it waits for a little audio before it begins, so that packets may be late by as much, and
plays silence when one is later than that. The model is the simplest that real players share: a
fixed wait in the beginning and after each underrun, and no other correction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class Playout:
    """What a player made of packets.

    Attributes
    ----------
    played_ns
        Shape (n,): when each packet's first frame was played, on the clock of its arrival.
    underruns
        How often the player had nothing to play.
    silent_frames
        For how long, in all.
    """

    played_ns: NDArray[np.int64]
    underruns: int
    silent_frames: int


def play_out(
    arrived_ns: NDArray[np.int64],
    frames: NDArray[np.int64],
    begins: NDArray[np.bool_],
    *,
    wait_frames: int = 480,
    look_ahead_frames: int = 312,
    sample_rate: float = 48_000.0,
) -> Playout:
    """Play packets as they come.

    Parameters
    ----------
    arrived_ns
        Shape (n,): when each packet was decoded, ascending.
    frames
        Shape (n,): how many each brought.
    begins
        Shape (n,): True where a stretch of audio begins: IO was started, or the connection made.
        The silence before it is no underrun.
    wait_frames
        Of audio, for which the player waits before it begins: the IO period of a player that
        takes a block at a time.
    look_ahead_frames
        By which the codec delays what is in a packet (Opus: 312).
    sample_rate
        Hz.

    Returns
    -------
    Playout

    Raises
    ------
    ValueError
        When the arrays differ in length.
    """
    if not len(arrived_ns) == len(frames) == len(begins):
        raise ValueError("one arrival, one length and one flag per packet")
    wait_ns = round(wait_frames / sample_rate * NS_PER_S)
    played = np.empty(len(arrived_ns), dtype=np.int64)
    underruns, silent_ns, due_ns = 0, 0, 0
    rows = zip(arrived_ns.tolist(), frames.tolist(), begins.tolist(), strict=True)
    for n, (arrived, count, is_first) in enumerate(rows):
        if n == 0 or is_first:
            due_ns = max(due_ns, arrived + wait_ns)
        elif arrived > due_ns:
            underruns += 1
            silent_ns += arrived + wait_ns - due_ns
            due_ns = arrived + wait_ns
        played[n] = due_ns
        due_ns += round(count / sample_rate * NS_PER_S)
    played += round(look_ahead_frames / sample_rate * NS_PER_S)
    return Playout(played, underruns, round(silent_ns * sample_rate / NS_PER_S))
