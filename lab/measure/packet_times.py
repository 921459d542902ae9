"""From the table of packets that a far end keeps to the times of each stage.

The sender's times come in the packets (v2 only), on its own clock; the far end's are of this
machine. Everything is brought onto this machine's clock, and a listener is put behind it
(`lab.measure.playout`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lab.measure.playout import Playout, play_out
from lab.measure.stages import PacketTimes
from lab.transport.bunghole.recording import PacketFlag
from lab.transport.bunghole.stream import Offset
from lab.transport.bunghole.wire import AudioFlag

_NOT_TIMED = int(
    PacketFlag.V1
    | PacketFlag.CONCEALED
    | PacketFlag.UNDECODABLE
    | PacketFlag.DUPLICATE
    | PacketFlag.REORDERED
)
_BEGINS = int(AudioFlag.DISCONTINUITY | PacketFlag.CONNECTED | PacketFlag.RESTART)


def time_packets(
    packets: NDArray[Any], clock: Offset | None, *, period_frames: int = 480
) -> tuple[PacketTimes, Playout, int]:
    """When each packet that came in v2 passed each point.

    Parameters
    ----------
    packets
        Dtype `lab.transport.bunghole.recording.PACKET`, in the order of their arrival.
    clock
        The sender's; None counts as one and the same clock.
    period_frames
        IO period of the listener, for which it waits before it begins.

    Returns
    -------
    times : PacketTimes
        On this machine's clock; without packets of v1, concealed and undecodable ones, and without
        those that came again or too late.
    playout : Playout
        Of all packets that brought frames.
    uncertainty_ns : int
        How far the sender's times may be off.
    """
    offset_ns = clock.offset_ns if clock is not None else 0
    brought = packets[packets["frames"] > 0]
    begins = (brought["flags"] & _BEGINS) != 0
    playout = play_out(
        brought["decoded_ns"].astype(np.int64),
        brought["frames"].astype(np.int64),
        begins,
        wait_frames=period_frames,
    )
    timed = (brought["flags"] & _NOT_TIMED) == 0
    rows = brought[timed]

    def of_sender(name: str) -> NDArray[np.int64]:
        return np.asarray(rows[name].astype(np.int64) - offset_ns)

    times = PacketTimes(
        captured=of_sender("captured_ns"),
        encoded=of_sender("encoded_ns"),
        sent=of_sender("sent_ns"),
        received=rows["received_ns"].astype(np.int64),
        decoded=rows["decoded_ns"].astype(np.int64),
        played=playout.played_ns[timed],
    )
    return times, playout, clock.uncertainty_ns if clock is not None else 0
